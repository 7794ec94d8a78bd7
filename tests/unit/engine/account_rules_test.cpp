#include "tests/unit/engine/machine.hpp"

namespace curfew::engine::testing {
namespace {

using model::AccountChangeKind;
using model::EntryKind;
using model::ObservationType;
using model::Rule;

model::Policy disabled(std::vector<AccountChangeKind> changes = {}) {
  model::Policy p = policy("gone", Rule::DisabledAccountActivity);
  p.changes = std::move(changes);
  return p;
}

struct Account : Machine {
  explicit Account(model::Policy policy) {
    model::PolicySet set;
    set.safety.most_sign_outs_per_minute = 100;
    set.sources = {source("crm"), source("ad")};
    set.policies = {std::move(policy)};
    configure(0, set);
  }
  void tell(double time, ObservationType type, double occurred, std::string_view from = "ad") {
    see(time, facts(type, 0, occurred, 7, from));
  }
  model::Facts sign_in(std::uint8_t session, double when, bool fresh) {
    model::Facts what = facts(ObservationType::SignIn, session, when, 7);
    what.auth_method = fresh ? model::AuthMethod::Password : model::AuthMethod::Kerberos;
    what.fresh_credentials = fresh;
    return what;
  }
  [[nodiscard]] std::size_t found() const { return count(EntryKind::ViolationOpened); }
  [[nodiscard]] std::size_t taken_back() const { return count(EntryKind::ViolationWithdrawn); }
};

TEST(DisabledAccountActivity, IsFoundAtAnotherSourceOnceWithTheTimeAndWhoSaidSo) {
  Account m(disabled());
  m.see(1, m.sign_in(1, 1, true));
  m.tell(10, ObservationType::AccountDisabled, 10);
  EXPECT_EQ(m.found(), 0U) << "it did nothing since";
  m.see(20, ObservationType::Activity, 1, 20);
  m.see(21, ObservationType::Activity, 1, 21);
  ASSERT_EQ(m.found(), 1U);
  const model::ViolationRow row = m.engine.violation(1);
  EXPECT_EQ(row.breached_at, at(20));
  for (const char* text : {"\"change\":\"account_disabled\"", "\"told_by\":\"ad\"",
                           "\"shown_by\":\"activity\"", "\"measured\":10000000"})
    EXPECT_NE(row.evidence.find(text), std::string::npos) << row.evidence;
}

TEST(DisabledAccountActivity, ASignInWithATicketThatIsStillGoodIsFound) {
  Account m(disabled());
  m.tell(10, ObservationType::AccountDisabled, 10);
  m.see(20, m.sign_in(1, 20, false));
  ASSERT_EQ(m.found(), 1U);
  EXPECT_NE(m.engine.violation(1).evidence.find("\"shown_by\":\"sign_in\""), std::string::npos);
}

TEST(DisabledAccountActivity, EndsWhenTheSameSourceSaysThatItIsEnabled) {
  Account m(disabled());
  m.see(1, m.sign_in(1, 1, true));
  m.tell(10, ObservationType::AccountDisabled, 10);
  m.tell(11, ObservationType::AccountEnabled, 11, "crm");
  m.see(12, ObservationType::Activity, 1, 12);
  EXPECT_EQ(m.found(), 1U) << "the directory's account is disabled, whatever an application says";
  m.tell(20, ObservationType::AccountEnabled, 20);
  m.see(30, ObservationType::Activity, 1, 30);
  EXPECT_EQ(m.found(), 1U);
  m.tell(40, ObservationType::AccountDisabled, 40);
  m.see(50, ObservationType::Activity, 1, 50);
  EXPECT_EQ(m.found(), 2U) << "disabled once more";
}

TEST(DisabledAccountActivity, WhatIsToldLateFindsItAndTakesItBack) {
  Account m(disabled());
  m.see(1, m.sign_in(1, 1, true));
  m.see(20, ObservationType::Activity, 1, 20);
  m.tell(25, ObservationType::AccountDisabled, 10);
  EXPECT_EQ(m.found(), 1U);
  m.tell(30, ObservationType::AccountEnabled, 15);
  EXPECT_EQ(m.taken_back(), 1U);
}

TEST(DisabledAccountActivity, SaysNothingWithinItsLimit) {
  auto p = disabled();
  p.limit = seconds(60);
  Account m(p);
  m.see(1, m.sign_in(1, 1, true));
  m.tell(10, ObservationType::AccountDisabled, 10);
  m.see(70, ObservationType::Activity, 1, 70);
  EXPECT_EQ(m.found(), 0U);
  m.see(71, ObservationType::Activity, 1, 71);
  EXPECT_EQ(m.found(), 1U);
}

TEST(DisabledAccountActivity, ANewCredentialMattersOnlyWherePoliciesAskForItUntilItIsGiven) {
  {
    Account m(disabled());
    m.see(1, m.sign_in(1, 1, true));
    m.tell(10, ObservationType::CredentialChanged, 10);
    m.see(20, ObservationType::Activity, 1, 20);
    EXPECT_EQ(m.found(), 0U);
  }
  Account m(disabled({AccountChangeKind::CredentialChanged}));
  m.see(1, m.sign_in(1, 1, true));
  m.see(1, m.sign_in(2, 1, true));
  m.tell(10, ObservationType::CredentialChanged, 10);
  m.see(20, ObservationType::Activity, 1, 20);
  EXPECT_EQ(m.found(), 1U);
  auto again = m.facts(ObservationType::Reauthenticated, 2, 15);
  again.fresh_credentials = true;
  m.see(21, again);
  m.see(22, ObservationType::Activity, 2, 22);
  EXPECT_EQ(m.found(), 1U) << "the second session was given the new one";
  m.see(30, m.sign_in(3, 30, false));
  EXPECT_EQ(m.found(), 1U) << "a ticket of the new one";
}

TEST(DisabledAccountActivity, CredentialsThatWereGivenAndAreToldLateTakeItBack) {
  Account m(disabled({AccountChangeKind::CredentialChanged}));
  m.see(1, m.sign_in(1, 1, true));
  m.tell(10, ObservationType::CredentialChanged, 10);
  m.see(20, ObservationType::Activity, 1, 20);
  auto again = m.facts(ObservationType::Reauthenticated, 1, 12);
  again.fresh_credentials = true;
  m.see(25, again);
  EXPECT_EQ(m.taken_back(), 1U);
}

TEST(DisabledAccountActivity, ThroughALinkOnlyItWaitsForApproval) {
  auto p = disabled();
  p.mode = model::PolicyMode::Enforce;
  p.ladder.emplace_back();
  Account m(p);
  auto known = m.sign_in(1, 1, true);
  known.identifiers[1] = {m.symbols.intern("sid"), ref(8)};
  known.identifier_count = 2;
  m.see(1, known);
  auto by_sid = m.facts(ObservationType::AccountDisabled, 0, 10, 8, "ad");
  by_sid.identifiers[0].name_space = m.symbols.intern("sid");
  m.see(10, by_sid);
  m.see(20, ObservationType::Activity, 1, 20);
  ASSERT_EQ(m.found(), 1U);
  EXPECT_EQ(m.engine.sign_out(1).outcome, model::Outcome::Held);
  EXPECT_EQ(m.engine.sign_out(1).held_because, "link");
}

TEST(DisabledAccountActivity, IsRememberedInASnapshot) {
  Account m(disabled());
  m.tell(10, ObservationType::AccountDisabled, 10);
  std::string bytes;
  m.engine.save([&](std::string_view chunk) { bytes += chunk; });
  Engine copy = Engine::load(bytes, m.symbols);
  model::Effects effects;
  copy.apply({at(20), m.sign_in(1, 20, false)}, effects);
  EXPECT_EQ(effects.violations.size(), 1U);
}

}  // namespace
}  // namespace curfew::engine::testing
