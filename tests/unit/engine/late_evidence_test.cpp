#include "tests/unit/engine/machine.hpp"

namespace curfew::engine::testing {
namespace {

using model::EndReason;
using model::EntryKind;
using model::ObservationType;
using model::Rule;

model::PolicySet one_policy(model::Policy policy) {
  model::PolicySet set;
  set.sources = {source("crm")};
  set.policies = {std::move(policy)};
  return set;
}

model::Policy enforced(model::Policy policy) {
  policy.mode = model::PolicyMode::Enforce;
  policy.ladder.emplace_back();
  return policy;
}

std::string snapshot_of(const Engine& engine) {
  std::string bytes;
  engine.save([&](std::string_view chunk) { bytes += chunk; });
  return bytes;
}

// Alice's session 1 was there before the daemon was away for more than an hour.
struct Restarted : Machine {
  explicit Restarted(model::PolicySet set) {
    set.sources[0].stale_after = seconds(600);
    configure(0, set);
    see(0, ObservationType::SignIn, 1, 0, 7);
    heard(50, 50);
    apply(at(5000), model::StartedInput{"test"});
  }
};

// What is no newer than what was known ended no idle time: the next breach must not be missed for it.
TEST(Inactivity, IsMeasuredAnewAfterALateSignInOfTheSameMoment) {
  Machine m;
  model::Policy idle = policy("idle", Rule::InactivityTimeout);
  idle.limit = seconds(50);
  m.configure(0, one_policy(idle));
  m.see(0, ObservationType::Activity, 1, 0, 7);
  m.heard(60, 60);
  m.tick(60);
  ASSERT_EQ(m.count(EntryKind::ViolationOpened), 1U);
  m.see(61, ObservationType::SignIn, 1, 0, 7);
  m.see(100, ObservationType::Activity, 1, 100);
  m.heard(160, 160);
  m.tick(160);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 2U);
}

TEST(ActivityAfterEnd, IsWithdrawnWhenALateSignInShowsThatAnotherSessionActed) {
  Machine m;
  m.configure(0, one_policy(policy("after", Rule::ActivityAfterEnd)));
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  m.see(10, ObservationType::SignOut, 1, 10);
  m.see(20, ObservationType::Activity, 1, 20);
  ASSERT_EQ(m.count(EntryKind::ViolationOpened), 1U);
  m.see(21, ObservationType::SignIn, 1, 15, 7);
  EXPECT_EQ(m.count(EntryKind::ViolationWithdrawn), 1U);
  EXPECT_EQ(m.engine.violation(1).withdrawn_at, at(21));
  const model::SessionRow next = m.session(1);
  EXPECT_EQ(next.number, 2U);
  EXPECT_EQ(next.last_person_activity_at, at(20)) << "what was seen since its sign-in is its own";
  EXPECT_EQ(m.engine.session(1).last_person_activity_at, at(1));
  EXPECT_EQ(m.engine.session(1).ended_at, at(10));
}

TEST(ActivityAfterEnd, StandsWhenItLayBeforeTheNextSignIn) {
  Machine m;
  m.configure(0, one_policy(policy("after", Rule::ActivityAfterEnd)));
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  m.see(10, ObservationType::SignOut, 1, 10);
  m.see(20, ObservationType::Activity, 1, 20);
  m.see(21, ObservationType::SignIn, 1, 21, 7);
  EXPECT_EQ(m.count(EntryKind::ViolationWithdrawn), 0U);
}

TEST(ActivityAfterEnd, WithdrawnMakesItsSignOutMistaken) {
  Machine m;
  m.configure(0, one_policy(enforced(policy("after", Rule::ActivityAfterEnd))));
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  m.see(10, ObservationType::SignOut, 1, 10);
  m.see(20, ObservationType::Activity, 1, 20);
  ASSERT_EQ(m.count(EntryKind::SignOutOrdered), 1U);
  m.apply(at(20), model::ProbeInput{1, 0, 1, model::Liveness::Alive, model::Liveness::Unknown, {}});
  m.see(21, ObservationType::SignIn, 1, 15, 7);
  EXPECT_EQ(m.engine.sign_out(1).outcome, model::Outcome::Mistaken);
}

TEST(ActivityAfterEnd, ASignInAfterAnEndWhoseStartWasNotSeenIsAnotherSession) {
  Machine m;
  m.configure(0, one_policy(policy("after", Rule::ActivityAfterEnd)));
  m.see(10, ObservationType::SignOut, 1, 10, 7);
  m.see(20, ObservationType::SignIn, 1, 20, 7);
  EXPECT_EQ(m.session(1).number, 2U);
  EXPECT_EQ(m.session(1).state, model::SessionState::Active);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 0U);
}

TEST(Backlog, FailedSignInsAreFoundAtOnceAndAnsweredOnlyWhenTheSessionStillLives) {
  model::Policy guessing = enforced(policy("guessing", Rule::FailedSignIns));
  guessing.most = 2;
  guessing.window = seconds(60);
  for (const bool left : {true, false}) {
    Restarted m(one_policy(guessing));
    m.see(5001, ObservationType::SignInFailed, 0, 200, 7);
    m.see(5001, ObservationType::SignInFailed, 0, 201, 7);
    m.see(5001, ObservationType::SignIn, 2, 202, 7);
    EXPECT_EQ(m.count(EntryKind::ViolationOpened), 1U);
    EXPECT_EQ(m.count(EntryKind::SignOutOrdered), 0U) << "its sign-out may be unread";
    if (left) m.see(5002, ObservationType::SignOut, 2, 300);
    m.engine = Engine::load(snapshot_of(m.engine), m.symbols);
    m.heard(5003, 5003);
    EXPECT_EQ(m.count(EntryKind::SignOutOrdered), left ? 0U : 1U);
    EXPECT_EQ(m.engine.violation(1).sign_out, left ? 0U : 1U);
  }
}

TEST(Backlog, ActivityAfterAnEndIsAnsweredUnlessAnotherSignInIsReadMeanwhile) {
  for (const bool again : {true, false}) {
    Restarted m(one_policy(enforced(policy("after", Rule::ActivityAfterEnd))));
    m.see(5001, ObservationType::SignOut, 1, 100);
    m.see(5001, ObservationType::Activity, 1, 200);
    EXPECT_EQ(m.count(EntryKind::ViolationOpened), 1U);
    EXPECT_EQ(m.count(EntryKind::SignOutOrdered), 0U);
    if (again) m.see(5002, ObservationType::SignIn, 1, 150, 7);
    m.heard(5003, 5003);
    EXPECT_EQ(m.count(EntryKind::ViolationWithdrawn), again ? 1U : 0U);
    EXPECT_EQ(m.count(EntryKind::SignOutOrdered), again ? 0U : 1U);
  }
}

TEST(Backlog, APolicyThatIsGoneAnswersNothingMore) {
  Restarted m(one_policy(enforced(policy("after", Rule::ActivityAfterEnd))));
  m.see(5001, ObservationType::SignOut, 1, 100);
  m.see(5001, ObservationType::Activity, 1, 200);
  auto set = one_policy(policy("after", Rule::ActivityAfterEnd));
  set.sources[0].stale_after = seconds(600);
  m.configure(5002, set);
  m.heard(5003, 5003);
  EXPECT_EQ(m.count(EntryKind::SignOutOrdered), 0U);
}

TEST(Backlog, AHoldEndsNoSessionWhoseSignOutMayBeUnread) {
  for (const int what : {0, 1, 2}) {
    model::Policy longest = enforced(policy("longest", Rule::SessionTimeout));
    longest.limit = seconds(100);
    longest.hold = true;
    Machine m;
    auto set = one_policy(longest);
    set.sources[0].stale_after = seconds(6000);
    m.configure(0, set);
    m.see(0, ObservationType::SignIn, 1, 0, 7);
    m.tick(100);
    m.apply(at(101), model::ProbeInput{1, 0, 1, model::Liveness::Alive, model::Liveness::Unknown, {}});
    m.apply(at(102), model::AnswerInput{1, 0, model::AnswerCode::Accepted, {}});
    m.apply(at(103), model::ProbeInput{1, 0, 2, model::Liveness::Dead, model::Liveness::Unknown, {}});
    ASSERT_EQ(m.engine.sign_out(1).outcome, model::Outcome::Proven);
    m.apply(at(5000), model::StartedInput{"test"});
    m.see(5001, ObservationType::SignIn, 2, 4950, 7);
    EXPECT_EQ(m.count(EntryKind::SignOutOrdered), 1U);
    m.engine = Engine::load(snapshot_of(m.engine), m.symbols);
    if (what == 1) m.see(5002, ObservationType::SignOut, 2, 4960);
    if (what == 2) {
      auto again = m.facts(ObservationType::Reauthenticated, 2, 4955);
      again.fresh_credentials = true;
      m.see(5002, again);
    }
    m.heard(5003, 5003);
    EXPECT_EQ(m.count(EntryKind::SignOutOrdered), what == 0 ? 2U : 1U) << what;
  }
}

TEST(AccountChange, EndsNoSessionAsNobodySaidThatItDid) {
  for (const ObservationType type : {ObservationType::AccountDisabled, ObservationType::CredentialChanged}) {
    Machine m;
    m.configure(0, one_policy(policy("after", Rule::ActivityAfterEnd)));
    m.see(1, ObservationType::SignIn, 1, 1, 7);
    m.see(10, ObservationType(type), 0, 10, 7);
    EXPECT_EQ(m.effects.subject, ref(7));
    EXPECT_EQ(m.session(1).state, model::SessionState::Active);
    m.see(20, ObservationType::Activity, 1, 20);
    EXPECT_EQ(m.session(1).last_person_activity_at, at(20));
    EXPECT_EQ(m.count(EntryKind::ViolationOpened), 0U);
  }
}

TEST(AccountChange, IsTheReasonOfAnEndWhenTheSourceSaysSo) {
  for (const EndReason reason : {EndReason::AccountDisabled, EndReason::CredentialChanged}) {
    Machine m;
    m.configure(0, one_policy(policy("after", Rule::ActivityAfterEnd)));
    m.see(1, ObservationType::SignIn, 1, 1, 7);
    auto revoked = m.facts(ObservationType::Revoked, 0, 10, 7);
    revoked.end_reason = reason;
    m.see(10, revoked);
    EXPECT_EQ(m.session(1).state, model::SessionState::Ended);
    EXPECT_EQ(m.session(1).end_reason, reason);
    EXPECT_EQ(m.session(1).end_certainty, model::Certainty::Stated);
  }
}

TEST(Snapshot, OfAnotherFormatIsKnownBeforeItIsReadAndRefusedWithAReason) {
  Machine m;
  m.configure(0, one_policy(policy("after", Rule::ActivityAfterEnd)));
  std::string bytes = snapshot_of(m.engine);
  EXPECT_TRUE(Engine::reads(bytes));
  const auto version = bytes.find("curfew-engine-") + std::string_view("curfew-engine-").size();
  bytes[version] = '0';
  EXPECT_FALSE(Engine::reads(bytes));
  EXPECT_FALSE(Engine::reads(""));
  EXPECT_FALSE(Engine::reads("curfew"));
  try {
    (void)Engine::load(bytes, m.symbols);
    FAIL() << "it was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
    EXPECT_NE(std::string(error.what()).find("another version"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace curfew::engine::testing
