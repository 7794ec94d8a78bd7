// A gate that has the issuer asked about tokens that only it can judge: whom it lets pass by the answer, how
// long the answer is believed, and who is refused all the same.
#include "core/api/gate_introspection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "core/api/gate_judge.hpp"
#include "core/api/token_asker.hpp"
#include "core/base/digest.hpp"

namespace curfew::api {
namespace {

using namespace std::chrono_literals;
using model::GateEntry;
using model::IntrospectedToken;
using model::Ref;
using model::Refusal;
using model::SessionDigest;
using model::Standing;
using model::TokenState;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

constexpr Time day{Duration{1'700'000'000'000'000}};
const std::string key(32, 'k');
constexpr Ref alice{17};

SessionDigest digest(const std::string& id) { return {base::keyed_digest(key, id)}; }

class OpaqueTokensAtTheGate : public testing::Test {
 protected:
  OpaqueTokensAtTheGate() {
    settings.name = "orders-gate";
    settings.source = "staff";
    settings.clock = [this] { return GateTime{now, true}; };
    settings.tokens.person = [](const std::string& name_space, const std::string& value) {
      return name_space == "oidc_subject" && value == "i#alice" ? alice : Ref{};
    };
    GateEntry entry;
    entry.source = "staff";
    entry.session = digest("s1");
    entry.last_person_at = now;
    view.apply({&entry, 1});
  }
  GateJudge& judge() {
    if (!judge_) {
      judge_ = std::make_unique<GateJudge>(settings, view);
      judge_->set_rules(rules, key);
      judge_->loaded(now);
      view.set_loaded();
    }
    return *judge_;
  }
  GateAnswer check(const std::string& token) {
    const std::string value = "Bearer " + token;
    const std::vector<HeaderView> headers{{"Authorization", value}, {"X-Original-URI", "/page"}};
    return judge().answer({.method = "GET", .target = "/check", .peer = "127.0.0.1", .headers = headers});
  }
  // As the server does: what the gate wants to know is asked for, and then it answers.
  GateAnswer check_asking(const std::string& token, const IntrospectedToken& said) {
    GateAnswer answer = check(token);
    if (!answer.introspect) return answer;
    ++asked;
    EXPECT_EQ(answer.introspect->token, token);
    EXPECT_FALSE(answer.decision);
    judge().introspected(answer.introspect->digest, said, now);
    return check(token);
  }
  [[nodiscard]] IntrospectedToken active(const std::string& session = "s1") const {
    IntrospectedToken said;
    said.state = TokenState::Active;
    if (!session.empty()) said.session = digest(session);
    said.person = {"oidc_subject", "i#alice"};
    said.issued_at = now - 60s;
    said.expires_at = now + 600s;
    return said;
  }
  [[nodiscard]] static IntrospectedToken said(TokenState state) {
    IntrospectedToken token;
    token.state = state;
    return token;
  }
  void refuse(const std::string& id) {
    GateEntry entry;
    entry.source = "staff";
    entry.session = digest(id);
    entry.standing = Standing::Refused;
    entry.refusal = Refusal::Administrator;
    view.apply({&entry, 1});
  }
  void deny(Time until) {
    const model::TokenDenial denial{.source = "staff",
                                    .person = alice,
                                    .order = 1,
                                    .issued_until = until,
                                    .refusal = Refusal::Administrator};
    view.apply({&denial, 1});
  }
  std::vector<enforcement::GateActivity> taken() {
    std::vector<enforcement::GateActivity> activities;
    (void)view.take_activity(now, Duration{0}, activities);
    return activities;
  }

  enforcement::GateView view{{"staff"}};
  GateSettings settings;
  std::string rules = R"({"credentials":[{"in":"bearer","token":true}],"introspection":{"keep_seconds":10}})";
  Time now = day;
  int asked = 0;

 private:
  std::unique_ptr<GateJudge> judge_;
};

TEST_F(OpaqueTokensAtTheGate, AnActiveTokenOfALiveSessionPassesAndIsItsActivity) {
  EXPECT_EQ(check_asking("t1", active()).decision, GateDecision::Pass);
  const auto activities = taken();
  ASSERT_EQ(activities.size(), 1U) << "asking is no activity, passing is";
  EXPECT_EQ(activities[0].session, digest("s1"));
  EXPECT_FALSE(activities[0].refused);
}

TEST_F(OpaqueTokensAtTheGate, AnAnswerIsBelievedForItsTimeAndNeverBeyondTheTokensExpiry) {
  EXPECT_EQ(check_asking("t1", active()).status, 200);
  now += 9s;
  EXPECT_EQ(check_asking("t1", active()).status, 200);
  EXPECT_EQ(asked, 1);
  now += 1s;
  IntrospectedToken last = active();
  last.expires_at = now + 2s - 30s;  // the clock skew is added
  EXPECT_EQ(check_asking("t1", last).status, 200);
  EXPECT_EQ(asked, 2);
  now += 2s;
  EXPECT_EQ(check_asking("t1", said(TokenState::Inactive)).decision, GateDecision::RefusedToken);
  EXPECT_EQ(asked, 3);
  IntrospectedToken over = active();
  over.expires_at = now - 31s;
  now += 5s;
  EXPECT_EQ(check_asking("t1", over).decision, GateDecision::RefusedToken) << "called active, and expired";
}

TEST_F(OpaqueTokensAtTheGate, WhatIsInactiveOrForOthersIsRefusedAndKeptForLess) {
  for (const TokenState state : {TokenState::Inactive, TokenState::NotForUs}) {
    const std::string token = "bad " + std::to_string(static_cast<int>(state));
    const GateAnswer answer = check_asking(token, said(state));
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.decision, GateDecision::RefusedToken);
    EXPECT_THAT(answer.headers, Contains(Pair("WWW-Authenticate", "Bearer error=\"invalid_token\"")));
    EXPECT_FALSE(check(token).introspect);
  }
  EXPECT_TRUE(taken().empty()) << "nobody acted";
  now += 5s;
  EXPECT_TRUE(check("bad 2").introspect);
}

TEST_F(OpaqueTokensAtTheGate, WhileTheIssuerCantBeAskedTheGateFailsAsItIsToldTo) {
  EXPECT_EQ(check_asking("t1", said(TokenState::Unknown)).decision, GateDecision::FailedClosed);
  EXPECT_FALSE(check("t1").introspect) << "not asked at each request";
  now += 1s;
  EXPECT_EQ(check_asking("t1", active()).status, 200);
}

TEST_F(OpaqueTokensAtTheGate, AnOpenGateLetsPassWhileTheIssuerCantBeAsked) {
  settings.fail = FailMode::Open;
  EXPECT_EQ(check_asking("t1", said(TokenState::Unknown)).decision, GateDecision::FailedOpen);
  EXPECT_EQ(check_asking("t2", said(TokenState::Inactive)).decision, GateDecision::RefusedToken);
}

TEST_F(OpaqueTokensAtTheGate, ASignedOutSessionsTokenIsRefusedThoughItsAnswerIsKept) {
  EXPECT_EQ(check_asking("t1", active()).status, 200);
  refuse("s1");
  const GateAnswer answer = check("t1");
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.decision, GateDecision::Refuse);
  EXPECT_THAT(answer.headers, Contains(Pair("X-Curfew-Reason", "administrator")));
  EXPECT_FALSE(answer.revoke) << "nobody said that it should be";
}

TEST_F(OpaqueTokensAtTheGate, APersonsSignOutRefusesTheTokensFromBefore) {
  settings.unknown = UnknownSessions::Ask;
  EXPECT_EQ(check_asking("old", active("")).decision, GateDecision::UnknownPassed);
  deny(now);
  EXPECT_EQ(check("old").decision, GateDecision::Refuse);
  IntrospectedToken next = active("");
  next.issued_at = now + 31s;
  now += 31s;
  EXPECT_EQ(check_asking("new", next).decision, GateDecision::UnknownPassed);
  IntrospectedToken unsaid = active("");
  unsaid.issued_at = {};
  EXPECT_EQ(check_asking("undated", unsaid).decision, GateDecision::Refuse)
      << "nobody can say that it is from afterwards";
}

TEST_F(OpaqueTokensAtTheGate, ATokenThatIsOlderThanTheMemoryOfSignOutsIsRefused) {
  rules = R"({"credentials":[{"in":"bearer","token":true}],"introspection":{"longest_life_seconds":3600}})";
  IntrospectedToken old = active();
  old.issued_at = now - 3601s;
  EXPECT_EQ(check_asking("t1", old).decision, GateDecision::RefusedToken);
  ASSERT_TRUE(judge().token_life());
  EXPECT_GE(*judge().token_life(), Duration(3600s));
}

TEST_F(OpaqueTokensAtTheGate, WhatTheIssuerCallsActiveNeedsNoOtherQuestion) {
  settings.unknown = UnknownSessions::Ask;
  EXPECT_EQ(check_asking("t1", active("never seen")).decision, GateDecision::UnknownPassed);
  settings.unknown = UnknownSessions::Deny;
}

TEST_F(OpaqueTokensAtTheGate, AGateThatDeniesStrangersDeniesActiveTokensOfUnknownSessions) {
  settings.unknown = UnknownSessions::Deny;
  EXPECT_EQ(check_asking("t1", active("never seen")).decision, GateDecision::UnknownRefused);
  EXPECT_EQ(check_asking("t2", active("")).decision, GateDecision::UnknownRefused);
  EXPECT_EQ(check_asking("t3", active("s1")).decision, GateDecision::Pass);
}

TEST_F(OpaqueTokensAtTheGate, AnActiveTokenOfASignedOutSessionIsToBeRevokedOnceInAWhile) {
  rules = R"({"credentials":[{"in":"bearer","token":true}],"introspection":{"revoke":true}})";
  EXPECT_FALSE(check_asking("t1", active()).revoke) << "it may pass";
  refuse("s1");
  const GateAnswer answer = check("t1");
  ASSERT_TRUE(answer.revoke);
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.revoke->token, "t1");
  EXPECT_EQ(answer.revoked_session, digest("s1"));
  judge().revoked(answer.revoke->digest, now);
  const std::string bearer = "Bearer t1";
  const std::vector<HeaderView> headers{{"Authorization", bearer}};
  EXPECT_THAT(judge()
                  .answer({.method = "GET", .target = "/refused", .peer = "127.0.0.1", .headers = headers})
                  .headers,
              Contains(Pair("X-Curfew-Reason", "administrator")));
  now += 2s;
  // Whether it worked, the issuer says when it is asked next.
  EXPECT_TRUE(check("t1").introspect);
  EXPECT_FALSE(check_asking("t1", active()).revoke) << "it was asked a moment ago";
  now += 60s;
  EXPECT_TRUE(check_asking("t1", active()).revoke);
}

TEST_F(OpaqueTokensAtTheGate, AWarningAndALinkToTheProvidersOwnSignOutAreForSignedOutPeople) {
  rules = R"({"credentials":[{"in":"bearer","token":true}],"introspection":{},)"
          R"("provider_sign_out":"https://op.corp.test/end?client_id=crm&a=b"})";
  EXPECT_EQ(check_asking("t1", active()).status, 200);
  refuse("s1");
  const GateAnswer refused = check("t1");
  EXPECT_THAT(refused.headers,
              Contains(Pair("X-Curfew-Sign-Out", "https://op.corp.test/end?client_id=crm&a=b")));
  EXPECT_THAT(refused.body, HasSubstr("href=\"https://op.corp.test/end?client_id=crm&amp;a=b\""));
  const GateAnswer page = judge().answer(
      {.method = "GET", .target = "/signed-out?reason=administrator", .peer = "127.0.0.1", .headers = {}});
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, HasSubstr("https://op.corp.test/end"));
  const GateAnswer stranger = judge().answer(
      {.method = "GET", .target = "/signed-out?reason=unknown", .peer = "127.0.0.1", .headers = {}});
  EXPECT_THAT(stranger.body, Not(HasSubstr("https://op.corp.test/end")));
}

// What a stranger makes up pushes nothing out that was good.
TEST(GateIntrospection, RefusalsDisplaceNoActiveToken) {
  GateIntrospection tokens({}, key);
  IntrospectedToken good;
  good.state = TokenState::Active;
  tokens.learnt(tokens.read("good", day).digest, good, day);
  IntrospectedToken bad;
  bad.state = TokenState::Inactive;
  for (std::size_t i = 0; i < GateIntrospection::most_refused + 1'000; ++i)
    tokens.learnt(tokens.read("bad " + std::to_string(i), day).digest, bad, day);
  EXPECT_EQ(tokens.read("good", day).verdict, OpaqueVerdict::Active);
  EXPECT_EQ(tokens.read("bad 17383", day).verdict, OpaqueVerdict::Refused);
}

TEST(TokenAsker, OneQuestionAnswersAllWhoWaitAndNoTokenIsHeldAfterwards) {
  std::promise<void> release;
  const auto held = release.get_future().share();
  std::atomic<int> asked{0};
  TokenAsker asker(
      [&](const TokenQuestion& question, Duration) {
        ++asked;
        EXPECT_EQ(question.token, "t1");
        held.wait();
      },
      60s, {}, 1);
  const TokenQuestion question{.digest = digest("t1"), .token = "t1"};
  std::atomic<int> told{0};
  std::promise<void> all;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(asker.ask(question, [&] {
      if (++told == 3) all.set_value();
    }));
  }
  EXPECT_EQ(asker.waiting(), 1U);
  release.set_value();
  all.get_future().wait();
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(asker.waiting(), 0U);
}

TEST(TokenAsker, TooManyQuestionsAreRefusedAndLeaveNothing) {
  std::promise<void> release;
  const auto held = release.get_future().share();
  TokenAsker asker([&](const TokenQuestion&, Duration) { held.wait(); }, 60s, {}, 1, 1);
  ASSERT_TRUE(asker.ask({.digest = digest("a"), .token = "a"}, [] {}));
  EXPECT_FALSE(asker.ask({.digest = digest("b"), .token = "b"}, [] {}));
  EXPECT_EQ(asker.waiting(), 1U);
  release.set_value();
}

}  // namespace
}  // namespace curfew::api
