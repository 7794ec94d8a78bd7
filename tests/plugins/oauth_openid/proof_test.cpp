// What is proved of a session by an operator's API, and how it is ended: alive as long as anything of it is
// accepted anywhere; whatever is no whole answer proves nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/plugins/oauth_openid/administered.hpp"

namespace curfew::oauth_test {
namespace {

using nlohmann::json;
using plugin::Code;
using plugin::Failure;
using plugin::Liveness;
using plugin::Step;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::chrono_literals;

class ByItsApi : public testing::Test {
 protected:
  void TearDown() override { EXPECT_THAT(api_.complaints(), IsEmpty()); }
  FakeOperator api_;
};

TEST_F(ByItsApi, ASessionLivesAsLongAsAnythingOfIt) {
  const Administered one(api_);
  api_.sign_in("s-1", "alice", {.offline = true});
  EXPECT_THAT(one.proof("s-1", "alice").text, HasSubstr("lists the session"));
  EXPECT_EQ(one.act(Step::CancelSession, "s-1", "alice").code, Code::Ok);
  EXPECT_EQ(one.liveness("s-1", "alice"), Liveness::Alive);
  EXPECT_THAT(one.proof("s-1", "alice").text, HasSubstr("a grant"));
  EXPECT_EQ(one.act(Step::SignOutSession, "s-1", "alice").code, Code::Ok);
  EXPECT_EQ(one.liveness("s-1", "alice"), Liveness::Dead);
  EXPECT_EQ(one.act(Step::SignOutSession, "s-1", "alice").code, Code::NotFound);
  EXPECT_EQ(one.act(Step::RevokeTokens, "s-1", "alice").code, Code::Unsupported);
}

TEST_F(ByItsApi, AGrantThatNamesNoSessionMayBeOfAny) {
  const Administered one(api_);
  api_.sign_in("s-1", "alice");
  api_.end("s-1");
  EXPECT_EQ(one.liveness("s-1", "alice"), Liveness::Dead);
  api_.set([](FakeOperator& it) { it.grants.push_back({{"session", nullptr}, {"person", "alice"}}); });
  EXPECT_EQ(one.liveness("s-1", "alice"), Liveness::Alive);
}

TEST_F(ByItsApi, WhatIsOnALaterPageCounts) {
  const Administered one(api_);
  for (int i = 0; i < 10; ++i) api_.sign_in("s-" + std::to_string(i), "alice");
  EXPECT_EQ(one.liveness("s-9", "alice"), Liveness::Alive);
  EXPECT_EQ(one.liveness("s-10", "alice"), Liveness::Dead);
  api_.next_answer({.body = R"({"rows":[],"next":"5"})", .only_for = "/people"}, 2);
  EXPECT_THAT(one.why_unknown("s-9", "alice"), HasSubstr("does not end"));
}

TEST_F(ByItsApi, TokensThatNobodyAsksAboutLiveOn) {
  const Administered one(api_, {{"access_token_lifespan", "1s"}});
  api_.sign_in("s-1", "alice");
  EXPECT_EQ(one.liveness("s-1", "alice"), Liveness::Alive);
  EXPECT_EQ(one.act(Step::SignOutSession, "s-1", "alice").code, Code::Ok);
  const auto since = std::chrono::steady_clock::now();
  EXPECT_THAT(one.proof("s-1", "alice").text, HasSubstr("access tokens from before"));
  while (one.liveness("s-1", "alice") == Liveness::Alive)
    std::this_thread::sleep_for(20ms);  // between two looks
  EXPECT_GE(std::chrono::steady_clock::now() - since, 1s);
}

TEST_F(ByItsApi, ALogoutThatWasNotTakenKeepsItAliveAndIsSentAgain) {
  const Administered one(api_);
  api_.sign_in("s-1", "alice", {.offline = true});
  api_.take_logouts(false);
  EXPECT_THAT(one.act(Step::SignOutSession, "s-1", "alice").text,
              HasSubstr("the logout was not taken by crm"));
  EXPECT_EQ(one.proof("s-1", "alice").text, "the logout was not taken by crm; it is sent again");
  EXPECT_EQ(one.liveness("s-1", "alice"), Liveness::Alive);
  EXPECT_EQ(api_.asked("POST /api/sessions/s-1/logouts"), 2U);
  api_.take_logouts(true);
  const plugin::Proof taken = one.proof("s-1", "alice");
  EXPECT_EQ(taken.liveness, Liveness::Dead);
  EXPECT_THAT(taken.text, HasSubstr("it is sent again, and was taken"));
}

TEST_F(ByItsApi, OnlyWhatCurfewEndedIsSentAgainByIt) {
  const Administered one(api_);
  api_.sign_in("s-1", "alice");
  api_.take_logouts(false);
  api_.end("s-1");
  EXPECT_EQ(one.proof("s-1", "alice").text, "the logout was not taken by crm");
  EXPECT_EQ(api_.asked("POST /api/sessions"), 0U);
}

TEST_F(ByItsApi, WhatWasOrderedIsKnownAfterARestart) {
  oauth::Batch last;
  {
    const Administered one(api_);
    api_.sign_in("s-1", "alice");
    api_.take_logouts(false);
    EXPECT_EQ(one.act(Step::SignOutSession, "s-1", "alice").code, Code::Ok);
    last = one.read();
    EXPECT_THAT(one.read().memories, IsEmpty()) << "kept once";
  }
  ASSERT_EQ(last.memories.size(), 1U);
  EXPECT_THAT(last.memories[0].key, Not(HasSubstr("s-1")));
  EXPECT_GT(last.memories[0].until, wall_clock() + 24h);
  const Administered again(api_, json::object(), last.cursor);
  again->recall(last.memories[0].key, last.memories[0].value);
  EXPECT_EQ(again.proof("s-1", "alice").text, "the logout was not taken by crm; it is sent again");
}

TEST_F(ByItsApi, WhatAKilledProcessHadOrderedAProbeTells) {
  {
    const Administered killed(api_);
    api_.sign_in("s-1", "alice");
    api_.take_logouts(false);
    EXPECT_EQ(killed.act(Step::SignOutSession, "s-1", "alice").code, Code::Ok);
  }
  const Administered again(api_);
  EXPECT_EQ(again.proof("s-1", "alice").text, "the logout was not taken by crm") << "a gate asks";
  EXPECT_EQ(again.proof("s-1", "alice", wall_clock() - 5s).text,
            "the logout was not taken by crm; it is sent again");
  EXPECT_EQ(again.read().memories.size(), 1U);
}

// Between its order and its reading a process was killed: it may have been Curfew that ended it.
TEST_F(ByItsApi, ALogoutFromBeforeTheFirstReadingAfterAStartIsNoStatedEnd) {
  const json tells_all = {{"grants", nullptr}};
  const std::string cursor = Administered(api_, tells_all).read().cursor;
  const Administered again(api_, tells_all, cursor);
  oauth::Sighting logout;
  logout.at = wall_clock();
  logout.session = "s-1";
  again->complete(logout);
  EXPECT_TRUE(logout.end_inferred);
  oauth::Sighting later = logout;
  later.end_inferred = false;
  later.at = wall_clock() + 1min;
  again->complete(later);
  EXPECT_FALSE(later.end_inferred);
}

TEST_F(ByItsApi, APersonIsSignedOutByNameAndNobodyElse) {
  const Administered one(api_);
  api_.sign_in("s-1", "alice", {.offline = true});
  api_.sign_in("s-2", "alice");
  api_.sign_in("s-3", "bob");
  EXPECT_EQ(one.act(Step::SignOutSubject, "", "alice").code, Code::Ok);
  EXPECT_EQ(one.liveness("s-1", "alice"), Liveness::Dead);
  EXPECT_EQ(one.liveness("s-2", "alice"), Liveness::Dead);
  EXPECT_EQ(one.liveness("s-3", "bob"), Liveness::Alive);
  EXPECT_EQ(one.act(Step::SignOutSession, "", "alice").code, Code::NotFound) << "its handle was erased";
  plugin::Action other;
  other.step = Step::SignOutSubject;
  other.identifiers = {{"oidc_subject", "https://other.test#bob"}, {"user", "bob"}};
  EXPECT_EQ(one->act(other).code, Code::NotFound);
  EXPECT_EQ(one.liveness("s-3", "bob"), Liveness::Alive);
}

TEST_F(ByItsApi, ANameThatCantStandInACallIsNotAskedAbout) {
  const Administered one(api_);
  for (const char* name : {"..", ".", "a\nb"}) {
    EXPECT_EQ(one.act(Step::SignOutSession, name, "alice").code, Code::Failed) << name;
    EXPECT_THAT(one.why_unknown("s-1", name), HasSubstr("can't stand in a call")) << name;
  }
  EXPECT_EQ(api_.asked("/api"), 0U);
  api_.sign_in("a/b?c", "x/../y");
  EXPECT_EQ(one.liveness("a/b?c", "x/../y"), Liveness::Alive);
  EXPECT_EQ(one.act(Step::SignOutSession, "a/b?c", "x/../y").code, Code::Ok);
  EXPECT_EQ(one.liveness("a/b?c", "x/../y"), Liveness::Dead);
}

TEST_F(ByItsApi, AnAnswerThatIsNotWholeProvesNothing) {
  const Administered one(api_);
  const std::vector<std::pair<FakeOperator::Answer, const char*>> answers{
      {{.body = R"({"rows":[)"}, "no whole JSON"},
      {{.body = R"({"rows":[]})", .is_cut = true}, ""},
      {{.body = "{}"}, "no array"},
      {{.body = R"({"rows":[{"person":"alice","session":7.5,"id":{}}]})"}, "1 to 255"},
      {{.body = R"({"rows":[{"person":"bob","session":"s","id":"s"}]})"}, "rows of other people"},
      {{.body = std::string(17U << 20U, ' ')}, ""},
      {{.status = 404, .body = "<html>no such page</html>"}, "404"},
      {{.status = 403, .body = "{}"}, "may not do it"},
      {{.status = 302, .body = "{}"}, "answered 302"},
  };
  for (const char* path : {"/sessions", "/grants", "/logouts"}) {
    for (const auto& [wrong, said] : answers) {
      FakeOperator::Answer given = wrong;
      given.only_for = path;
      // What may pass is asked again within the call's time.
      api_.next_answer(given, wrong.is_cut || wrong.body.size() > 1000 ? 4 : 1);
      const std::string why = one.why_unknown("s-1", "alice");
      EXPECT_THAT(why, Not(testing::AnyOf("dead", "alive"))) << path << " " << wrong.body.substr(0, 100);
      EXPECT_THAT(why, HasSubstr(said)) << path;
    }
    while (one.why_unknown("s-1", "alice") != "dead") {
    }
  }
}

TEST_F(ByItsApi, ATokenThatWasRevokedIsFetchedAnewOnce) {
  const Administered one(api_);
  EXPECT_EQ(one.liveness("s-1", "alice"), Liveness::Dead);
  api_.revoke_tokens();
  EXPECT_EQ(one.liveness("s-1", "alice"), Liveness::Dead);
  EXPECT_EQ(api_.asked("POST /token"), 2U);
  EXPECT_EQ(api_.asked("openid-configuration"), 1U);
  api_.next_answer({.status = 401, .body = "{}", .only_for = "/people"}, 2);
  EXPECT_THAT(one.why_unknown("s-1", "alice"), HasSubstr("refuses the access token of client_id"));
}

TEST_F(ByItsApi, AnExpiredSecretIsSaidAndNotShown) {
  api_.set([](FakeOperator& it) { it.secret = "another"; });
  const Administered one(api_);
  const std::string why = one.why_unknown("s-1", "alice");
  EXPECT_THAT(why, HasSubstr("refuses the client 'curfew' (401, invalid_client)"));
  EXPECT_THAT(why, Not(HasSubstr("right\"")));
  EXPECT_EQ(one.act(Step::SignOutSession, "s-1", "alice").code, Code::Refused);
  EXPECT_EQ(api_.asked("POST /token"), 1U) << "a lockout helps nobody";
}

TEST_F(ByItsApi, WhenItIsThrottledNothingIsAskedUntilItMay) {
  const Administered one(api_);
  api_.sign_in("s-1", "alice");
  EXPECT_EQ(one.liveness("s-1", "alice"), Liveness::Alive);
  api_.next_answer({.status = 429, .body = "{}", .headers = {{"Retry-After", "1"}}, .only_for = "/people"});
  const auto since = std::chrono::steady_clock::now();
  EXPECT_EQ(one.liveness("s-1", "alice"), Liveness::Alive);
  EXPECT_GE(std::chrono::steady_clock::now() - since, 1s);
  EXPECT_THAT(one->coverage(), HasSubstr("\"throttled\":1"));
}

TEST_F(ByItsApi, AKeyInAHeaderOfItsOwnNeedsNoToken) {
  json settings = settings_for(api_, {{"key", "a-long-key"}, {"header", "X-Api-Key"}});
  settings.erase("client_id");
  settings.erase("client_secret");
  const Administered one(settings);
  api_.sign_in("s-1", "alice");
  EXPECT_EQ(one.liveness("s-1", "alice"), Liveness::Alive);
  EXPECT_EQ(api_.asked("/token"), 0U);
  api_.next_answer({.status = 401, .body = "{}", .only_for = "/people"});
  const std::string why = one.why_unknown("s-1", "alice");
  EXPECT_THAT(why, HasSubstr("administration.key"));
  EXPECT_THAT(why, Not(HasSubstr("a-long-key")));
}

TEST_F(ByItsApi, ADiscoveryDocumentOfSomebodyElseIsNotBelieved) {
  api_.set([](FakeOperator& it) { it.metadata["issuer"] = "https://other.test"; });
  EXPECT_THAT(Administered(api_).why_unknown("s-1", "alice"), HasSubstr("of another issuer"));
  api_.set([](FakeOperator& it) {
    it.metadata["issuer"] = it.url();
    it.metadata["token_endpoint"] = "http://other.test/token";
  });
  EXPECT_THAT(Administered(api_).why_unknown("s-1", "alice"), HasSubstr("another server without TLS"));
  EXPECT_EQ(api_.asked("POST /token"), 0U);
}

TEST_F(ByItsApi, AHandleThatWasErasedCantBeProved) {
  const Administered one(api_);
  for (const char* handle : {"", "x", "[\"s\"]", "[1,2]", "[\"\",\"alice\"]"}) {
    EXPECT_THROW((void)one->prove(
                     {.identifiers = {}, .session = {}, .handle = handle, .deadline = Administered::soon()}),
                 Failure)
        << handle;
  }
}

}  // namespace
}  // namespace curfew::oauth_test
