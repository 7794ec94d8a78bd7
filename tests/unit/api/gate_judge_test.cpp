#include "core/api/gate_judge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/api/gate_pages.hpp"
#include "core/base/error.hpp"
#include "core/report/markup.hpp"

namespace curfew::api {
namespace {

using model::GateEntry;
using model::Liveness;
using model::Refusal;
using model::SessionDigest;
using model::Standing;
using std::chrono::seconds;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

constexpr Time day{Duration{1'700'000'000'000'000}};
const std::string key(32, 'k');

SessionDigest digest(const std::string& id) { return {base::keyed_digest(key, id)}; }

class Judge : public testing::Test {
 protected:
  GateJudge& judge() {
    if (!judge_) {
      settings.name = "crm-gate";
      settings.source = "crm";
      settings.clock = [this] { return GateTime{now, true}; };
      judge_ = std::make_unique<GateJudge>(settings, view);
      if (loaded) {
        judge_->set_rules(R"({"credentials":[{"in":"cookie","name":"sid"}],"clear_cookies":["sid","old"]})",
                          key);
        judge_->loaded(now);
        view.set_loaded();
      }
    }
    return *judge_;
  }
  void live(const std::string& id, Duration idle = {}, Duration warning = {}) {
    GateEntry entry;
    entry.source = "crm";
    entry.session = digest(id);
    entry.last_person_at = now;
    entry.idle_limit = idle;
    entry.idle_warning = warning;
    view.apply({&entry, 1});
  }
  void refused(const std::string& id, Refusal why) {
    GateEntry entry;
    entry.source = "crm";
    entry.session = digest(id);
    entry.standing = Standing::Refused;
    entry.refusal = why;
    view.apply({&entry, 1});
  }
  GateAnswer ask(const std::string& target, std::vector<HeaderView> headers,
                 std::string_view method = "GET") {
    return judge().answer({.method = method, .target = target, .peer = peer, .headers = headers});
  }
  GateAnswer check(const std::string& cookie, const std::string& uri = "/page") {
    return ask("/check", {{"Cookie", cookie}, {"X-Original-URI", uri}, {"X-Original-Method", "GET"}});
  }
  std::vector<enforcement::GateActivity> taken() {
    std::vector<enforcement::GateActivity> activities;
    (void)view.take_activity(now + seconds(1), Duration{0}, activities);
    return activities;
  }

  enforcement::GateView view{{"crm"}};
  GateSettings settings;
  Time now = day;
  bool loaded = true;
  std::string peer = "127.0.0.1";

 private:
  std::unique_ptr<GateJudge> judge_;
};

TEST_F(Judge, ALiveSessionPassesAndItsRequestIsActivityOfAPerson) {
  live("a");
  const GateAnswer answer = check("x=1; sid=a");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.decision, GateDecision::Pass);
  const auto activities = taken();
  ASSERT_EQ(activities.size(), 1U);
  EXPECT_EQ(activities[0].session, digest("a"));
  EXPECT_EQ(activities[0].activity_class, model::ActivityClass::Person);
}

TEST_F(Judge, ARefusedSessionGetsAReasonClearedCookiesAndNothingToKeep) {
  refused("a", Refusal::IdleTimeout);
  const GateAnswer answer = check("sid=a");
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.decision, GateDecision::Refuse);
  EXPECT_THAT(answer.headers, Contains(Pair("X-Curfew-Reason", "idle_timeout")));
  EXPECT_THAT(answer.headers, Contains(Pair("Set-Cookie", "sid=; Path=/; Max-Age=0")));
  EXPECT_THAT(answer.headers, Contains(Pair("Set-Cookie", "old=; Path=/; Max-Age=0")));
  EXPECT_THAT(answer.headers, Contains(Pair("Clear-Site-Data", "\"cache\", \"storage\"")));
  EXPECT_THAT(answer.headers, Contains(Pair("Cache-Control", "no-store")));
  EXPECT_THAT(answer.body, HasSubstr("had not been active"));
}

// A cap may hold its sign-out back, and then it passes again: with its cookie.
TEST_F(Judge, ADeadlineRefusesAndClearsNothingBeforeItIsDecidedAbout) {
  live("a", seconds(60), seconds(20));
  now += seconds(61);
  const GateAnswer undecided = check("sid=a");
  EXPECT_EQ(undecided.status, 401);
  EXPECT_THAT(undecided.headers, Not(Contains(Pair("Set-Cookie", testing::_))));
  EXPECT_THAT(undecided.headers, Contains(Pair("Clear-Site-Data", "\"cache\"")));
  refused("b", Refusal::Policy);
  EXPECT_THAT(check("sid=a; sid=b").headers, Contains(Pair("Set-Cookie", testing::_)))
      << "what was decided counts";
  live("a");
  EXPECT_EQ(check("sid=a").status, 200);
  refused("a", Refusal::SessionTimeout);
  EXPECT_THAT(check("sid=a").headers, Contains(Pair("Set-Cookie", testing::_)));
}

TEST_F(Judge, ACookieIsClearedWhereItWasSet) {
  settings.cookie_path = "/app";
  settings.cookie_domain = "corp.test";
  refused("a", Refusal::Policy);
  EXPECT_THAT(check("sid=a").headers,
              Contains(Pair("Set-Cookie", "sid=; Path=/app; Max-Age=0; Domain=corp.test")));
}

TEST_F(Judge, AWarningIsInAHeader) {
  live("a", seconds(60), seconds(20));
  settings.machine_paths = {"/poll/*"};
  settings.warning_header = "X-Left";
  now += seconds(45);
  const GateAnswer answer = check("sid=a", "/poll/1");
  EXPECT_EQ(answer.decision, GateDecision::Warn);
  EXPECT_THAT(answer.headers, Contains(Pair("X-Left", "15")));
}

TEST_F(Judge, MachinesAreToldByPathHeaderAndPrefetch) {
  settings.machine_paths = {"/poll"};
  settings.machine_headers = {"X-Requested-With: background", "X-Poll"};
  live("a");
  (void)check("sid=a", "/poll?since=5");
  (void)ask("/check", {{"cookie", "sid=a"}, {"x-original-uri", "/p"}, {"x-requested-with", "background"}});
  (void)ask("/check", {{"cookie", "sid=a"}, {"x-original-uri", "/p"}, {"x-poll", "1"}});
  (void)ask("/check", {{"cookie", "sid=a"}, {"x-original-uri", "/p"}, {"Sec-Purpose", "prefetch;prerender"}});
  const auto activities = taken();
  ASSERT_EQ(activities.size(), 1U);
  EXPECT_EQ(activities[0].activity_class, model::ActivityClass::Machine);
  EXPECT_EQ(activities[0].count, 4U);
}

TEST_F(Judge, APublicPathPassesWhateverTheSessionIsAndIsNoActivity) {
  settings.public_paths = {"/login", "/static/*"};
  refused("a", Refusal::Administrator);
  live("b");
  EXPECT_EQ(check("sid=a", "/login?next=/").decision, GateDecision::Public);
  EXPECT_EQ(check("sid=b", "/static/a.css").decision, GateDecision::Public);
  EXPECT_THAT(taken(), IsEmpty());
}

TEST_F(Judge, APathThatCouldBeReadInTwoWaysIsNotPublic) {
  settings.public_paths = {"/static/*"};
  refused("a", Refusal::Policy);
  EXPECT_EQ(check("sid=a", "/static/../admin").status, 401);
  EXPECT_EQ(check("sid=a", "/static/%2e%2e/admin").status, 401);
  EXPECT_EQ(
      ask("/check", {{"cookie", "sid=a"}, {"x-original-uri", "/static/a"}, {"x-original-uri", "/b"}}).status,
      401);
}

TEST_F(Judge, OnlyAProxyIsBelievedAboutThePath) {
  settings.public_paths = {"/login"};
  refused("a", Refusal::Policy);
  peer = "192.0.2.1";
  EXPECT_EQ(check("sid=a", "/login").status, 401);
}

TEST_F(Judge, OfSeveralCredentialsTheStrictestDecisionCounts) {
  live("good");
  refused("bad", Refusal::TooManySessions);
  EXPECT_EQ(check("sid=good; sid=bad").status, 401);
  EXPECT_EQ(check("sid=bad; sid=good").status, 401);
  EXPECT_EQ(check("sid=good; SID=bad").status, 401);
  EXPECT_EQ(check("sid=good; sid=b%61d").status, 401);
  // The good one did not act.
  for (const auto& activity : taken()) EXPECT_TRUE(activity.refused);
}

TEST_F(Judge, MoreCredentialsThanABrowserSendsAreRefused) {
  std::string many;
  for (int i = 0; i < 40; ++i) many += "sid=" + std::to_string(i) + "; ";
  const GateAnswer answer = check(many);
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.decision, GateDecision::Malformed);
}

TEST_F(Judge, UnknownSessionsPassIfTheyAreAllowedTo) {
  EXPECT_EQ(check("sid=who").decision, GateDecision::UnknownPassed);
  EXPECT_EQ(check("other=1").decision, GateDecision::Anonymous);
  EXPECT_THAT(taken(), IsEmpty());
}

TEST_F(Judge, UnknownSessionsAreDeniedAfterTheTimeOfLearning) {
  settings.unknown = UnknownSessions::Deny;
  settings.learn_for = seconds(60);
  live("a");
  EXPECT_EQ(check("sid=who").decision, GateDecision::UnknownPassed);
  now += seconds(61);
  EXPECT_EQ(check("sid=who").decision, GateDecision::UnknownRefused);
  EXPECT_EQ(check("sid=a; sid=who").status, 401) << "which of them the application takes isn't known";
  EXPECT_EQ(check("sid=a").status, 200);
  EXPECT_EQ(check("").decision, GateDecision::UnknownRefused);
  EXPECT_EQ(ask("/check", {{"x-original-uri", "/a"}, {"x-original-method", "OPTIONS"}}).status, 200);
}

TEST_F(Judge, AskedSourcesAreBelievedForAWhile) {
  settings.unknown = UnknownSessions::Ask;
  EXPECT_EQ(check("sid=who").ask, digest("who"));
  judge().learnt(digest("who"), Liveness::Alive, now);
  EXPECT_EQ(check("sid=who").decision, GateDecision::UnknownPassed);
  now += seconds(61);
  EXPECT_TRUE(check("sid=who").ask);
  judge().learnt(digest("who"), Liveness::Dead, now);
  EXPECT_EQ(check("sid=who").decision, GateDecision::UnknownRefused);
}

TEST_F(Judge, ASourceThatDoesNotAnswerIsMetAsTheGateFails) {
  settings.unknown = UnknownSessions::Ask;
  judge().learnt(digest("who"), Liveness::Unknown, now);
  EXPECT_EQ(check("sid=who").status, 401);
}

TEST_F(Judge, ASourceThatDoesNotAnswerLetsPassIfTheGateFailsOpen) {
  settings.unknown = UnknownSessions::Ask;
  settings.fail = FailMode::Open;
  judge().learnt(digest("who"), Liveness::Unknown, now);
  EXPECT_EQ(check("sid=who").decision, GateDecision::FailedOpen);
}

TEST_F(Judge, BeforeItsViewIsLoadedItFailsClosed) {
  loaded = false;
  settings.public_paths = {"/login"};
  const GateAnswer answer = check("sid=a");
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.decision, GateDecision::FailedClosed);
  EXPECT_EQ(check("sid=a", "/login").status, 200);
  EXPECT_EQ(ask("/healthz", {}).status, 503);
  EXPECT_THAT(ask("/status", {{"cookie", "sid=a"}}).body, HasSubstr("\"starting\""));
}

TEST_F(Judge, BeforeItsViewIsLoadedItFailsOpenIfItIsToldTo) {
  loaded = false;
  settings.fail = FailMode::Open;
  EXPECT_EQ(check("sid=a").decision, GateDecision::FailedOpen);
}

TEST_F(Judge, TheStatusCountsDownWithoutBeingActivity) {
  live("a", seconds(60), seconds(20));
  const auto status = [&] { return ask("/status", {{"cookie", "sid=a"}}).body; };
  EXPECT_EQ(status(), "{\"state\":\"live\",\"seconds_left\":null,\"reason\":null}\n");
  now += seconds(50);
  EXPECT_EQ(status(), "{\"state\":\"live\",\"seconds_left\":10,\"reason\":null}\n");
  now += seconds(10);
  EXPECT_EQ(status(), "{\"state\":\"refused\",\"seconds_left\":null,\"reason\":\"idle_timeout\"}\n");
  EXPECT_EQ(ask("/status", {{"cookie", "sid=b"}}).body,
            "{\"state\":\"unknown\",\"seconds_left\":null,\"reason\":null}\n");
  EXPECT_EQ(ask("/status", {}).body, "{\"state\":\"anonymous\",\"seconds_left\":null,\"reason\":null}\n");
  EXPECT_THAT(taken(), IsEmpty());
}

TEST_F(Judge, StayingIsActivityAndNeedsAHeaderThatOtherSitesCannotSend) {
  live("a", seconds(60), seconds(20));
  now += seconds(50);
  EXPECT_EQ(ask("/stay", {{"cookie", "sid=a"}}, "POST").status, 403);
  EXPECT_EQ(ask("/stay", {{"cookie", "sid=a"}, {"X-Curfew", "stay"}}).status, 403);
  EXPECT_THAT(taken(), IsEmpty());
  EXPECT_THAT(ask("/stay", {{"cookie", "sid=a"}, {"X-Curfew", "stay"}}, "POST").body, HasSubstr("null"));
  EXPECT_EQ(taken().size(), 1U);
}

TEST_F(Judge, TheSignedOutPageSaysWhyInWordsAndNothingElse) {
  const GateAnswer answer = ask("/signed-out?x=1&reason=session_timeout", {});
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("longest duration"));
  EXPECT_THAT(answer.headers, Contains(Pair("Cache-Control", "no-store")));
  // Nobody is cleared by being sent here.
  EXPECT_THAT(answer.headers, Not(Contains(Pair("Clear-Site-Data", testing::_))));
  const GateAnswer odd = ask("/signed-out?reason=<script>alert(1)</script>", {});
  EXPECT_THAT(odd.body, Not(HasSubstr("<script")));
  EXPECT_THAT(odd.body, HasSubstr("You are not signed in"));
}

TEST_F(Judge, TheSignedOutPageClearsWhoMayNotPass) {
  refused("a", Refusal::Administrator);
  EXPECT_THAT(ask("/signed-out?reason=administrator", {{"cookie", "sid=a"}}).headers,
              Contains(Pair("Clear-Site-Data", testing::_)));
  const GateAnswer answer = ask("/refused?reason=signed_out", {{"cookie", "sid=a"}});
  EXPECT_EQ(answer.status, 401);
  EXPECT_THAT(answer.body, HasSubstr("by an administrator")) << "the view knows better than the query";
}

TEST_F(Judge, EveryReasonHasItsOwnWords) {
  std::set<std::string> bodies;
  for (const std::string_view name : model::Names<Refusal>::all)
    bodies.insert(ask("/signed-out?reason=" + std::string(name), {}).body);
  EXPECT_EQ(bodies.size(), model::Names<Refusal>::all.size());
}

TEST_F(Judge, RulesThatCannotBeReadAreAnError) {
  EXPECT_THROW(judge().set_rules("{}", key), Error);
  EXPECT_EQ(check("sid=who").status, 200) << "the old rules stay";
}

TEST(GatePages, EscapeWhatTheyAreGiven) {
  EXPECT_EQ(report::escaped("<a href=\"x\">'&"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
  EXPECT_THAT(gate_pages::signed_out(401, Refusal::None, "/a\"b", "/c/").body, HasSubstr("/a&quot;b"));
}

}  // namespace
}  // namespace curfew::api
