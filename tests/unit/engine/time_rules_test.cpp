#include "tests/unit/engine/machine.hpp"

namespace curfew::engine::testing {
namespace {

using model::EntryKind;
using model::ObservationType;
using model::Rule;

model::PolicySet one_policy(model::Policy policy) {
  model::PolicySet set;
  set.sources = {source("crm")};
  set.policies = {std::move(policy)};
  return set;
}

model::PolicySet idle_after(std::int64_t limit) {
  model::Policy p = policy("idle", Rule::InactivityTimeout);
  p.limit = seconds(limit);
  return one_policy(p);
}

model::PolicySet at_most(std::int64_t limit) {
  model::Policy p = policy("longest", Rule::SessionTimeout);
  p.limit = seconds(limit);
  return one_policy(p);
}

TEST(SessionTimeout, IsBreachedWhenEngineTimeReachesTheLimit) {
  Machine m;
  m.configure(0, at_most(100));
  m.see(10, ObservationType::SignIn, 1, 10, 7);
  EXPECT_TRUE(m.tick(109.999).violations.empty());
  ASSERT_EQ(m.tick(110).violations.size(), 1U);
  const auto row = m.engine.violation(1);
  EXPECT_EQ(row.policy, "longest");
  EXPECT_EQ(row.breached_at, at(110));
  EXPECT_EQ(row.session, 1U);
  EXPECT_EQ(row.subject, ref(7));
  EXPECT_TRUE(m.tick(1000).violations.empty()) << "once a session";
}

TEST(SessionTimeout, FiresBeforeTheInputThatComesAfterIt) {
  Machine m;
  m.configure(0, at_most(100));
  m.see(10, ObservationType::SignIn, 1, 10, 7);
  const auto& effects = m.see(200, ObservationType::SignOut, 1, 200);
  EXPECT_EQ(effects.violations.size(), 1U);
}

TEST(SessionTimeout, IsWithdrawnWhenALateSignOutShowsThatItWasOverBefore) {
  Machine m;
  m.configure(0, at_most(100));
  m.see(10, ObservationType::SignIn, 1, 10, 7);
  m.tick(110);
  m.see(111, ObservationType::SignOut, 1, 50);
  EXPECT_EQ(m.count(EntryKind::ViolationWithdrawn), 1U);
  EXPECT_EQ(m.engine.violation(1).withdrawn_at, at(111));
}

TEST(Inactivity, WaitsForTheWatermarkOfTheSource) {
  Machine m;
  m.configure(0, idle_after(100));
  m.see(0, ObservationType::SignIn, 1, 0, 7);
  EXPECT_TRUE(m.tick(500).violations.empty()) << "the source may yet bring activity";
  m.heard(500, 99);
  EXPECT_TRUE(m.tick(501).violations.empty());
  m.heard(502, 100);
  EXPECT_EQ(m.tick(502).violations.size(), 1U);
  EXPECT_EQ(m.engine.violation(1).breached_at, at(100));
}

TEST(Inactivity, CountsTheLatenessOfTheSourceAgainstItsNewestEvent) {
  Machine m;
  m.configure(0, idle_after(100));
  m.see(0, ObservationType::SignIn, 1, 0, 7);
  m.see(104, ObservationType::SignIn, 2, 104, 8);
  EXPECT_TRUE(m.tick(104).violations.empty());
  m.see(105, ObservationType::Activity, 2, 105);
  EXPECT_EQ(m.tick(105).violations.size(), 1U);
}

TEST(Inactivity, IsNotBreachedByOneWhoActs) {
  Machine m;
  m.configure(0, idle_after(100));
  m.see(0, ObservationType::SignIn, 1, 0, 7);
  for (int t = 50; t < 1000; t += 50) m.see(t, ObservationType::Activity, 1, t);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 0U);
}

TEST(Inactivity, MachineTrafficIsNotAPersonsActivity) {
  Machine m;
  m.configure(0, idle_after(100));
  m.see(0, ObservationType::SignIn, 1, 0, 7);
  for (int t = 50; t <= 200; t += 50) {
    auto facts = m.facts(ObservationType::Activity, 1, t);
    facts.activity_class = model::ActivityClass::Machine;
    m.see(t, facts);
  }
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 1U);
}

TEST(Inactivity, LateActivityWithdrawsTheBreachAndCountsAnew) {
  Machine m;
  m.configure(0, idle_after(100));
  m.see(0, ObservationType::SignIn, 1, 0, 7);
  m.heard(120, 120);
  m.tick(120);
  ASSERT_EQ(m.count(EntryKind::ViolationOpened), 1U);
  m.see(130, ObservationType::Activity, 1, 60);
  EXPECT_EQ(m.count(EntryKind::ViolationWithdrawn), 1U);
  m.heard(170, 170);
  m.tick(170);
  EXPECT_EQ(m.engine.violation(2).breached_at, at(160));
}

TEST(Inactivity, LateActivityDoesNotExcuseWhatWasTooLongAnyway) {
  Machine m;
  m.configure(0, idle_after(100));
  m.see(0, ObservationType::SignIn, 1, 0, 7);
  m.heard(120, 120);
  m.tick(120);
  m.see(400, ObservationType::Activity, 1, 400);
  m.see(401, ObservationType::Activity, 1, 60);
  EXPECT_EQ(m.count(EntryKind::ViolationWithdrawn), 0U);
}

TEST(Inactivity, WaitsForEverySourceThatCanShowActivity) {
  Machine m;
  auto set = idle_after(100);
  set.sources.push_back(source("gate"));
  set.sources.back().shows_activity_of = {"crm"};
  m.configure(0, set);
  m.see(0, ObservationType::SignIn, 1, 0, 7);
  m.heard(200, 200, "crm");
  EXPECT_TRUE(m.tick(200).violations.empty());
  auto seen_at_gate = m.facts(ObservationType::Activity, 1, 90, 0, "gate");
  m.see(201, seen_at_gate);
  m.heard(202, 195, "gate");
  m.tick(202);
  ASSERT_EQ(m.count(EntryKind::ViolationOpened), 1U);
  EXPECT_EQ(m.engine.violation(1).breached_at, at(190)) << "the gate's activity counts for the session";
}

TEST(Inactivity, ASilentSourceStopsItAndIsReported) {
  Machine m;
  auto set = idle_after(100);
  set.sources[0].stale_after = seconds(60);
  m.configure(0, set);
  m.see(0, ObservationType::SignIn, 1, 0, 7);
  m.tick(60);
  ASSERT_EQ(m.count(EntryKind::Alert), 1U);
  EXPECT_NE(m.facts_of(EntryKind::Alert)[0].find("source_silent"), std::string::npos);
  m.tick(1000);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 0U);
  m.see(1001, ObservationType::Activity, 1, 80);
  m.heard(1002, 1002);
  m.tick(1002);
  EXPECT_EQ(m.engine.violation(1).breached_at, at(180));
}

TEST(Inactivity, WaitsAfterAStartUntilTheSourceHasCaughtUp) {
  Machine m;
  m.configure(0, idle_after(100));
  m.see(0, ObservationType::SignIn, 1, 0, 7);
  m.apply(at(300), model::StartedInput{"test"});
  m.see(301, ObservationType::SignIn, 2, 300, 8);
  m.tick(302);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 0U) << "it may have more to tell from the time before";
  m.see(303, ObservationType::Activity, 1, 250);
  m.heard(304, 304);
  m.tick(304);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 0U);
}

// A session of 7 with a limit of 100 s, the daemon down from 50 to 5000, and a source that has a backlog.
struct Restarted : Machine {
  explicit Restarted(model::PolicySet set) {
    set.sources[0].stale_after = seconds(600);
    configure(0, set);
    see(0, ObservationType::SignIn, 1, 0, 7);
    heard(50, 50);
    apply(at(5000), model::StartedInput{"test"});
  }
};

TEST(Backlog, ALimitThatPassedMeanwhileWaitsForTheSignOutThatMayLieUnread) {
  auto set = at_most(100);
  set.policies[0].mode = model::PolicyMode::Enforce;
  set.policies[0].ladder.emplace_back();
  Restarted m(set);
  m.tick(5001);
  m.see(5002, ObservationType::SignOut, 1, 80);
  m.heard(5003, 5003);
  m.tick(5004);
  m.tick(9000);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 0U);
  EXPECT_EQ(m.count(EntryKind::SignOutOrdered), 0U);
}

TEST(Backlog, ALimitThatPassedMeanwhileIsBreachedAtItsOwnTimeOnceTheSourceHasCaughtUp) {
  Restarted m(at_most(100));
  m.tick(5300);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 0U);
  m.heard(5301, 5200);
  m.tick(5301);
  ASSERT_EQ(m.count(EntryKind::ViolationOpened), 1U)
      << "its watermark need not have passed: it is no absence";
  EXPECT_EQ(m.engine.violation(1).breached_at, at(100));
  EXPECT_EQ(m.engine.violation(1).detected_at, at(5301));
}

TEST(Backlog, IsWaitedForNoLongerThanSilenceWouldBe) {
  Restarted m(at_most(100));
  m.see(5500, ObservationType::Activity, 1, 90);
  EXPECT_FALSE(m.tick(5599).fired);
  EXPECT_TRUE(m.tick(5600).fired);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 1U);
  ASSERT_EQ(m.count(EntryKind::Alert), 1U);
  EXPECT_NE(m.facts_of(EntryKind::Alert)[0].find("source_behind"), std::string::npos);
}

TEST(Backlog, OfAClosedSourceIsNone) {
  Machine m;
  auto set = at_most(100);
  set.sources[0].stale_after = seconds(600);
  m.configure(0, set);
  m.see(0, ObservationType::SignIn, 1, 0, 7);
  m.apply(at(1), model::ProgressInput{"crm", at(1), true, true});
  m.apply(at(200), model::StartedInput{"test"});
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 1U);
}

TEST(Backlog, HoldsNoWarningOfALimitBackThatIsStillToCome) {
  auto set = at_most(5400);
  set.policies[0].warn_before = seconds(300);
  Restarted m(set);
  m.tick(5150);
  EXPECT_EQ(m.count(EntryKind::Warned), 0U) << "it may be over";
  m.heard(5200, 5200);
  m.tick(5200);
  EXPECT_EQ(m.count(EntryKind::Warned), 1U);
  m.tick(5400);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 1U);
}

TEST(Backlog, OfASourceThatIsNewAfterTheStartIsWaitedForToo) {
  Machine m;
  auto set = at_most(100);
  m.configure(0, set);
  m.apply(at(1), model::StartedInput{"test"});
  set.sources.push_back(source("ad"));
  set.sources[1].stale_after = seconds(600);
  m.configure(5000, set);
  m.see(5001, m.facts(ObservationType::SignIn, 1, 10, 7, "ad"));
  m.see(5002, m.facts(ObservationType::SignOut, 1, 20, 0, "ad"));
  m.heard(5003, 5003, "ad");
  m.tick(5004);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 0U);
}

TEST(Backlog, SessionsWhoseEndMayBeUnreadAreNotCountedAsAtOnce) {
  model::Policy p = policy("at once", Rule::ConcurrentSessions);
  p.most = 1;
  p.mode = model::PolicyMode::Enforce;
  p.ladder.emplace_back();
  Restarted m(one_policy(p));
  m.see(5001, ObservationType::SignIn, 2, 200, 7);
  m.see(5002, ObservationType::SignIn, 3, 300, 7);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 0U);
  m.see(5003, ObservationType::SignOut, 1, 150);
  m.heard(5004, 5004);
  ASSERT_EQ(m.count(EntryKind::ViolationOpened), 1U);
  EXPECT_EQ(m.engine.violation(1).session, 3U);
  EXPECT_EQ(m.engine.violation(1).breached_at, at(300));
  EXPECT_EQ(m.count(EntryKind::SignOutOrdered), 1U);
}

TEST(Backlog, IsWaitedForAfterASnapshotToo) {
  for (const bool catches_up : {true, false}) {
    Restarted m(at_most(100));
    m.tick(5300);
    std::string bytes;
    m.engine.save([&](std::string_view chunk) { bytes += chunk; });
    m.engine = Engine::load(bytes, m.symbols);
    m.tick(5310);
    EXPECT_EQ(m.count(EntryKind::ViolationOpened), 0U);
    if (catches_up) m.heard(5320, 5320);
    m.tick(5321);
    EXPECT_EQ(m.count(EntryKind::ViolationOpened), catches_up ? 1U : 0U);
    m.tick(5600);
    EXPECT_EQ(m.count(EntryKind::ViolationOpened), 1U);
  }
}

TEST(Backlog, AStartIsNoSilenceOfSources) {
  Restarted m(at_most(100'000));
  m.heard(5001, 5001);
  EXPECT_EQ(m.count(EntryKind::Alert), 0U) << "it was the daemon that did not listen";
}

TEST(Inactivity, AClosedSourceHoldsNothingBack) {
  Machine m;
  m.configure(0, idle_after(100));
  m.see(0, ObservationType::SignIn, 1, 0, 7);
  m.apply(at(1), model::ProgressInput{"crm", at(1), true, true});
  m.tick(100);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 1U);
}

TEST(Inactivity, IsNotTestedWhereNoSourceShowsActivity) {
  Machine m;
  auto set = idle_after(100);
  set.sources[0].shows_activity = false;
  m.configure(0, set);
  m.see(0, ObservationType::SignIn, 1, 0, 7);
  m.heard(1000, 1000);
  m.tick(1000);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 0U);
}

TEST(Deadlines, FireByTimeThenSessionThenPolicy) {
  Machine m;
  model::PolicySet set;
  set.sources = {source("crm")};
  for (const auto& [name, limit] :
       std::vector<std::pair<std::string, int>>{{"a", 100}, {"b", 90}, {"c", 100}}) {
    set.policies.push_back(policy(name, Rule::SessionTimeout));
    set.policies.back().limit = seconds(limit);
  }
  m.configure(0, set);
  m.see(10, ObservationType::SignIn, 1, 10, 7);
  m.see(10, ObservationType::SignIn, 2, 10, 8);
  m.see(10, ObservationType::SignIn, 3, 5, 9);
  m.tick(1000);
  std::vector<std::pair<std::string, model::SessionNumber>> order;
  for (model::ViolationNumber v = 1; v <= 9; ++v)
    order.emplace_back(m.engine.violation(v).policy, m.engine.violation(v).session);
  using P = std::pair<std::string, model::SessionNumber>;
  EXPECT_EQ(order,
            (std::vector<P>{
                {"b", 3}, {"b", 1}, {"b", 2}, {"a", 3}, {"c", 3}, {"a", 1}, {"c", 1}, {"a", 2}, {"c", 2}}));
}

TEST(Deadlines, ATickThatDoesNothingSaysSo) {
  Machine m;
  m.configure(0, at_most(100));
  m.see(10, ObservationType::SignIn, 1, 10, 7);
  EXPECT_FALSE(m.tick(50).fired);
  EXPECT_EQ(m.engine.next_deadline(), at(110));
  EXPECT_TRUE(m.tick(110).fired);
}

TEST(Deadlines, WhatWaitsForAWatermarkIsNotLookedAtByEachTick) {
  Machine m;
  m.configure(0, idle_after(100));
  m.see(0, ObservationType::SignIn, 1, 0, 7);
  m.tick(200);
  ASSERT_TRUE(m.engine.next_deadline().has_value());
  EXPECT_GT(*m.engine.next_deadline(), at(100'000)) << "only the time of vanishing is left in the queue";
}

TEST(Warning, ComesOnceBeforeTheLimit) {
  Machine m;
  auto set = at_most(100);
  set.policies[0].warn_before = seconds(20);
  m.configure(0, set);
  m.see(10, ObservationType::SignIn, 1, 10, 7);
  m.tick(89);
  EXPECT_EQ(m.count(EntryKind::Warned), 0U);
  EXPECT_TRUE(m.tick(90).fired);
  m.tick(95);
  EXPECT_EQ(m.count(EntryKind::Warned), 1U);
  m.tick(110);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 1U);
}

TEST(Engine, RefusesTimeThatGoesBack) {
  Machine m;
  m.tick(10);
  EXPECT_THROW(m.tick(9), Error);
}

TEST(Vanished, IsAnInferredEndThatLaterActivityTakesBack) {
  Machine m;
  auto set = at_most(1'000'000);
  set.sources[0].vanished_after = seconds(1000);
  m.configure(0, set);
  m.see(0, ObservationType::SignIn, 1, 0, 7);
  m.heard(1500, 1500);
  m.tick(1500);
  EXPECT_EQ(m.session(1).state, model::SessionState::Ended);
  EXPECT_EQ(m.session(1).end_reason, model::EndReason::Vanished);
  EXPECT_EQ(m.session(1).end_certainty, model::Certainty::Inferred);
  EXPECT_EQ(m.count(EntryKind::SessionEnded), 1U);
  m.see(1600, ObservationType::Activity, 1, 1590);
  EXPECT_EQ(m.session(1).state, model::SessionState::Active);
  EXPECT_EQ(m.session(1).corrections, 1U);
  EXPECT_EQ(m.count(EntryKind::SessionReopened), 1U);
}

TEST(Expiry, ThatTheSourceStatedEndsASessionWithoutAWord) {
  Machine m;
  m.configure(0, at_most(1'000'000));
  auto sign_in = m.facts(ObservationType::SignIn, 1, 0, 7);
  sign_in.expires_at = at(500);
  m.see(0, sign_in);
  m.heard(600, 600);
  m.tick(600);
  EXPECT_EQ(m.session(1).end_reason, model::EndReason::Expired);
  EXPECT_EQ(m.session(1).ended_at, at(500));
  EXPECT_EQ(m.session(1).end_certainty, model::Certainty::Inferred);
}

TEST(Memory, IsLeftByEndedSessionsAfterTheRetryWindow) {
  Machine m;
  auto set = at_most(1'000'000);
  set.sources[0].retry_window = seconds(100);
  m.configure(0, set);
  m.see(0, ObservationType::SignIn, 1, 0, 7);
  m.see(50, ObservationType::SignOut, 1, 50);
  m.tick(149);
  EXPECT_EQ(m.engine.session(1).number, 1U);
  m.tick(150);
  EXPECT_EQ(m.engine.session(1).number, 0U);
  EXPECT_EQ(m.engine.counts().sessions_dropped, 1U);
  ASSERT_EQ(m.effects.last_sessions.size(), 1U) << "whoever still has to show it gets its last state";
  EXPECT_EQ(m.effects.last_sessions[0].number, 1U);
  EXPECT_EQ(m.effects.last_sessions[0].ended_at, at(50));
}

}  // namespace
}  // namespace curfew::engine::testing
