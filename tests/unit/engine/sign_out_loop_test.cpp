#include "tests/unit/engine/machine.hpp"

namespace curfew::engine::testing {
namespace {

using model::AnswerCode;
using model::EntryKind;
using model::Liveness;
using model::ObservationType;
using model::Outcome;
using model::Rule;

model::LadderStep step(model::Action action, std::int64_t prove_within = 30) {
  model::LadderStep step;
  step.action = action;
  step.prove_within = seconds(prove_within);
  return step;
}

model::PolicySet enforced(std::vector<model::LadderStep> ladder) {
  model::PolicySet set;
  set.sources = {source("crm")};
  set.policies = {policy("longest", Rule::SessionTimeout)};
  set.policies[0].limit = seconds(100);
  set.policies[0].mode = model::PolicyMode::Enforce;
  set.policies[0].ladder = std::move(ladder);
  return set;
}

struct Loop : Machine {
  explicit Loop(const model::PolicySet& set) {
    configure(0, set);
    see(0, ObservationType::SignIn, 1, 0, 7);
  }
  void answer(double time, AnswerCode code, std::uint32_t of = 0) {
    apply(at(time), model::AnswerInput{1, of, code, {}});
  }
  void probe(double time, std::uint32_t number, Liveness session, Liveness control = Liveness::Unknown,
             std::uint32_t of = 0) {
    apply(at(time), model::ProbeInput{1, of, number, session, control, {}});
  }
  // The first session's person, by two names.
  [[nodiscard]] model::Facts by_both_names(double occurred) {
    model::Facts both = facts(ObservationType::Activity, 1, occurred, 7);
    both.identifiers[1] = {symbols.intern("sid"), ref(70)};
    both.identifier_count = 2;
    return both;
  }
  [[nodiscard]] model::SignOutRow order() const { return engine.sign_out(1); }
};

TEST(SignOut, IsProvenByDeadAfterAlive) {
  Loop m(enforced({step(model::Action::SignOutSession)}));
  m.tick(100);
  ASSERT_EQ(m.effects.probes.size(), 1U) << "it looks before it acts";
  EXPECT_EQ(m.effects.probes[0].ordered_at, Time{}) << "nothing acts on it yet";
  EXPECT_TRUE(m.effects.steps.empty());
  m.probe(101, 1, Liveness::Alive);
  ASSERT_EQ(m.effects.steps.size(), 1U);
  EXPECT_EQ(m.count(EntryKind::Intent), 1U);
  m.answer(102, AnswerCode::Accepted);
  ASSERT_EQ(m.effects.probes.size(), 1U);
  EXPECT_EQ(m.effects.probes[0].ordered_at, at(101));
  EXPECT_EQ(m.order().outcome, Outcome::Pending) << "an accepted call proves nothing";
  m.probe(103, 2, Liveness::Dead);
  EXPECT_EQ(m.order().outcome, Outcome::Proven);
  EXPECT_EQ(m.session(1).end_reason, model::EndReason::Forced);
  EXPECT_EQ(m.session(1).end_certainty, model::Certainty::Stated);
  EXPECT_EQ(m.engine.violation(1).sign_out, 1U);
}

TEST(SignOut, DeadWithoutAliveBeforeOrAControlProvesNothing) {
  Loop m(enforced({step(model::Action::SignOutSession, 10)}));
  m.tick(100);
  m.probe(101, 1, Liveness::Unknown);
  m.answer(102, AnswerCode::Accepted);
  m.probe(103, 2, Liveness::Dead);
  EXPECT_EQ(m.order().outcome, Outcome::Pending);
  m.tick(104);
  m.probe(105, 3, Liveness::Dead, Liveness::Alive);
  EXPECT_EQ(m.order().outcome, Outcome::Proven);
}

TEST(SignOut, StillAliveClimbsTheLadderUntilItIsExhausted) {
  Loop m(enforced({step(model::Action::CancelSession, 5), step(model::Action::SignOutSession, 5)}));
  m.tick(100);
  m.probe(100, 1, Liveness::Alive);
  m.answer(100, AnswerCode::Accepted);
  m.probe(100, 2, Liveness::Alive);
  double t = 100;
  std::uint32_t number = 3;
  while (m.order().step == 0 && t < 200) {
    m.tick(t += 1);
    if (!m.effects.probes.empty()) m.probe(t, number++, Liveness::Alive);
  }
  EXPECT_EQ(m.order().step, 1U);
  EXPECT_EQ(m.order().outcome, Outcome::StillAlive);
  m.probe(t, 1, Liveness::Alive, Liveness::Unknown, 1);
  m.answer(t, AnswerCode::Refused, 1);
  EXPECT_EQ(m.order().outcome, Outcome::Unproven);
  EXPECT_EQ(m.count(EntryKind::Alert), 1U);
}

TEST(SignOut, ActivityAfterAnAcceptedStepIsASignOfLife) {
  auto set = enforced({step(model::Action::SignOutSession, 5)});
  set.sources[0].can_prove = false;
  Loop m(set);
  m.tick(100);
  m.answer(101, AnswerCode::Accepted);
  m.see(103, ObservationType::Activity, 1, 103);
  m.tick(106);
  EXPECT_NE(m.order().trail.find("still_alive"), std::string::npos);
}

TEST(SignOut, AGateContainsAndNeverProves) {
  auto ladder = std::vector{step(model::Action::SignOutSession, 5)};
  ladder[0].at = "door";
  auto set = enforced(ladder);
  set.sources[0].can_prove = false;
  set.sources.push_back(source("door"));
  set.sources[1].connector = "gate";
  Loop m(set);
  m.tick(100);
  m.probe(100, 1, Liveness::Alive);
  m.answer(101, AnswerCode::Accepted);
  m.probe(101, 2, Liveness::Dead, Liveness::Alive);
  m.tick(106);
  m.tick(130);
  EXPECT_EQ(m.order().outcome, Outcome::Contained);
}

TEST(SignOut, TheSourcesRefusalOfTheSessionsOwnCredentialProvesIt) {
  auto set = enforced({step(model::Action::SignOutSession)});
  set.sources[0].can_prove = false;
  Loop m(set);
  m.tick(100);
  m.answer(101, AnswerCode::Accepted);
  m.see(102, ObservationType::SignInFailed, 1, 102);
  EXPECT_EQ(m.order().outcome, Outcome::Proven);
  EXPECT_NE(m.order().trail.find("refused_credential"), std::string::npos);
}

TEST(SignOut, AStatedExpiryThatPassedProvesIt) {
  auto set = enforced({step(model::Action::SignOutSession, 600)});
  set.sources[0].can_prove = false;
  Machine m;
  m.configure(0, set);
  auto sign_in = m.facts(ObservationType::SignIn, 1, 0, 7);
  sign_in.expires_at = at(200);
  m.see(0, sign_in);
  m.tick(100);
  m.apply(at(101), model::AnswerInput{1, 0, AnswerCode::Accepted, {}});
  m.tick(259);
  EXPECT_EQ(m.engine.sign_out(1).outcome, Outcome::Pending);
  m.tick(260);
  EXPECT_EQ(m.engine.sign_out(1).outcome, Outcome::Proven);
}

// A domain gives tickets for ten hours, and disabling the account takes none back.
TEST(SignOut, ATicketOfTenHoursLivesOnUntilItIsOver) {
  constexpr int hours = 3'600;
  auto set = enforced({step(model::Action::DisableAccount, 600)});
  set.sources[0].can_prove = false;
  set.sources[0].can = {model::Action::DisableAccount};
  Machine m;
  m.configure(0, set);
  auto sign_in = m.facts(ObservationType::SignIn, 1, 0, 7);
  sign_in.expires_at = at(10 * hours);
  sign_in.auth_method = model::AuthMethod::Kerberos;
  m.see(0, sign_in);
  m.tick(100);
  m.apply(at(101), model::AnswerInput{1, 0, AnswerCode::Accepted, {}});
  m.tick(800);
  EXPECT_EQ(m.engine.sign_out(1).outcome, Outcome::Unproven);
  m.see(2 * hours, ObservationType::Activity, 1, 2 * hours, 7);
  EXPECT_EQ(m.engine.sign_out(1).outcome, Outcome::StillAlive);
  m.see(9 * hours, ObservationType::Activity, 1, 9 * hours, 7);
  m.tick(10 * hours + 59);
  EXPECT_EQ(m.engine.sign_out(1).outcome, Outcome::StillAlive) << "clocks may differ by a minute";
  m.tick(10 * hours + 60);
  EXPECT_EQ(m.engine.sign_out(1).outcome, Outcome::Proven);
  EXPECT_EQ(m.session(1).state, model::SessionState::Ended);
}

TEST(SignOut, AfterAStartWhatHasNoAnswerIsLookedAtAndNotDoneAgain) {
  Loop m(enforced({step(model::Action::SignOutSession)}));
  m.tick(100);
  m.probe(101, 1, Liveness::Alive);
  ASSERT_EQ(m.effects.steps.size(), 1U);
  m.apply(at(110), model::StartedInput{"again"});
  EXPECT_TRUE(m.effects.steps.empty());
  ASSERT_EQ(m.effects.probes.size(), 1U);
  m.probe(111, m.effects.probes[0].probe, Liveness::Dead);
  EXPECT_EQ(m.order().outcome, Outcome::Proven);
}

TEST(SignOut, OfAWithdrawnViolationIsMistakenAndUndone) {
  auto ladder = std::vector{step(model::Action::BlockSignIn, 600)};
  ladder[0].revert_after = seconds(1000);
  Loop m(enforced(ladder));
  m.tick(100);
  m.probe(101, 1, Liveness::Alive);
  m.answer(102, AnswerCode::Accepted);
  m.probe(103, 2, Liveness::Unknown);
  // The source tells of an earlier start of the end: the session was over before its limit.
  m.see(104, ObservationType::SignOut, 1, 50);
  EXPECT_EQ(m.count(EntryKind::ViolationWithdrawn), 1U);
  m.tick(105);
  ASSERT_EQ(m.effects.steps.size(), 1U);
  EXPECT_TRUE(m.effects.steps[0].revert);
  m.answer(106, AnswerCode::Accepted);
  EXPECT_EQ(m.order().outcome, Outcome::Mistaken);
  EXPECT_EQ(m.order().reverted_at, at(106));
}

TEST(SignOut, RevertsByItselfAlsoAfterASnapshot) {
  auto ladder = std::vector{step(model::Action::BlockSignIn)};
  ladder[0].revert_after = seconds(1000);
  Loop m(enforced(ladder));
  m.tick(100);
  m.probe(101, 1, Liveness::Alive);
  m.answer(102, AnswerCode::Accepted);
  m.probe(103, 2, Liveness::Dead);
  std::string bytes;
  m.engine.save([&](std::string_view chunk) { bytes += chunk; });
  m.engine = Engine::load(bytes, m.symbols);
  m.tick(1101);
  EXPECT_TRUE(m.effects.steps.empty());
  m.tick(1102);
  ASSERT_EQ(m.effects.steps.size(), 1U);
  EXPECT_TRUE(m.effects.steps[0].revert);
}

TEST(Holding, AProtectedAccountACapALinkAndAJumpOfTheClockWaitForAPerson) {
  auto set = enforced({step(model::Action::SignOutSession)});
  set.safety.protected_accounts = {"ref:" + to_text(ref(7))};
  set.safety.most_sign_outs_per_minute = 1;
  Loop m(set);
  m.see(1, ObservationType::SignIn, 2, 1, 8);
  m.see(2, ObservationType::SignIn, 3, 2, 9);
  m.see(80, ObservationType::SignIn, 4, 80, 10);
  m.tick(102);
  EXPECT_EQ(m.engine.sign_out(1).held_because, "protected account");
  EXPECT_EQ(m.engine.sign_out(2).outcome, Outcome::Pending);
  EXPECT_EQ(m.engine.sign_out(3).held_because, "cap");
  m.apply(at(300), model::ClockInput{at(110), at(300)});
  EXPECT_EQ(m.engine.sign_out(4).held_because, "clock_jump");
  EXPECT_EQ(m.engine.counts().held_orders, 3U);
  model::CommandInput release;
  release.verb = model::Verb::Release;
  release.by = "ann";
  release.order = 3;
  m.apply(at(301), release);
  EXPECT_EQ(m.engine.sign_out(3).outcome, Outcome::Pending);
  release.verb = model::Verb::Dismiss;
  release.order = 1;
  m.apply(at(302), release);
  EXPECT_EQ(m.engine.sign_out(1).concluded_at, at(302));
}

TEST(Holding, AnOperatorsLargeOrderNeedsASecondPerson) {
  auto set = enforced({});
  set.safety.approve_above = 1;
  Loop m(set);
  m.see(1, ObservationType::SignIn, 2, 1, 7);
  model::CommandInput command;
  command.by = "ann";
  command.subject = ref(7);
  m.apply(at(2), command);
  EXPECT_EQ(m.engine.counts().held_orders, 2U);
  command.verb = model::Verb::Release;
  command.order = 1;
  m.apply(at(3), command);
  EXPECT_EQ(m.order().outcome, Outcome::Held) << "not by the same person";
  command.by = "bob";
  m.apply(at(4), command);
  EXPECT_EQ(m.order().outcome, Outcome::Pending);
}

TEST(Hold, EndsTheNextSessionWithoutFreshCredentialsAtFirstSight) {
  auto set = enforced({step(model::Action::SignOutSession)});
  set.policies[0].hold = true;
  Loop m(set);
  m.tick(100);
  m.probe(101, 1, Liveness::Alive);
  m.answer(102, AnswerCode::Accepted);
  m.probe(103, 2, Liveness::Dead);
  m.see(110, ObservationType::SignIn, 2, 110, 7);
  EXPECT_EQ(m.engine.sign_out(2).reason, "hold: longest");
  auto fresh = m.facts(ObservationType::SignIn, 3, 111, 7);
  fresh.fresh_credentials = true;
  m.see(111, fresh);
  m.see(112, ObservationType::SignIn, 4, 112, 7);
  EXPECT_EQ(m.engine.sign_out(3).number, 0U);
}

// Of a person who was signed out of a source altogether, what comes to light later though it had begun
// before.
struct Late : Loop {
  Late() : Loop(enforced({step(model::Action::SignOutSubject)})) {
    tick(100);
    probe(101, 1, Liveness::Alive);
  }
  [[nodiscard]] model::SignOutRow second() const { return engine.sign_out(2); }
};

TEST(LateSession, IsSignedOutToo) {
  Late m;
  m.see(103, ObservationType::SignIn, 2, 90, 7);
  EXPECT_EQ(m.second().reason, "late: longest");
  EXPECT_EQ(m.second().session, m.session(2).number);
  EXPECT_EQ(m.second().violation, m.order().violation);
  ASSERT_EQ(m.effects.probes.size(), 1U) << "it is looked at before anything is done";
  m.apply(at(104), model::ProbeInput{2, 0, 1, Liveness::Alive, Liveness::Unknown, {}});
  ASSERT_EQ(m.effects.steps.size(), 1U);
  EXPECT_EQ(m.effects.steps[0].action, model::Action::SignOutSubject);
  m.apply(at(105), model::AnswerInput{2, 0, AnswerCode::Accepted, {}});
  m.apply(at(106), model::ProbeInput{2, 0, 2, Liveness::Dead, Liveness::Unknown, {}});
  EXPECT_EQ(m.second().outcome, Outcome::Proven);
  EXPECT_EQ(m.session(2).end_reason, model::EndReason::Forced);
  // What is told of it later orders nothing again.
  m.see(107, ObservationType::Activity, 2, 89, 7);
  EXPECT_EQ(m.engine.sign_out(3).number, 0U);
}

TEST(LateSession, IsNoneThatBeganAfterIt) {
  Late m;
  m.see(103, ObservationType::SignIn, 2, 102, 7);
  EXPECT_EQ(m.second().number, 0U);
}

TEST(LateSession, IsNoneOfSomebodyElseOrElsewhereOrThatIsOver) {
  Late m;
  m.see(103, ObservationType::SignIn, 2, 90, 8);
  m.see(104, m.facts(ObservationType::SignIn, 3, 90, 7, "erp"));
  m.see(105, ObservationType::SignOut, 4, 90, 7);
  EXPECT_EQ(m.second().number, 0U);
}

TEST(LateSession, IsNoneWithFreshCredentialsSince) {
  Late m;
  auto fresh = m.facts(ObservationType::Reauthenticated, 2, 104);
  fresh.fresh_credentials = true;
  m.see(104, fresh);
  m.see(105, ObservationType::SignIn, 2, 90, 7);
  EXPECT_EQ(m.second().number, 0U);
}

TEST(LateSession, TurnsOutToBeTheirs) {
  auto set = enforced({step(model::Action::SignOutSubject)});
  Loop m(set);
  auto by_sid = m.facts(ObservationType::SignIn, 2, 50);
  by_sid.identifiers[0] = {m.symbols.intern("sid"), ref(70)};
  by_sid.identifier_count = 1;
  m.see(50, by_sid);
  m.tick(100);
  m.probe(101, 1, Liveness::Alive);
  ASSERT_EQ(m.effects.steps.size(), 1U);
  EXPECT_EQ(m.effects.steps[0].identifiers.size(), 1U);
  EXPECT_EQ(m.engine.sign_out(2).number, 0U);
  m.see(103, m.by_both_names(102));
  EXPECT_EQ(m.engine.sign_out(2).reason, "late: longest");
  EXPECT_EQ(m.engine.sign_out(2).session, m.session(2).number);
  m.apply(at(104), model::ProbeInput{2, 0, 1, Liveness::Alive, Liveness::Unknown, {}});
  ASSERT_EQ(m.effects.steps.size(), 1U);
  EXPECT_EQ(m.effects.steps[0].identifiers.size(), 2U) << "whoever ends it may know it by another name";
}

TEST(LateSession, ANameLearntBeforeTheStepIsGivenWithIt) {
  Loop m(enforced({step(model::Action::SignOutSubject)}));
  m.tick(100);
  m.see(100.5, m.by_both_names(100));
  m.probe(101, 1, Liveness::Alive);
  ASSERT_EQ(m.effects.steps.size(), 1U);
  EXPECT_EQ(m.effects.steps[0].identifiers.size(), 2U);
}

TEST(LateSession, IsFoundAfterASnapshotToo) {
  Late m;
  std::string bytes;
  m.engine.save([&](std::string_view chunk) { bytes += chunk; });
  m.engine = Engine::load(bytes, m.symbols);
  m.see(103, ObservationType::SignIn, 2, 90, 7);
  EXPECT_EQ(m.second().reason, "late: longest");
}

TEST(LateSession, IsMistakenWithTheOrderThatItFollows) {
  Late m;
  m.answer(102, AnswerCode::Accepted);
  m.see(103, ObservationType::SignIn, 2, 90, 7);
  m.see(104, ObservationType::SignOut, 1, 50);
  EXPECT_EQ(m.count(EntryKind::ViolationWithdrawn), 1U);
  EXPECT_EQ(m.order().outcome, Outcome::Mistaken);
  EXPECT_EQ(m.second().outcome, Outcome::Held) << "nothing had been done yet: it is dropped";
  EXPECT_EQ(m.second().held_because, "withdrawn");
  m.see(105, ObservationType::SignIn, 3, 90, 7);
  EXPECT_EQ(m.engine.sign_out(3).number, 0U);
}

TEST(LateSession, IsHeldWhereTheCapIsReached) {
  auto set = enforced({step(model::Action::SignOutSubject)});
  set.safety.most_sign_outs_per_minute = 1;
  Loop m(set);
  m.tick(100);
  m.probe(101, 1, Liveness::Alive);
  m.see(103, ObservationType::SignIn, 2, 90, 7);
  EXPECT_EQ(m.engine.sign_out(2).held_because, "cap");
}

}  // namespace
}  // namespace curfew::engine::testing
