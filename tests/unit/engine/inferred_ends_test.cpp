#include "tests/unit/engine/machine.hpp"

namespace curfew::engine::testing {
namespace {

using model::Certainty;
using model::EndReason;
using model::EntryKind;
using model::ObservationType;
using model::Rule;

model::Facts concluded(Machine& m, std::uint8_t session, double occurred,
                       EndReason reason = EndReason::Reboot) {
  model::Facts facts = m.facts(ObservationType::SignOut, session, occurred);
  facts.end_reason = reason;
  facts.end_certainty = Certainty::Inferred;
  return facts;
}

model::PolicySet one_policy(model::Policy policy) {
  model::PolicySet set;
  set.sources = {source("crm")};
  set.policies = {std::move(policy)};
  return set;
}

TEST(InferredEnd, OfAConnectorIsShownAsInferredAndTakenBackByLaterActivity) {
  Machine m;
  m.configure(0, one_policy(policy("after", Rule::ActivityAfterEnd)));
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  m.see(20, concluded(m, 1, 10));
  EXPECT_EQ(m.session(1).state, model::SessionState::Ended);
  EXPECT_EQ(m.session(1).end_reason, EndReason::Reboot);
  EXPECT_EQ(m.session(1).end_certainty, Certainty::Inferred);
  m.see(30, ObservationType::Activity, 1, 30);
  EXPECT_EQ(m.session(1).state, model::SessionState::Active);
  EXPECT_EQ(m.session(1).corrections, 1U);
  EXPECT_EQ(m.count(EntryKind::SessionReopened), 1U);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 0U) << "activity after a guess is no activity after the end";
}

TEST(InferredEnd, ThatActivityContradictsAlreadyIsNotBelieved) {
  Machine m;
  m.configure(0, one_policy(policy("after", Rule::ActivityAfterEnd)));
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  m.see(15, ObservationType::Activity, 1, 15);
  m.see(20, concluded(m, 1, 10));
  EXPECT_EQ(m.session(1).state, model::SessionState::Active);
  EXPECT_EQ(m.session(1).corrections, 0U);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 0U);
}

TEST(InferredEnd, GivesWayToAStatedOne) {
  Machine m;
  m.configure(0, one_policy(policy("after", Rule::ActivityAfterEnd)));
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  m.see(20, concluded(m, 1, 10));
  m.see(30, ObservationType::SignOut, 1, 25);
  m.see(31, concluded(m, 1, 5));
  EXPECT_EQ(m.session(1).end_certainty, Certainty::Stated);
  EXPECT_EQ(m.session(1).end_reason, EndReason::SignedOut);
  EXPECT_EQ(m.session(1).ended_at, at(25));
}

TEST(InferredEnd, WithdrawsALimitPassedAfterItAndReopeningBringsItBack) {
  model::Policy longest = policy("longest", Rule::SessionTimeout);
  longest.limit = seconds(100);
  Machine m;
  m.configure(0, one_policy(longest));
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  m.tick(150);
  ASSERT_EQ(m.count(EntryKind::ViolationOpened), 1U);
  m.see(160, concluded(m, 1, 50));
  EXPECT_EQ(m.count(EntryKind::ViolationWithdrawn), 1U);
  m.see(170, ObservationType::Activity, 1, 170);
  m.tick(171);
  ASSERT_EQ(m.count(EntryKind::ViolationOpened), 2U);
  EXPECT_EQ(m.engine.violation(2).breached_at, at(101));
}

TEST(InferredEnd, ProvesNoSignOut) {
  model::Policy longest = policy("longest", Rule::SessionTimeout);
  longest.limit = seconds(100);
  longest.mode = model::PolicyMode::Enforce;
  longest.ladder.emplace_back();
  Machine m;
  m.configure(0, one_policy(longest));
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  m.tick(101);
  m.apply(at(102), model::ProbeInput{1, 0, 1, model::Liveness::Alive, model::Liveness::Unknown, {}});
  m.apply(at(103), model::AnswerInput{1, 0, model::AnswerCode::Accepted, {}});
  m.see(110, concluded(m, 1, 105, EndReason::Vanished));
  EXPECT_EQ(m.engine.sign_out(1).outcome, model::Outcome::Pending);
  m.see(111, ObservationType::SignOut, 1, 106);
  EXPECT_EQ(m.engine.sign_out(1).outcome, model::Outcome::Proven) << "the source said it itself";
}

TEST(InferredEnd, OfASubjectEndsEachOfItsSessionsThere) {
  Machine m;
  m.configure(0, one_policy(policy("after", Rule::ActivityAfterEnd)));
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  m.see(2, ObservationType::SignIn, 2, 2, 7);
  m.see(9, ObservationType::Activity, 2, 9);
  model::Facts all = concluded(m, 0, 5);
  all.identifiers[0] = {m.symbols.intern("name"), ref(7)};
  all.identifier_count = 1;
  m.see(10, all);
  EXPECT_EQ(m.session(1).end_certainty, Certainty::Inferred);
  EXPECT_EQ(m.session(1).state, model::SessionState::Ended);
  EXPECT_EQ(m.session(2).state, model::SessionState::Active) << "it acted after that";
}

TEST(InferredEnd, IsTheSameFromItsLedgerEntry) {
  Machine m;
  m.configure(0, one_policy(policy("after", Rule::ActivityAfterEnd)));
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  m.see(20, concluded(m, 1, 10));
  m.see(30, ObservationType::Activity, 1, 30);
  model::Symbols symbols;
  Replayer replayer(Engine(symbols), symbols);
  for (std::size_t i = 0; i < m.ledger.size(); ++i) EXPECT_FALSE(replayer.feed(i, m.ledger[i]));
  EXPECT_FALSE(replayer.finish());
  EXPECT_EQ(replayer.engine().session(1), m.session(1));
}

}  // namespace
}  // namespace curfew::engine::testing
