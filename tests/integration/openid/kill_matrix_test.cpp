// What ends what at a real OpenID provider, as an application and a browser see it: the reason for which a
// sign-out takes session, grants and logouts together. Curfew has no part in this; its sign-outs are compared
// with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "plugins/oauth/tokens/issuer_keys.hpp"
#include "tests/integration/openid/provider_server.hpp"

namespace curfew::openid_test {
namespace {

struct Row {
  const char* name;
  const char* scope;
  void (*kill)(const ProviderServer& provider, Browser& browser, const Tokens& tokens);
  bool active;  // as introspection says
  int refresh;
  int user_info;
  const char* come_back;  // prompt=none
  std::size_t told;       // logouts that the relying party took
};

void by_the_person(const ProviderServer& /*provider*/, Browser& browser, const Tokens& tokens) {
  browser.sign_out(tokens);
}
void session_only(const ProviderServer& provider, Browser& /*browser*/, const Tokens& /*tokens*/) {
  EXPECT_EQ(provider.admin("DELETE", "/sessions/" + provider.session_of("alice") + "?grants=keep").status,
            204);
}
void grants_only(const ProviderServer& provider, Browser& /*browser*/, const Tokens& /*tokens*/) {
  EXPECT_EQ(provider.admin("DELETE", "/people/alice/grants").status, 204);
}
void all_of_it(const ProviderServer& provider, Browser& /*browser*/, const Tokens& /*tokens*/) {
  EXPECT_EQ(provider.admin("DELETE", "/sessions/" + provider.session_of("alice")).status, 204);
}

const Row rows[] = {
    {"ThePersonSignsOut", "openid", by_the_person, false, 400, 401, "login_required", 1},
    {"ThePersonSignsOutWithOfflineAccess", "openid offline_access", by_the_person, true, 200, 200,
     "login_required", 1},
    {"SessionAloneWithOfflineAccess", "openid offline_access", session_only, true, 200, 200, "login_required",
     0},
    {"GrantsAlone", "openid", grants_only, false, 400, 401, "consent_required", 0},
    {"GrantsAloneWithOfflineAccess", "openid offline_access", grants_only, false, 400, 401,
     "consent_required", 0},
    {"AllOfIt", "openid", all_of_it, false, 400, 401, "login_required", 1},
    {"AllOfItWithOfflineAccess", "openid offline_access", all_of_it, false, 400, 401, "login_required", 1},
};

class KillMatrix : public testing::TestWithParam<Row> {
 protected:
  void SetUp() override {
    if (!ProviderServer::why_not().empty()) GTEST_SKIP() << ProviderServer::why_not();
  }
};

TEST_P(KillMatrix, IsWhatTheApplicationAndTheBrowserSee) {
  const Row& row = GetParam();
  const RelyingParty crm("crm");
  const ProviderServer provider({&crm});
  Browser browser(provider, "alice");
  const Tokens tokens = browser.sign_in(crm, row.scope);
  ASSERT_EQ(tokens.status, 200) << tokens.error << provider.log();
  ASSERT_TRUE(provider.is_active(crm, tokens));
  ASSERT_EQ(provider.user_info(tokens), 200);
  ASSERT_EQ(browser.come_back(crm), "");
  row.kill(provider, browser, tokens);
  EXPECT_EQ(provider.is_active(crm, tokens), row.active);
  EXPECT_EQ(provider.user_info(tokens), row.user_info);
  const Tokens next = provider.refresh(crm, tokens);
  EXPECT_EQ(next.status, row.refresh);
  if (row.refresh != 200) {
    EXPECT_EQ(next.error, "invalid_grant");
  }
  EXPECT_EQ(browser.come_back(crm), row.come_back);
  EXPECT_TRUE(support::eventually([&] { return crm.logouts().size() == row.told; })) << crm.logouts().size();
}

INSTANTIATE_TEST_SUITE_P(Provider, KillMatrix, testing::ValuesIn(rows),
                         [](const testing::TestParamInfo<Row>& row) { return std::string(row.param.name); });

// Nobody who looks at the token alone sees that anything ended.
TEST(Provider, AJwtOutlivesEveryKill) {
  if (!ProviderServer::why_not().empty()) GTEST_SKIP() << ProviderServer::why_not();
  const RelyingParty crm("crm");
  const ProviderServer provider({&crm});
  Browser browser(provider, "alice");
  const Tokens tokens = browser.sign_in(crm, "openid offline_access", "urn:api");
  ASSERT_EQ(tokens.status, 200) << tokens.error;
  all_of_it(provider, browser, tokens);
  EXPECT_EQ(provider.refresh(crm, tokens).status, 400);
  const auto now = [] {
    return std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now());
  };
  oauth::IssuerKeys keys({.url = provider.url(), .tls = {}}, {.issuer = provider.url(), .jwks_uri = {}}, now);
  const oauth::SignedToken seen = keys.verified(tokens.access, now() + std::chrono::seconds(5));
  EXPECT_EQ(seen.type(), "at+jwt");
  EXPECT_EQ(seen.claims()["sub"], "alice");
  const plugin::Time expiry{std::chrono::seconds(seen.claims()["exp"].get<std::int64_t>())};
  EXPECT_GT(expiry, now() + std::chrono::minutes(5));
}

}  // namespace
}  // namespace curfew::openid_test
