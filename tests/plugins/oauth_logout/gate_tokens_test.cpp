// What the gate is told of a provider's access tokens: how they are judged, and its keys whenever they
// change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/oauth/gate/gate_tokens.hpp"
#include "tests/support/openid_issuer.hpp"

namespace curfew::oauth {
namespace {

using nlohmann::json;
using plugin::Time;
using std::chrono::minutes;
using std::chrono::seconds;
using support::OpenIdIssuer;
using support::SigningKey;
using testing::HasSubstr;

class GateIsTold : public testing::Test {
 protected:
  static std::optional<GateTokenSettings> read(const json& given) {
    return gate_tokens_of(web::Setting(json{{"gate_tokens", given}}, ""));
  }
  static std::string fault(const json& given) {
    try {
      (void)read(given);
      return "taken";
    } catch (const plugin::Failure& failure) {
      return failure.what();
    }
  }
  GateTokens& tokens() {
    if (!tokens_) {
      GateTokenSettings settings = *read({{"audiences", {"orders"}}, {"cookies", {"access"}}});
      settings.keys.issuer = issuer.url();
      tokens_.emplace(
          settings, web::HttpServer{.url = issuer.url(), .tls = {}},
          PersonNaming{.claim = "sub", .name_space = "oidc_subject", .prefix = issuer.url() + "#"},
          [this] { return now; });
    }
    return *tokens_;
  }
  std::optional<std::string> told(bool wanted = false) {
    const auto wall = std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now());
    return tokens().keys_if_new(wanted, wall + seconds(30));
  }
  // Key ids of a set.
  static std::vector<std::string> ids(const std::optional<std::string>& jwks) {
    std::vector<std::string> all;
    if (!jwks) return all;
    const json set = json::parse(*jwks);
    for (const json& key : set["keys"]) all.push_back(key["kid"]);
    return all;
  }

  OpenIdIssuer issuer;
  Time now{seconds(1'795'000'000)};

 private:
  std::optional<GateTokens> tokens_;
};

TEST_F(GateIsTold, HowTokensAreJudged) {
  EXPECT_EQ(
      json::parse(tokens().rules()),
      (json{{"credentials",
             {{{"in", "bearer"}, {"token", true}}, {{"in", "cookie"}, {"name", "access"}, {"token", true}}}},
            {"clear_cookies", {"access"}},
            {"tokens",
             {{"issuer", issuer.url()},
              {"audiences", {"orders"}},
              {"algorithms", {"RS256", "PS256", "ES256", "ES384", "ES512"}},
              {"session_claims", {"sid"}},
              {"subject_claim", "sub"},
              {"subject_namespace", "oidc_subject"},
              {"subject_prefix", issuer.url() + "#"},
              {"clock_skew_seconds", 30},
              {"longest_life_seconds", 3600}}}}));
}

TEST_F(GateIsTold, TheKeysOnceAndAgainWhenTheyChanged) {
  issuer.use({SigningKey::curve("k1")});
  EXPECT_THAT(ids(told()), testing::ElementsAre("k1"));
  EXPECT_FALSE(told());
  now += minutes(10);
  EXPECT_FALSE(told()) << "asked again, and the same";
  EXPECT_EQ(issuer.asked(), 2);
  issuer.use({SigningKey::curve("k1"), SigningKey::curve("k2")});
  now += minutes(9);
  EXPECT_FALSE(told()) << "not yet its time";
  now += minutes(1);
  EXPECT_THAT(ids(told()), testing::ElementsAre("k1", "k2"));
}

TEST_F(GateIsTold, NewerKeysWhenItWantsThemButNotWithoutEnd) {
  issuer.use({SigningKey::curve("k1")});
  EXPECT_TRUE(told());
  issuer.use({SigningKey::curve("k2")});
  now += seconds(4);
  EXPECT_FALSE(told(true)) << "it was asked a moment ago";
  EXPECT_EQ(issuer.asked(), 1);
  now += seconds(4);
  EXPECT_FALSE(told());
  now += seconds(1);
  EXPECT_THAT(ids(told()), testing::ElementsAre("k2")) << "it is not forgotten that they are wanted";
  EXPECT_EQ(issuer.asked(), 2);
}

TEST_F(GateIsTold, NothingWhileTheIssuerCantBeAsked) {
  issuer.use({SigningKey::curve("k1")});
  issuer.be_down(true);
  EXPECT_THROW((void)told(), plugin::Failure);
  issuer.be_down(false);
  EXPECT_FALSE(told()) << "not at once";
  now += seconds(5);
  EXPECT_TRUE(told());
  issuer.be_down(true);
  now += minutes(10);
  EXPECT_FALSE(told()) << "the last ones stay";
}

TEST_F(GateIsTold, SettingsThatAreNoneAreNamed) {
  EXPECT_FALSE(gate_tokens_of(web::Setting(json::object(), "")));
  EXPECT_THAT(fault(json::object()), HasSubstr("gate_tokens.audiences is missing"));
  EXPECT_THAT(fault({{"audiences", {"a"}}, {"algorithms", {"none"}}}),
              HasSubstr("gate_tokens.algorithms: 'none' is none"));
  EXPECT_THAT(fault({{"audiences", {"a"}}, {"longest_life", "25h"}}), HasSubstr("gate_tokens.longest_life"));
  EXPECT_THAT(fault({{"audiences", {"a"}}, {"clock_skew", "6m"}}), HasSubstr("gate_tokens.clock_skew"));
  EXPECT_THAT(fault({{"audiences", {"a"}}, {"keys", "x"}}), HasSubstr("keys"));
  EXPECT_EQ(fault({{"audiences", {"a"}}, {"types", {"at+jwt"}}, {"session_claim", "session_state"}}),
            "taken");
}

}  // namespace
}  // namespace curfew::oauth
