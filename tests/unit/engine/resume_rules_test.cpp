#include "tests/unit/engine/machine.hpp"

namespace curfew::engine::testing {
namespace {

using model::EntryKind;
using model::ObservationType;
using model::Rule;

struct Desktop : Machine {
  explicit Desktop(Duration limit = Duration{0}) {
    model::PolicySet set;
    set.sources = {source("crm"), source("ad")};
    set.policies = {policy("back", Rule::ResumeWithoutReauthentication)};
    set.policies[0].limit = limit;
    configure(0, set);
    fresh(1, ObservationType::SignIn, 1, 1);
  }
  void fresh(double time, ObservationType type, std::uint8_t session, double occurred) {
    model::Facts what = facts(type, session, occurred, 7);
    what.fresh_credentials = true;
    see(time, what);
  }
  [[nodiscard]] std::size_t found() const { return count(EntryKind::ViolationOpened); }
  [[nodiscard]] std::size_t taken_back() const { return count(EntryKind::ViolationWithdrawn); }
};

TEST(ResumeWithoutReauthentication, IsABreachOnceForEachTimeAway) {
  Desktop m;
  m.see(1000, ObservationType::Disconnected, 1, 1000);
  m.see(2000, ObservationType::Reconnected, 1, 2000);
  m.see(2001, ObservationType::Unlocked, 1, 2001);
  ASSERT_EQ(m.found(), 1U);
  const model::ViolationRow row = m.engine.violation(1);
  EXPECT_EQ(row.breached_at, at(2000));
  for (const char* text : {"\"was\":\"paused\"", "\"shown_by\":\"reconnected\"", "\"measured\":1000000000"})
    EXPECT_NE(row.evidence.find(text), std::string::npos) << row.evidence;
  m.see(3000, ObservationType::Locked, 1, 3000);
  m.see(4000, ObservationType::Unlocked, 1, 4000);
  EXPECT_EQ(m.found(), 2U);
}

TEST(ResumeWithoutReauthentication, CredentialsWithItOrBesideItExcuseIt) {
  Desktop m;
  m.see(1000, ObservationType::Disconnected, 1, 1000);
  m.fresh(2000, ObservationType::Unlocked, 1, 2000);
  m.see(2001, ObservationType::Reconnected, 1, 2001);
  EXPECT_EQ(m.found(), 0U);
  // A logon of its own leads to the desktop that waits.
  m.see(3000, ObservationType::Disconnected, 1, 3000);
  m.fresh(4000, ObservationType::SignIn, 2, 4000);
  m.see(4001, ObservationType::Reconnected, 1, 4001);
  EXPECT_EQ(m.found(), 0U);
}

TEST(ResumeWithoutReauthentication, CredentialsThatAreToldLateTakeItBack) {
  Desktop m;
  m.see(1000, ObservationType::Locked, 1, 1000);
  m.see(2000, ObservationType::Unlocked, 1, 2000);
  ASSERT_EQ(m.found(), 1U);
  m.fresh(2010, ObservationType::Reauthenticated, 1, 2005);
  EXPECT_EQ(m.taken_back(), 1U);
}

TEST(ResumeWithoutReauthentication, LaterCredentialsAreTooLate) {
  Desktop m;
  m.see(1000, ObservationType::Locked, 1, 1000);
  m.see(2000, ObservationType::Unlocked, 1, 2000);
  m.fresh(2100, ObservationType::Reauthenticated, 1, 2100);
  EXPECT_EQ(m.found(), 1U);
  EXPECT_EQ(m.taken_back(), 0U);
}

TEST(ResumeWithoutReauthentication, AShortTimeAwayNeedsNoneIfThePolicySaysSo) {
  Desktop m(seconds(300));
  m.see(1000, ObservationType::Disconnected, 1, 1000);
  m.see(1300, ObservationType::Reconnected, 1, 1300);
  EXPECT_EQ(m.found(), 0U);
  m.see(2000, ObservationType::Disconnected, 1, 2000);
  m.see(2301, ObservationType::Reconnected, 1, 2301);
  EXPECT_EQ(m.found(), 1U);
}

TEST(ResumeWithoutReauthentication, WhatNobodySawGoAwayCountsOnce) {
  Desktop m;
  m.see(1000, ObservationType::Reconnected, 1, 1000);
  m.see(2000, ObservationType::Reconnected, 1, 2000);
  EXPECT_EQ(m.found(), 1U);
}

}  // namespace
}  // namespace curfew::engine::testing
