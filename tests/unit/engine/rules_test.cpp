#include "tests/unit/engine/machine.hpp"

namespace curfew::engine::testing {
namespace {

using model::EntryKind;
using model::ObservationType;
using model::Rule;

model::PolicySet with(model::Policy policy) {
  model::PolicySet set;
  set.sources = {source("crm"), source("ad")};
  set.policies = {std::move(policy)};
  return set;
}

model::Policy at_once(std::uint32_t most) {
  model::Policy p = policy("at once", Rule::ConcurrentSessions);
  p.most = most;
  return p;
}

TEST(Concurrency, OneSessionTooManyIsABreachAcrossSources) {
  Machine m;
  m.configure(0, with(at_once(1)));
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  m.see(2, m.facts(ObservationType::SignIn, 2, 2, 7, "ad"));
  ASSERT_EQ(m.count(EntryKind::ViolationOpened), 1U);
  EXPECT_EQ(m.engine.violation(1).session, 2U);
  EXPECT_NE(m.engine.violation(1).evidence.find("\"sessions\":[1,2]"), std::string::npos);
}

TEST(Concurrency, ALateSignOutShowsThatItWasNone) {
  Machine m;
  m.configure(0, with(at_once(1)));
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  m.see(10, ObservationType::SignIn, 2, 10, 7);
  m.see(11, ObservationType::SignOut, 1, 9);
  EXPECT_EQ(m.count(EntryKind::ViolationWithdrawn), 1U);
}

TEST(Concurrency, JoinedSessionsCountOnce) {
  Machine m;
  m.configure(0, with(at_once(1)));
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  auto twin = m.facts(ObservationType::SignIn, 2, 1, 7);
  twin.linked_session = digest(1);
  m.see(1, twin);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 0U);
}

TEST(Concurrency, ARuleAboutInteractiveSignInsCountsNoSilentOne) {
  auto p = at_once(1);
  p.scope.sign_ins = {model::Interactivity::Interactive};
  Machine m;
  m.configure(0, with(p));
  const auto signs_in = [&](std::uint8_t session, model::Interactivity how) {
    auto facts = m.facts(ObservationType::SignIn, session, session, 7);
    facts.interactivity = how;
    m.see(session, facts);
  };
  signs_in(1, model::Interactivity::Interactive);
  signs_in(2, model::Interactivity::Silent);
  signs_in(3, model::Interactivity::Unknown);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 0U);
  signs_in(4, model::Interactivity::Interactive);
  ASSERT_EQ(m.count(EntryKind::ViolationOpened), 1U);
  EXPECT_NE(m.engine.violation(1).evidence.find("\"sessions\":[1,4]"), std::string::npos)
      << m.engine.violation(1).evidence;
}

TEST(Concurrency, ThroughALinkAloneWaitsForApproval) {
  auto p = at_once(1);
  p.mode = model::PolicyMode::Enforce;
  p.ladder.emplace_back();
  Machine m;
  m.configure(0, with(p));
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  auto by_sid = m.facts(ObservationType::SignIn, 2, 2, 0, "ad");
  by_sid.identifiers[0] = {m.symbols.intern("sid"), ref(70)};
  by_sid.identifier_count = 1;
  m.see(2, by_sid);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 0U);
  by_sid.type = ObservationType::Activity;
  by_sid.occurred_at = at(3);
  by_sid.identifiers[1] = {m.symbols.intern("name"), ref(7)};
  by_sid.identifier_count = 2;
  m.see(3, by_sid);
  EXPECT_EQ(m.count(EntryKind::SubjectLinked), 1U);
  ASSERT_EQ(m.count(EntryKind::ViolationOpened), 1U);
  EXPECT_EQ(m.engine.sign_out(1).held_because, "link");
  EXPECT_EQ(m.engine.subject_of(ref(70)), ref(7)) << "the oldest identifier names the subject";
}

TEST(Links, OfTwoValuesOfOneNamespaceAreRefusedOnceAndShown) {
  Machine m;
  m.configure(0, with(at_once(9)));
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  auto other = m.facts(ObservationType::Activity, 1, 2, 8);
  m.see(2, other);
  m.see(3, other);
  EXPECT_EQ(m.count(EntryKind::LinkRefused), 1U);
  EXPECT_EQ(m.engine.subject_of(ref(8)), ref(8));
}

TEST(Links, AreTaughtOnlyByASourceThatMay) {
  auto set = with(at_once(9));
  set.sources[0].may_teach = {"name"};
  Machine m;
  m.configure(0, set);
  auto both = m.facts(ObservationType::SignIn, 1, 1, 7);
  both.identifiers[1] = {m.symbols.intern("sid"), ref(70)};
  both.identifier_count = 2;
  m.see(1, both);
  EXPECT_EQ(m.count(EntryKind::SubjectLinked), 0U);
  EXPECT_EQ(m.engine.counts().links_not_taught, 1U);
}

TEST(Links, OfAllNamespacesAreTaughtByASourceThatMayTeachAll) {
  auto set = with(at_once(9));
  set.sources[0].may_teach = {"*"};
  Machine m;
  m.configure(0, set);
  auto both = m.facts(ObservationType::SignIn, 1, 1, 7);
  both.identifiers[1] = {m.symbols.intern("sid"), ref(70)};
  both.identifier_count = 2;
  m.see(1, both);
  EXPECT_EQ(m.count(EntryKind::SubjectLinked), 1U);
  EXPECT_EQ(m.engine.subject_of(ref(70)), ref(7));
}

TEST(Links, ThatAnOperatorSplitStaySplit) {
  Machine m;
  m.configure(0, with(at_once(1)));
  auto both = m.facts(ObservationType::SignIn, 1, 1, 7);
  both.identifiers[1] = {m.symbols.intern("sid"), ref(70)};
  both.identifier_count = 2;
  m.see(1, both);
  auto second = m.facts(ObservationType::SignIn, 2, 2, 0);
  second.identifiers[0] = {m.symbols.intern("sid"), ref(70)};
  second.identifier_count = 1;
  m.see(2, second);
  ASSERT_EQ(m.count(EntryKind::ViolationOpened), 1U);
  model::CommandInput split;
  split.verb = model::Verb::SplitSubject;
  split.subject = ref(7);
  m.apply(at(3), split);
  EXPECT_EQ(m.count(EntryKind::ViolationWithdrawn), 1U);
  EXPECT_EQ(m.engine.subject_of(ref(70)), ref(70));
  both.type = ObservationType::Activity;
  both.occurred_at = at(4);
  m.see(4, both);
  EXPECT_EQ(m.engine.subject_of(ref(70)), ref(70));
  EXPECT_EQ(m.count(EntryKind::LinkRefused), 1U);
}

TEST(Counts, SayForEachSourceHowManyOfItsSessionsLiveAlsoAfterASnapshot) {
  Machine m;
  auto set = with(at_once(9));
  set.sources.push_back(source("ad"));
  m.configure(0, set);
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  m.see(2, ObservationType::SignIn, 2, 2, 8);
  m.see(3, m.facts(ObservationType::SignIn, 3, 3, 9, "ad"));
  m.see(4, ObservationType::SignOut, 2, 4);
  using Live = std::map<std::string, std::size_t>;
  EXPECT_EQ(m.engine.counts().live_by_source, (Live{{"crm", 1}, {"ad", 1}}));
  std::string bytes;
  m.engine.save([&](std::string_view part) { bytes += part; });
  EXPECT_EQ(Engine::load(bytes, m.symbols).counts().live_by_source, (Live{{"crm", 1}, {"ad", 1}}));
  m.see(5, m.facts(ObservationType::SignOut, 3, 5, 0, "ad"));
  EXPECT_EQ(m.engine.counts().live_by_source, (Live{{"crm", 1}}));
}

TEST(FailedSignIns, AreABreachWhenASuccessFollowsThemAlsoInWrongOrder) {
  model::Policy p = policy("guessing", Rule::FailedSignIns);
  p.most = 3;
  p.window = seconds(60);
  Machine m;
  m.configure(0, with(p));
  m.see(1, ObservationType::SignInFailed, 0, 1, 7);
  m.see(2, ObservationType::SignInFailed, 0, 2, 7);
  m.see(4, ObservationType::SignIn, 1, 4, 7);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 0U);
  m.see(5, ObservationType::SignInFailed, 0, 3, 7);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 1U);
}

TEST(ActivityAfterEnd, NeedsAStatedEndAndSaysWhatCausedIt) {
  Machine m;
  m.configure(0, with(policy("after", Rule::ActivityAfterEnd)));
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  m.see(10, ObservationType::SignOut, 1, 10);
  auto poll = m.facts(ObservationType::Activity, 1, 20);
  poll.activity_class = model::ActivityClass::Machine;
  m.see(20, poll);
  ASSERT_EQ(m.count(EntryKind::ViolationOpened), 1U);
  EXPECT_NE(m.engine.violation(1).evidence.find("background_requests"), std::string::npos);
  EXPECT_EQ(m.session(1).state, model::SessionState::Ended);
}

TEST(Scope, UnknownMembershipMatchesNothingAndIsCounted) {
  model::Policy p = policy("payroll", Rule::SessionTimeout);
  p.limit = seconds(100);
  p.scope.groups = {"payroll"};
  Machine m;
  m.configure(0, with(p));
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  m.tick(200);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 0U);
  EXPECT_GT(m.engine.counts().unknown_memberships, 0U);
  m.apply(at(201), model::GroupsInput{"directory", "payroll", {ref(7)}});
  m.tick(202);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 1U) << "a member from now on";
}

TEST(Scope, AGroupThatIsExemptHidesNobodyOnceItIsKnown) {
  model::Policy p = policy("not-the-watch", Rule::SessionTimeout);
  p.limit = seconds(100);
  p.except.groups = {"watch"};
  Machine m;
  m.configure(0, with(p));
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  m.see(1, ObservationType::SignIn, 2, 1, 8);
  m.tick(200);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 0U) << "either could be in it";
  m.apply(at(201), model::GroupsInput{"directory", "watch", {ref(7)}});
  m.tick(202);
  ASSERT_EQ(m.count(EntryKind::ViolationOpened), 1U);
  EXPECT_EQ(m.engine.violation(1).subject, ref(8));
  m.apply(at(203), model::GroupsInput{"directory", "watch", {}});
  m.tick(204);
  EXPECT_EQ(m.count(EntryKind::ViolationOpened), 2U) << "who left it is exempt no more";
}

TEST(Sessions, KnownFromActivityHaveNoSeenStart) {
  Machine m;
  m.configure(0, with(at_once(9)));
  m.see(50, ObservationType::Activity, 1, 50, 7);
  EXPECT_FALSE(m.session(1).start_seen);
  m.see(51, ObservationType::SignIn, 1, 10, 7);
  EXPECT_TRUE(m.session(1).start_seen);
  EXPECT_EQ(m.session(1).started_at, at(10));
  EXPECT_EQ(m.session(1).last_person_activity_at, at(50)) << "an old event does not move activity back";
}

TEST(Record, EveryInputComesBackFromItsEntries) {
  Machine m;
  model::PolicySet set = with(at_once(2));
  for (int i = 0; i < 400; ++i) {
    set.policies.push_back(
        policy("a policy with a \"long\" näme " + std::to_string(i), Rule::SessionTimeout));
    set.policies.back().limit = seconds(1000);
  }
  m.configure(0, set);
  EXPECT_GT(m.count(EntryKind::Configuration), 1U) << "in parts";
  for (const model::Entry& entry : m.ledger) EXPECT_LT(entry.facts.size(), model::max_leaf_bytes);
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  m.heard(2, 2);
  m.apply(at(3), model::StartedInput{"1.0"});
  m.apply(at(4), model::ClockInput{at(3), at(4)});
  m.apply(at(5), model::GroupsInput{"directory", "payroll", {ref(7), ref(8)}});
  model::CommandInput command;
  command.by = "ann";
  command.reason = "left the \"company\"";
  command.session = 1;
  command.ladder.emplace_back().at = "ad";
  m.apply(at(6), command);
  m.apply(at(7), model::AnswerInput{1, 0, model::AnswerCode::NotFound, "gone"});
  m.apply(at(8), model::ProbeInput{1, 0, 2, model::Liveness::Dead, model::Liveness::Alive, "x"});
  m.tick(9);
  model::Symbols other;
  InputReader reader(other);
  Replayer replayer(Engine(other), other);
  std::size_t inputs = 0;
  for (std::size_t i = 0; i < m.ledger.size(); ++i) {
    const auto difference = replayer.feed(i, m.ledger[i]);
    ASSERT_FALSE(difference.has_value()) << difference->recorded << " / " << difference->recomputed;
    if (const auto input = reader.read(m.ledger[i])) {
      ASSERT_EQ(input->body.index(), m.inputs[inputs].body.index());
      EXPECT_EQ(input->at, m.inputs[inputs].at);
      ++inputs;
    }
  }
  EXPECT_EQ(inputs, m.inputs.size());
  EXPECT_FALSE(replayer.finish().has_value());
  EXPECT_EQ(replayer.engine().policies(), set);
}

TEST(Replay, SaysWhereADeliberatelyChangedRuleDecidesOtherwise) {
  Machine m;
  model::Policy p = policy("longest", Rule::SessionTimeout);
  p.limit = seconds(100);
  m.configure(0, with(p));
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  m.tick(101);
  p.limit = seconds(200);
  model::Symbols other;
  Replayer replayer(Engine(other), other);
  replayer.substitute_policies(with(p));
  std::optional<Difference> difference;
  for (std::size_t i = 0; i < m.ledger.size() && !difference; ++i) difference = replayer.feed(i, m.ledger[i]);
  ASSERT_TRUE(difference.has_value());
  EXPECT_NE(difference->recorded.find("violation_opened"), std::string::npos);
  EXPECT_TRUE(difference->recomputed.empty());
}

TEST(Snapshot, ThatIsDamagedIsRefused) {
  Machine m;
  m.configure(0, with(at_once(1)));
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  std::string bytes;
  m.engine.save([&](std::string_view chunk) { bytes += chunk; });
  for (std::size_t length = 0; length < bytes.size(); ++length)
    EXPECT_THROW(Engine::load(std::string_view(bytes).substr(0, length), m.symbols), Error);
}

}  // namespace
}  // namespace curfew::engine::testing
