#include "tests/unit/engine/machine.hpp"

namespace curfew::engine::testing {
namespace {

using model::EntryKind;
using model::ObservationType;
using model::Rule;

struct Ward : Machine {
  explicit Ward(model::Evict evict = model::Evict::Oldest, bool enforced = false) {
    model::PolicySet set;
    set.safety.most_sign_outs_per_minute = 100;
    set.sources = {source("crm"), source("ad")};
    set.policies = {policy("one person", Rule::SharedDevice)};
    set.policies[0].evict = evict;
    if (enforced) {
      set.policies[0].mode = model::PolicyMode::Enforce;
      set.policies[0].ladder.emplace_back();
    }
    configure(0, set);
  }
  void sign_in(double time, std::uint8_t session, std::uint64_t who, std::uint64_t device = 500) {
    model::Facts what = facts(ObservationType::SignIn, session, time, who);
    what.device = ref(device);
    see(time, what);
  }
  [[nodiscard]] std::size_t found() const { return count(EntryKind::ViolationOpened); }
  [[nodiscard]] std::size_t taken_back() const { return count(EntryKind::ViolationWithdrawn); }
};

TEST(SharedDevice, TheNextPersonOnALiveSessionsDeviceIsABreach) {
  Ward m;
  m.sign_in(1, 1, 7);
  m.sign_in(10, 2, 9);
  ASSERT_EQ(m.found(), 1U);
  EXPECT_EQ(m.engine.violation(1).session, 2U);
  EXPECT_NE(m.engine.violation(1).evidence.find("\"measured\":2,\"sessions\":[1,2]"), std::string::npos)
      << m.engine.violation(1).evidence;
}

TEST(SharedDevice, AfterASignOutOrOnAnotherDeviceOrOfTheSamePersonItIsNone) {
  Ward m;
  m.sign_in(1, 1, 7);
  m.sign_in(2, 2, 7);
  m.sign_in(3, 3, 9, 501);
  m.see(5, ObservationType::SignOut, 1, 5);
  m.see(6, ObservationType::SignOut, 2, 6);
  m.sign_in(10, 4, 9);
  EXPECT_EQ(m.found(), 0U);
}

TEST(SharedDevice, ALateSignOutTakesItBackAndSoDoesALinkThatShowsOnePerson) {
  {
    Ward m;
    m.sign_in(1, 1, 7);
    m.sign_in(10, 2, 9);
    m.see(11, ObservationType::SignOut, 1, 9);
    EXPECT_EQ(m.taken_back(), 1U);
  }
  Ward m;
  m.sign_in(1, 1, 7);
  auto by_sid = m.facts(ObservationType::SignIn, 2, 10, 8);
  by_sid.identifiers[0].name_space = m.symbols.intern("sid");
  by_sid.device = ref(500);
  m.see(10, by_sid);
  ASSERT_EQ(m.found(), 1U);
  by_sid.type = ObservationType::Activity;
  by_sid.occurred_at = at(12);
  by_sid.identifiers[1] = {m.symbols.intern("name"), ref(7)};
  by_sid.identifier_count = 2;
  m.see(12, by_sid);
  EXPECT_EQ(m.taken_back(), 1U);
}

TEST(SharedDevice, SignsOutWhomThePolicySays) {
  for (const auto& [evict, whom] : {std::pair{model::Evict::Oldest, std::vector<std::uint64_t>{1}},
                                    std::pair{model::Evict::Newest, std::vector<std::uint64_t>{2}},
                                    std::pair{model::Evict::All, std::vector<std::uint64_t>{1, 2}}}) {
    Ward m(evict, true);
    m.sign_in(1, 1, 7);
    m.sign_in(10, 2, 9);
    std::vector<std::uint64_t> hit;
    for (const model::OrderNumber number : m.effects.sign_outs)
      hit.push_back(m.engine.sign_out(number).session);
    EXPECT_EQ(hit, whom) << name_of(evict);
  }
}

TEST(SharedDevice, WaitsForTheBacklogWithASignOutInIt) {
  Ward m;
  model::PolicySet set;
  set.safety.most_sign_outs_per_minute = 100;
  set.sources = {source("crm"), source("ad")};
  for (auto& one : set.sources) one.stale_after = seconds(600);
  set.policies = {policy("one person", Rule::SharedDevice)};
  m.configure(0, set);
  m.sign_in(1, 1, 7);
  m.apply(at(100), model::StartedInput{"again"});
  m.sign_in(101, 2, 9);
  EXPECT_EQ(m.found(), 0U);
  m.heard(110, 110);
  EXPECT_EQ(m.found(), 1U);
}

TEST(SharedDevice, WhoTurnsOutToBeOutsideThePolicyIsCountedWithNobody) {
  Machine m;
  model::PolicySet set;
  set.sources = {source("crm")};
  set.policies = {policy("one person", Rule::SharedDevice), policy("at once", Rule::ConcurrentSessions)};
  for (model::Policy& each : set.policies) each.except.sign_ins = {model::Interactivity::Silent};
  set.policies[1].most = 1;
  m.configure(0, set);
  for (const auto& [session, who] : {std::pair{1, 7}, {2, 9}, {3, 9}}) {
    model::Facts what = m.facts(ObservationType::SignIn, static_cast<std::uint8_t>(session), session,
                                static_cast<std::uint64_t>(who));
    if (session < 3) what.device = ref(500);
    m.see(session, what);
  }
  ASSERT_EQ(m.count(EntryKind::ViolationOpened), 2U);
  for (std::uint8_t session = 1; session <= 2; ++session) {
    model::Facts what = m.facts(ObservationType::Activity, session, 10);
    what.interactivity = model::Interactivity::Silent;
    m.see(10 + session, what);
    EXPECT_EQ(m.count(EntryKind::ViolationWithdrawn), session);
  }
}

}  // namespace
}  // namespace curfew::engine::testing
