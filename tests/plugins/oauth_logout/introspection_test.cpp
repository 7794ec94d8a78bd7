// A provider that is asked about tokens and to revoke them (RFC 7662, RFC 7009): what its answers mean, and
// what becomes of the wrong ones.
#include "plugins/oauth/gate/introspection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "plugins/oauth/gate/gate_tokens.hpp"
#include "plugins/oauth/gate/session_names.hpp"
#include "plugins/oauth/settings.hpp"
#include "tests/support/fake_api.hpp"

namespace curfew::oauth {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using plugin::Code;
using plugin::Failure;
using plugin::TokenState;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string secret_token = "tok/en+of=alice";

class FakeProvider : public support::FakeApi {
 public:
  FakeProvider() { begin(); }
  ~FakeProvider() override { end(); }
  json said{{"active", false}};
  std::string authorization, body;  // of the last call

 protected:
  Answer right_answer(const Request& request) override {
    if (request.path == "/.well-known/openid-configuration")
      return ok({{"issuer", origin()},
                 {"token_endpoint", origin() + "/token"},
                 {"introspection_endpoint", origin() + "/introspect"},
                 {"revocation_endpoint", origin() + "/revoke"},
                 {"end_session_endpoint", origin() + "/end"}});
    authorization = request.header("authorization");
    body = request.body;
    if (request.path == "/introspect") return ok(said);
    if (request.path == "/revoke") return {.status = 200};
    return complain("no such path");
  }
};

class Introspection : public testing::Test {
 protected:
  static IntrospectionSettings settings(const json& given) {
    return *introspection_of(web::Setting(json{{"introspection", given}}, ""));
  }
  Introspector& introspector() {
    if (!introspector_) {
      IntrospectionSettings all =
          settings({{"client_id", "curfew"}, {"client_secret", "the secret"}, {"clients", {"crm"}}});
      all.terms.issuer = fake.origin();
      all.terms.subject_claim = "sub";
      introspector_.emplace(all, web::HttpServer{.url = fake.origin(), .tls = {}}, fake.origin());
    }
    return *introspector_;
  }
  static plugin::Time soon(plugin::Duration in = 20s) {
    return std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now()) + in;
  }
  [[nodiscard]] json active() const {
    return {{"active", true},     {"iss", fake.origin()},   {"token_type", "Bearer"},
            {"client_id", "crm"}, {"sub", "alice"},         {"sid", "s1"},
            {"jti", "t1"},        {"iat", 1'795'000'000LL}, {"exp", 1'795'000'600LL}};
  }
  // What went wrong; nothing of the token, the secret or the answer may be in it.
  std::string failure(Code wanted) {
    try {
      (void)introspector().ask(secret_token, soon());
    } catch (const Failure& failed) {
      EXPECT_EQ(failed.code(), wanted) << failed.what();
      EXPECT_THAT(failed.what(), AllOf(Not(HasSubstr("alice")), Not(HasSubstr("the secret"))));
      return failed.what();
    }
    return "none";
  }

  FakeProvider fake;

 private:
  std::optional<Introspector> introspector_;
};

TEST_F(Introspection, AnActiveTokenIsReadWithAllThatTheProviderSays) {
  fake.set([&] { fake.said = active(); });
  const Introspected said = introspector().ask(secret_token, soon());
  EXPECT_EQ(said.state, TokenState::Active);
  EXPECT_EQ(said.session, "s1");
  EXPECT_EQ(said.id, "t1");
  EXPECT_EQ(said.subject, "alice");
  EXPECT_EQ(said.issued_at, plugin::Time{1'795'000'000s});
  EXPECT_EQ(said.expires_at, plugin::Time{1'795'000'600s});
  EXPECT_EQ(fake.body, "token=tok%2Fen%2Bof%3Dalice&token_type_hint=access_token");
  EXPECT_EQ(fake.authorization, "Basic Y3VyZmV3OnRoZSUyMHNlY3JldA==");
  EXPECT_THAT(fake.complaints(), IsEmpty());
}

TEST_F(Introspection, WhatIsNoBearerTokenForTheApplicationIsNotForUs) {
  const std::vector<json> changes{{{"iss", "https://other"}}, {{"token_type", "DPoP"}},
                                  {{"token_type", nullptr}},  {{"typ", "Refresh"}},
                                  {{"token_use", "refresh"}}, {{"client_id", "shop"}},
                                  {{"client_id", nullptr}},   {{"cnf", {{"jkt", "x"}}}}};
  for (const json& change : changes) {
    fake.set([&] {
      fake.said = active();
      fake.said.update(change);
    });
    const Introspected said = introspector().ask(secret_token, soon());
    EXPECT_EQ(said.state, TokenState::NotForUs) << change;
    EXPECT_THAT(said.subject, IsEmpty());
  }
  fake.set([&] { fake.said = {{"active", false}, {"sub", "alice"}}; });
  EXPECT_EQ(introspector().ask(secret_token, soon()).state, TokenState::Inactive);
}

TEST(IntrospectionAnswer, AnAudienceMustBeThereWhereOneIsWanted) {
  const IntrospectionTerms terms{.issuer = "i", .audiences = {"orders"}, .clients = {}, .untyped = true};
  EXPECT_EQ(read_introspection(R"({"active":true,"aud":"orders"})", terms).state, TokenState::Active);
  EXPECT_EQ(read_introspection(R"({"active":true,"aud":["crm","orders"]})", terms).state, TokenState::Active);
  EXPECT_EQ(read_introspection(R"({"active":true,"aud":["crm"]})", terms).state, TokenState::NotForUs);
  EXPECT_EQ(read_introspection(R"({"active":true})", terms).state, TokenState::NotForUs);
}

TEST_F(Introspection, AnAnswerThatIsNoneIsNoAnswer) {
  const auto answered = [&](const std::string& body) {
    fake.next_answer({.status = 200, .body = body, .only_for = "/introspect"});
    return failure(Code::Unavailable);
  };
  EXPECT_THAT(answered(R"({"active":"true"})"), HasSubstr("no active that is true or false"));
  EXPECT_THAT(answered("{}"), HasSubstr("no active"));
  EXPECT_THAT(answered("[true]"), HasSubstr("no JSON object"));
  EXPECT_THAT(answered(R"({"active":tr)"), HasSubstr("no whole JSON"));
  EXPECT_THAT(answered(R"({"active":true,"token_type":"Bearer","client_id":"crm","sub":7})"),
              HasSubstr("sub that is no text"));
  EXPECT_THAT(answered(R"({"active":true,"token_type":"Bearer","client_id":"crm","iat":"alice"})"),
              HasSubstr("iat that is no time"));
  EXPECT_THAT(answered(R"({"active":true,"x":")" + std::string(70'000, 'a') + R"("})"),
              HasSubstr("longer than 65536 bytes"));
  fake.set([&] { fake.said = active(); });
  fake.next_answer({.cut_after = 20, .only_for = "/introspect"});
  EXPECT_NE(failure(Code::Unavailable), "none");
  EXPECT_EQ(introspector().ask(secret_token, soon()).state, TokenState::Active) << "asked again, it answers";
}

TEST_F(Introspection, AClientThatIsRefusedIsNotShownAgainAtOnce) {
  fake.next_answer({.status = 401, .body = R"({"error":"invalid_client"})", .only_for = "/introspect"});
  EXPECT_THAT(failure(Code::Refused), HasSubstr("refuses the client 'curfew' (401)"));
  const std::size_t asked = fake.asked("/introspect");
  EXPECT_THAT(failure(Code::Refused), HasSubstr("refuses the client 'curfew' (401)"));
  EXPECT_EQ(fake.asked("/introspect"), asked);
}

TEST_F(Introspection, WhoAsksToWaitIsNotAskedMeanwhile) {
  fake.next_answer({.status = 429, .headers = "Retry-After: 600\r\n", .only_for = "/introspect"});
  EXPECT_THAT(failure(Code::Unavailable), HasSubstr("it answered 429"));
  const std::size_t asked = fake.asked("/introspect");
  EXPECT_THAT(failure(Code::Unavailable), HasSubstr("throttled"));
  EXPECT_EQ(fake.asked("/introspect"), asked);
}

TEST_F(Introspection, ARevocationIsNoMoreThanAccepted) {
  const plugin::Answer taken = introspector().revoke(secret_token, soon());
  EXPECT_EQ(taken.code, Code::Ok);
  EXPECT_THAT(taken.text, HasSubstr("proves nothing"));
  EXPECT_EQ(fake.body, "token=tok%2Fen%2Bof%3Dalice&token_type_hint=access_token");
  fake.next_answer({.status = 400, .body = R"({"error":"unsupported_token_type"})", .only_for = "/revoke"});
  EXPECT_EQ(introspector().revoke(secret_token, soon()).code, Code::Unsupported);
  fake.next_answer({.status = 400, .body = R"({"error":"invalid_request"})", .only_for = "/revoke"});
  EXPECT_EQ(introspector().revoke(secret_token, soon()).code, Code::Refused);
  fake.next_answer({.status = 503, .headers = "Retry-After: 600\r\n", .only_for = "/revoke"});
  EXPECT_EQ(introspector().revoke(secret_token, soon()).code, Code::Unavailable);
  EXPECT_THROW((void)introspector().revoke(secret_token, soon()), Failure) << "it asked to wait";
}

TEST(IntrospectionSettings, AreCheckedAndBecomeTheGatesRules) {
  const auto read = [](const json& given) {
    return introspection_of(web::Setting(json{{"introspection", given}}, ""));
  };
  EXPECT_FALSE(introspection_of(web::Setting(json::object(), "")));
  EXPECT_THROW((void)read({{"keep", "6m"}}), Failure);
  EXPECT_THROW((void)read({{"keep_for", "1s"}}), Failure);
  EXPECT_THROW((void)read({{"client_id", "curfew"}}), Failure) << "without its secret";
  const auto given = read({{"keep", "3s"}, {"cookies", {"access"}}, {"revoke", true}});
  const json rules = json::parse(gate_rules(nullptr, &*given, "https://op/end?client_id=crm"));
  EXPECT_EQ(rules["introspection"]["keep_seconds"], 3);
  EXPECT_EQ(rules["introspection"]["revoke"], true);
  EXPECT_EQ(rules["credentials"].size(), 2U);
  EXPECT_EQ(rules["provider_sign_out"], "https://op/end?client_id=crm");
  EXPECT_FALSE(rules.contains("tokens"));
}

TEST(ProviderSignOut, TheLinkNamesTheApplicationAndNobody) {
  const auto read = [](const json& given) {
    return provider_sign_out_of(web::Setting(json{{"rp_initiated_logout", given}}, ""));
  };
  const auto wanted = read({{"client_id", "c r/m"}, {"post_logout_redirect_uri", "https://crm/?a=b"}});
  ASSERT_TRUE(wanted);
  EXPECT_EQ(link_of(*wanted, "https://op/end#x"),
            "https://op/end?client_id=c%20r%2Fm&post_logout_redirect_uri=https%3A%2F%2Fcrm%2F%3Fa%3Db");
  EXPECT_EQ(link_of({.endpoint = {}, .client = "crm", .back = {}}, "https://op/end?p=1"),
            "https://op/end?p=1&client_id=crm");
  EXPECT_THROW((void)read({{"client_id", "crm"}, {"post_logout_redirect_uri", "javascript:alert(1)"}}),
               Failure);
  EXPECT_THROW((void)read({{"client_id", "crm"}, {"endpoint", "https://op/\r\nX: y"}}), Failure);
}

class SessionNamesTest : public testing::Test {
 protected:
  static plugin::SessionDigest digest(std::uint32_t number) {
    plugin::SessionDigest out{};
    for (int i = 0; i < 4; ++i) out.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
    return out;
  }
  [[nodiscard]] std::vector<Memory> all_news() {
    std::vector<Memory> all;
    for (std::vector<Memory> some = names_.take_news(now_); !some.empty(); some = names_.take_news(now_))
      std::move(some.begin(), some.end(), std::back_inserter(all));
    return all;
  }
  SessionNames names_;
  plugin::Time now_{plugin::Duration{1'790'000'000'000'000}};
};

TEST_F(SessionNamesTest, AreKnownLongerThanTheProviderListsThemAndAreBounded) {
  EXPECT_TRUE(names_.know(digest(1), digest(2), now_));
  EXPECT_FALSE(names_.know(digest(1), digest(2), now_));
  ASSERT_TRUE(names_.find(digest(1), now_));
  EXPECT_TRUE(*names_.find(digest(1), now_) == digest(2));
  EXPECT_FALSE(names_.find(digest(3), now_));
  EXPECT_EQ(all_news().size(), 1U);
  for (std::uint32_t i = 10; i < 10 + SessionNames::most + 10; ++i)
    (void)names_.know(digest(i), digest(i), now_);
  EXPECT_FALSE(names_.find(digest(1), now_)) << "not asked for all the while";
  EXPECT_TRUE(names_.find(digest(10 + SessionNames::most), now_));
  // The host keeps no more than are known here.
  std::set<std::string> kept{std::string(SessionNames::prefix) + plugin::to_hex(digest(1).bytes)};
  for (const Memory& one : all_news()) {
    if (one.value.empty())
      kept.erase(one.key);
    else
      kept.insert(one.key);
  }
  EXPECT_LE(kept.size(), SessionNames::most);
  EXPECT_FALSE(kept.contains(std::string(SessionNames::prefix) + plugin::to_hex(digest(1).bytes)));
}

TEST_F(SessionNamesTest, ThatWereKeptAreKnownAfterARestart) {
  (void)names_.know(digest(1), digest(2), now_);
  const std::vector<Memory> kept = all_news();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].until, now_ + SessionNames::kept_for);
  SessionNames next;
  EXPECT_TRUE(next.recall(kept[0].key, kept[0].value));
  ASSERT_TRUE(next.find(digest(1), now_));
  EXPECT_TRUE(*next.find(digest(1), now_) == digest(2));
  // What is no name of a session stays with whoever knows it, and what is damaged names none.
  EXPECT_FALSE(next.recall("gone/00", "1 2"));
  const std::string key = std::string(SessionNames::prefix) + plugin::to_hex(digest(3).bytes);
  for (const std::string& damaged :
       {std::string(), std::string("00"), std::string(32, 'x'), std::string(34, '0')})
    EXPECT_TRUE(next.recall(key, damaged));
  EXPECT_FALSE(next.find(digest(3), now_));
}

TEST_F(SessionNamesTest, AreKeptAnewOnlySoOftenWhileTheyAreAskedFor) {
  (void)names_.know(digest(1), digest(2), now_);
  EXPECT_EQ(all_news().size(), 1U);
  now_ += SessionNames::news_every - 1s;
  (void)names_.find(digest(1), now_);
  (void)names_.know(digest(1), digest(2), now_);
  EXPECT_THAT(all_news(), IsEmpty());
  now_ += 1s;
  (void)names_.find(digest(1), now_);
  const std::vector<Memory> again = all_news();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].until, now_ + SessionNames::kept_for);
  // The first question after a restart counts from then on.
  SessionNames next;
  (void)next.recall(again[0].key, again[0].value);
  EXPECT_THAT(next.take_news(now_), IsEmpty());
  (void)next.find(digest(1), now_);
  EXPECT_EQ(next.take_news(now_).size(), 1U);
}

}  // namespace
}  // namespace curfew::oauth
