#include "tests/unit/engine/machine.hpp"

namespace curfew::engine::testing {
namespace {

using model::AnswerCode;
using model::EntryKind;
using model::Liveness;
using model::ObservationType;
using model::Outcome;
using model::Refusal;
using model::Rule;
using model::Standing;

// An application with its log, and a gate before it.
model::PolicySet behind_a_gate(std::vector<model::Policy> policies) {
  model::PolicySet set;
  set.sources = {source("crm"), source("door")};
  set.sources[1].connector = model::gate_connector;
  set.sources[1].shows_activity_of = {"crm"};
  set.sources[1].can_prove = false;
  set.policies = std::move(policies);
  for (model::Policy& policy : set.policies) {
    policy.mode = model::PolicyMode::Enforce;
    if (policy.ladder.empty()) policy.ladder.emplace_back();
  }
  return set;
}

model::Policy longest(std::int64_t limit, std::int64_t warn_before = 0) {
  model::Policy longest = policy("longest", Rule::SessionTimeout);
  longest.limit = seconds(limit);
  longest.warn_before = seconds(warn_before);
  return longest;
}

model::Policy idle(std::int64_t limit, std::int64_t warn_before = 0) {
  model::Policy idle = policy("idle", Rule::InactivityTimeout);
  idle.limit = seconds(limit);
  idle.warn_before = seconds(warn_before);
  return idle;
}

struct Guarded : Machine {
  explicit Guarded(const model::PolicySet& set) {
    configure(0, set);
    see(0, ObservationType::SignIn, 1, 0, 7);
  }
  [[nodiscard]] model::GateEntry entry(std::uint8_t number = 1) const {
    return engine.gate_entry(engine.find_session("crm", digest(number)));
  }
  // Signed out by policy "longest", its only step accepted and looked after.
  void sign_out(Liveness then) {
    tick(100);
    apply(at(100), model::ProbeInput{1, 0, 1, Liveness::Alive, Liveness::Unknown, {}});
    apply(at(100), model::AnswerInput{1, 0, AnswerCode::Accepted, {}});
    apply(at(101), model::ProbeInput{1, 0, 2, then, Liveness::Unknown, {}});
  }
  [[nodiscard]] model::SignOutRow order() const { return engine.sign_out(1); }
};

TEST(GateEntry, CarriesTheTightestLimitsOfEnforcingPolicies) {
  auto set = behind_a_gate({longest(1000), longest(500, 60), idle(300), idle(200, 20)});
  const Guarded m(set);
  const model::GateEntry entry = m.entry();
  EXPECT_EQ(entry.standing, Standing::Live);
  EXPECT_EQ(entry.refuse_at, at(500));
  EXPECT_EQ(entry.warn_at, at(440));
  EXPECT_EQ(entry.idle_limit, seconds(200));
  EXPECT_EQ(entry.idle_warning, seconds(20));
  EXPECT_EQ(entry.last_person_at, at(0));
}

TEST(GateEntry, HasNoLimitOfAPolicyThatOnlyObservesOrOnlyNotifies) {
  auto set = behind_a_gate({longest(500), idle(200)});
  set.policies[0].mode = model::PolicyMode::Observe;
  set.policies[1].ladder[0].action = model::Action::Notify;
  const Guarded m(set);
  EXPECT_EQ(m.entry().refuse_at, Time{});
  EXPECT_EQ(m.entry().idle_limit, Duration{0});
}

TEST(GateEntry, HasNoLimitWhoseSignOutWouldWaitForSomebody) {
  auto set = behind_a_gate({longest(500)});
  set.safety.protected_accounts = {"ref:" + to_text(ref(7))};
  const Guarded somebody(set);
  EXPECT_EQ(somebody.entry().refuse_at, Time{}) << "a protected account";
  set.safety.protected_accounts.clear();
  set.safety.approve_above = 1;
  set.policies[0].ladder[0].action = model::Action::SignOutSubject;
  const Guarded many(set);
  EXPECT_EQ(many.entry().refuse_at, Time{}) << "it may hit more than may be hit without approval";
}

TEST(GateEntry, HasNoIdleLimitWhileASourceThatCouldShowActivityIsSilent) {
  auto set = behind_a_gate({idle(5000)});
  set.sources[0].stale_after = seconds(60);
  Guarded m(set);
  EXPECT_EQ(m.entry().idle_limit, seconds(5000));
  m.tick(61);
  EXPECT_EQ(m.entry().idle_limit, Duration{0});
  EXPECT_TRUE(m.effects.limits_moved);
  m.heard(70, 70);
  EXPECT_EQ(m.entry().idle_limit, seconds(5000));
}

TEST(GateEntry, HasNoLimitAnyMoreWhoseSignOutIsHeldBack) {
  auto set = behind_a_gate({longest(100), longest(100)});
  set.policies[1].name = "other";
  set.policies[1].mode = model::PolicyMode::Observe;
  set.safety.most_sign_outs_per_minute = 1;
  Guarded m(set);
  m.see(0, ObservationType::SignIn, 2, 0, 8);
  m.tick(100);
  ASSERT_EQ(m.engine.sign_out(2).outcome, Outcome::Held) << "by the cap";
  const std::uint8_t held = m.engine.sign_out(2).session == 1 ? 1 : 2;
  EXPECT_EQ(m.entry(held).standing, Standing::Live);
  EXPECT_EQ(m.entry(held).refuse_at, Time{}) << "the gate must not do what the cap forbids";
}

TEST(GateEntry, OfASessionThatNoGateGuardsIsNothing) {
  auto set = behind_a_gate({longest(500)});
  set.sources[1].shows_activity_of.clear();
  const Guarded m(set);
  EXPECT_EQ(m.entry().number, 0U);
}

TEST(GateEntry, RefusesFromTheOrderOnAndWhateverCameOfIt) {
  Guarded m(behind_a_gate({longest(100)}));
  m.tick(100);
  EXPECT_EQ(m.entry().standing, Standing::Refused) << "before anything was done about it";
  EXPECT_EQ(m.entry().refusal, Refusal::SessionTimeout);
  m.apply(at(100), model::ProbeInput{1, 0, 1, Liveness::Alive, Liveness::Unknown, {}});
  m.apply(at(101), model::AnswerInput{1, 0, AnswerCode::Failed, {}});
  EXPECT_EQ(m.order().outcome, Outcome::Contained) << "it can't pass the gate, and may live elsewhere";
  EXPECT_EQ(m.entry().standing, Standing::Refused);
}

TEST(GateEntry, SaysThatAnAdministratorOrderedIt) {
  Guarded m(behind_a_gate({longest(100)}));
  model::CommandInput command;
  command.by = "ann";
  command.reason = "left the company";
  command.session = 1;
  m.apply(at(5), command);
  EXPECT_EQ(m.entry().standing, Standing::Refused);
  EXPECT_EQ(m.entry().refusal, Refusal::Administrator);
}

TEST(GateEntry, PassesAgainWhenTheSignOutWasAMistake) {
  Guarded m(behind_a_gate({idle(100)}));
  m.heard(110, 110);
  m.heard(110, 110, "door");
  m.tick(110);
  ASSERT_EQ(m.entry().standing, Standing::Refused);
  EXPECT_EQ(m.entry().refusal, Refusal::IdleTimeout);
  m.see(111, ObservationType::Activity, 1, 50);
  EXPECT_EQ(m.order().outcome, Outcome::Held) << "nothing was done yet";
  EXPECT_EQ(m.entry().standing, Standing::Live);
}

TEST(GateEntry, SaysThatThePersonSignedOutAndForgetsAnInferredEnd) {
  Guarded m(behind_a_gate({longest(500)}));
  m.see(10, ObservationType::SignOut, 1, 10);
  EXPECT_EQ(m.entry().standing, Standing::Refused);
  EXPECT_EQ(m.entry().refusal, Refusal::SignedOut);
  model::Facts concluded = m.facts(ObservationType::Expired, 2, 20);
  m.see(11, ObservationType::SignIn, 2, 11, 8);
  concluded.end_certainty = model::Certainty::Inferred;
  m.see(20, concluded);
  ASSERT_EQ(m.session(2).state, model::SessionState::Ended);
  EXPECT_EQ(m.entry(2).standing, Standing::Live) << "it may go on";
}

TEST(GateEntry, IsOfTheNewestSessionWithThatId) {
  Guarded m(behind_a_gate({longest(500)}));
  m.see(10, ObservationType::SignOut, 1, 10);
  m.see(20, ObservationType::SignIn, 1, 20, 7);
  EXPECT_EQ(m.entry().standing, Standing::Live);
  EXPECT_EQ(m.engine.gate_entry(1).number, 0U);
}

// ---- a credential that is used after the end ----

TEST(ActivityAfterEnd, IsFoundWhenTheGateRefusesAReplayedCookieAndNeedsNoSignOut) {
  Guarded m(behind_a_gate({policy("after", Rule::ActivityAfterEnd)}));
  model::Facts told = m.facts(ObservationType::Activity, 1, 1);
  told.user_agent = ref(50);
  told.address = ref(60);
  m.see(1, told);
  m.see(10, ObservationType::SignOut, 1, 10);
  model::Facts replayed = m.facts(ObservationType::SignInFailed, 1, 20, 0, "door");
  replayed.user_agent = ref(51);
  replayed.address = ref(60);
  m.see(20, replayed);
  const auto opened = m.facts_of(EntryKind::ViolationOpened);
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_NE(opened[0].find("\"cause\":\"another_client\",\"refused\":true"), std::string::npos) << opened[0];
  EXPECT_EQ(m.count(EntryKind::SignOutOrdered), 0U);
  EXPECT_EQ(m.session(1).ended_at, at(10));
}

TEST(ActivityAfterEnd, IsNoneWhileTheGateRefusesASessionWhoseSignOutRuns) {
  Guarded m(behind_a_gate({longest(100), policy("after", Rule::ActivityAfterEnd)}));
  m.tick(100);
  m.see(101, m.facts(ObservationType::SignInFailed, 1, 101, 0, "door"));
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 1U) << "the timeout alone";
  EXPECT_EQ(m.order().outcome, Outcome::Pending) << "our own refusal proves nothing";
}

// ---- what comes after the ladder's end ----

TEST(LateProof, TurnsContainedIntoProvenWhenTheSourceRefusesItsCredentialLater) {
  auto set = behind_a_gate({longest(100)});
  set.sources[0].can_prove = false;
  Guarded m(set);
  m.tick(100);
  m.apply(at(101), model::AnswerInput{1, 0, AnswerCode::Accepted, {}});
  m.see(110, ObservationType::Activity, 1, 110);
  m.tick(131);
  EXPECT_EQ(m.order().outcome, Outcome::StillAlive) << "it went on past the gate";
  EXPECT_EQ(m.entry().standing, Standing::Refused);
  m.see(140, m.facts(ObservationType::SignInFailed, 1, 140));
  EXPECT_EQ(m.order().outcome, Outcome::Proven);
  EXPECT_EQ(m.order().concluded_at, at(140));
  EXPECT_NE(m.order().trail.find("refused_credential"), std::string::npos);
  EXPECT_EQ(m.session(1).end_reason, model::EndReason::Forced);
}

TEST(LateProof, IsLookedForWithGrowingPausesForADay) {
  Guarded m(behind_a_gate({longest(100)}));
  m.tick(100);
  m.apply(at(100), model::ProbeInput{1, 0, 1, Liveness::Unknown, Liveness::Unknown, {}});
  m.apply(at(100), model::AnswerInput{1, 0, AnswerCode::Accepted, {}});
  std::uint32_t asked = 1;
  double t = 100;
  for (; t < 100 + 23 * 3600; t += 30) {
    m.tick(t);
    for (const model::RunProbe& probe : std::vector(m.effects.probes)) {
      asked = probe.probe;
      m.apply(at(t), model::ProbeInput{1, 0, probe.probe, Liveness::Unknown, Liveness::Unknown, {}});
    }
  }
  EXPECT_GT(asked, 23U * 6 - 10) << "every ten minutes at least";
  EXPECT_LT(asked, 23U * 6 + 20);
  EXPECT_EQ(m.order().outcome, Outcome::Contained);
}

TEST(LateProof, IsTakenBackByActivityThatComesAfterIt) {
  Guarded m(behind_a_gate({longest(100)}));
  m.sign_out(Liveness::Dead);
  ASSERT_EQ(m.order().outcome, Outcome::Proven);
  m.see(102, ObservationType::Activity, 1, 101.5);
  EXPECT_EQ(m.order().outcome, Outcome::Proven) << "a clock that is a little off";
  m.see(110, ObservationType::Activity, 1, 110);
  EXPECT_EQ(m.order().outcome, Outcome::StillAlive);
  EXPECT_EQ(m.session(1).state, model::SessionState::Active);
  EXPECT_EQ(m.session(1).corrections, 1U);
  EXPECT_EQ(m.count(EntryKind::SessionReopened), 1U);
  EXPECT_EQ(m.entry().standing, Standing::Refused);
}

// What the session has shown of its source counts for the next order too, also after a restart.
TEST(LateProof, OfASourceThatWasFoundWrongIsNotBelievedByTheNextOrderEither) {
  Guarded m(behind_a_gate({longest(100)}));
  m.sign_out(Liveness::Dead);
  m.see(110, ObservationType::Activity, 1, 110);
  ASSERT_EQ(m.order().outcome, Outcome::StillAlive);
  std::string bytes;
  m.engine.save([&](std::string_view chunk) { bytes += chunk; });
  m.engine = Engine::load(bytes, m.symbols);
  model::CommandInput command{.by = "anna", .reason = "laptop was stolen"};
  command.selection.sources = {"crm"};
  m.apply(at(120), std::move(command));
  ASSERT_EQ(m.effects.commanded, std::vector<model::OrderNumber>{2});
  m.apply(at(121), model::ProbeInput{2, 0, 1, Liveness::Dead, Liveness::Alive, {}});
  EXPECT_EQ(m.engine.sign_out(2).outcome, Outcome::Pending) << "it acts all the same";
  m.apply(at(122), model::AnswerInput{2, 0, AnswerCode::NotFound, {}});
  m.apply(at(123), model::ProbeInput{2, 0, 2, Liveness::Dead, Liveness::Alive, {}});
  EXPECT_EQ(m.engine.sign_out(2).outcome, Outcome::Pending);
  m.apply(at(125), model::ProbeInput{2, 0, 3, Liveness::Alive, Liveness::Alive, {}});
  m.apply(at(130), model::ProbeInput{2, 0, 4, Liveness::Dead, Liveness::Alive, {}});
  EXPECT_EQ(m.engine.sign_out(2).outcome, Outcome::Proven);
}

struct GuardedPerson : Guarded {
  explicit GuardedPerson(model::Action action) : Guarded(ladder_of(action)) {}
  static model::PolicySet ladder_of(model::Action action) {
    model::PolicySet set = behind_a_gate({longest(100)});
    set.policies[0].ladder[0].action = action;
    return set;
  }
  void begin_step() {
    tick(100);
    apply(at(100), model::ProbeInput{1, 0, 1, Liveness::Alive, Liveness::Unknown, {}});
  }
};

TEST(TokenDenial, BeginsWithTheIntentOfAStepThatHitsThePersonAndEndsWithTheOrder) {
  GuardedPerson m(model::Action::SignOutSubject);
  m.tick(100);
  EXPECT_TRUE(m.engine.token_denials().empty()) << "it was only looked whether the session lives";
  m.apply(at(101), model::ProbeInput{1, 0, 1, Liveness::Alive, Liveness::Unknown, {}});
  const std::vector<model::TokenDenial> expected{{.source = "crm",
                                                  .person = ref(7),
                                                  .order = 1,
                                                  .issued_until = at(101),
                                                  .refusal = Refusal::SessionTimeout}};
  EXPECT_EQ(m.engine.token_denials(1), expected);
  EXPECT_EQ(m.engine.token_denials(), expected);
  std::string bytes;
  m.engine.save([&](std::string_view chunk) { bytes += chunk; });
  EXPECT_EQ(Engine::load(bytes, m.symbols).token_denials(), expected) << "a restart forgets none";
  m.apply(at(102), model::AnswerInput{1, 0, AnswerCode::Accepted, {}});
  m.apply(at(103), model::ProbeInput{1, 0, 2, Liveness::Dead, Liveness::Unknown, {}});
  ASSERT_EQ(m.order().outcome, Outcome::Proven);
  EXPECT_EQ(m.engine.token_denials(1), expected);
  m.tick(103 + 24 * 3600 - 1);
  EXPECT_EQ(m.engine.token_denials(1), expected) << "as long as a token may live";
  m.tick(103 + 24 * 3600 + 1);
  EXPECT_TRUE(m.engine.token_denials(1).empty());
}

TEST(TokenDenial, IsNoneOfASignOutOfOneSession) {
  GuardedPerson m(model::Action::SignOutSession);
  m.begin_step();
  ASSERT_EQ(m.entry().standing, Standing::Refused);
  EXPECT_TRUE(m.engine.token_denials(1).empty());
}

TEST(TokenDenial, IsTakenBackWithAMistake) {
  GuardedPerson m(model::Action::SignOutSubject);
  m.begin_step();
  ASSERT_EQ(m.engine.token_denials(1).size(), 1U);
  // It had begun later than was known, so nothing was too long.
  m.see(105, ObservationType::SignOut, 1, 50);
  ASSERT_EQ(m.order().outcome, Outcome::Mistaken);
  ASSERT_EQ(m.engine.token_denials(1).size(), 1U);
  EXPECT_EQ(m.engine.token_denials(1)[0].issued_until, Time{});
}

TEST(TokenDenial, HasEachNameOfThePerson) {
  GuardedPerson m(model::Action::DisableAccount);
  model::Facts taught = m.facts(ObservationType::Activity, 1, 10, 7);
  taught.identifiers[1] = {m.symbols.intern("sid"), ref(8)};
  taught.identifier_count = 2;
  m.see(10, taught);
  m.begin_step();
  ASSERT_EQ(m.engine.token_denials(1).size(), 2U);
  EXPECT_EQ(m.engine.token_denials(1)[0].person, ref(7));
  EXPECT_EQ(m.engine.token_denials(1)[1].person, ref(8));
}

}  // namespace
}  // namespace curfew::engine::testing
