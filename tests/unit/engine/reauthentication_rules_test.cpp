#include "tests/unit/engine/machine.hpp"

namespace curfew::engine::testing {
namespace {

using model::EntryKind;
using model::ObservationType;
using model::Rule;

// Credentials count for 100 seconds.
struct Site : Machine {
  explicit Site(bool enforce = false, std::int64_t warn_before = 0) {
    set.sources = {source("crm")};
    set.policies = {policy("again", Rule::ReauthenticationInterval)};
    set.policies[0].limit = seconds(100);
    set.policies[0].warn_before = seconds(warn_before);
    if (enforce) {
      set.policies[0].mode = model::PolicyMode::Enforce;
      set.policies[0].ladder.emplace_back();
    }
    configure(0, set);
  }
  void fresh(double time, ObservationType type, double occurred) {
    model::Facts what = facts(type, 1, occurred, 7);
    what.fresh_credentials = true;
    see(time, what);
  }
  [[nodiscard]] std::size_t found() const { return count(EntryKind::ViolationOpened); }
  [[nodiscard]] std::size_t taken_back() const { return count(EntryKind::ViolationWithdrawn); }
  [[nodiscard]] bool evidence_has(model::ViolationNumber number, std::string_view text) const {
    return engine.violation(number).evidence.find(text) != std::string::npos;
  }
  model::PolicySet set;
};

TEST(ReauthenticationInterval, IsCountedFromTheNewestCredentialsWhateverIsDoneMeanwhile) {
  Site m;
  m.fresh(0, ObservationType::SignIn, 0);
  m.fresh(90, ObservationType::Reauthenticated, 90);
  for (int t = 95; t < 190; t += 5) m.see(t, ObservationType::Activity, 1, t);
  EXPECT_EQ(m.found(), 0U);
  m.tick(190);
  ASSERT_EQ(m.found(), 1U);
  EXPECT_EQ(m.engine.violation(1).breached_at, at(190));
  EXPECT_TRUE(m.evidence_has(1, "\"counted_from\":\"fresh_credentials\"")) << m.engine.violation(1).evidence;
  EXPECT_TRUE(m.evidence_has(1, "\"limit\":100000000"));
  m.see(200, ObservationType::Activity, 1, 200);
  m.tick(500);
  EXPECT_EQ(m.found(), 1U) << "once for each interval";
}

TEST(ReauthenticationInterval, BeginsAnewWithCredentialsThatComeTooLateForIt) {
  Site m;
  m.fresh(0, ObservationType::SignIn, 0);
  m.tick(100);
  m.fresh(150, ObservationType::Reauthenticated, 150);
  EXPECT_EQ(m.taken_back(), 0U);
  m.tick(250);
  ASSERT_EQ(m.found(), 2U);
  EXPECT_EQ(m.engine.violation(2).breached_at, at(250));
}

TEST(ReauthenticationInterval, IsTakenBackByCredentialsThatAreToldLate) {
  Site m;
  m.fresh(0, ObservationType::SignIn, 0);
  m.tick(100);
  ASSERT_EQ(m.found(), 1U);
  m.fresh(105, ObservationType::Reauthenticated, 95);
  EXPECT_EQ(m.taken_back(), 1U);
  m.tick(195);
  EXPECT_EQ(m.found(), 2U) << "which count for so long as others";
}

// 0 … 60 … 500: told of 60 late, the time from there to 500 is too long all the same.
TEST(ReauthenticationInterval, StandsWhenWhatIsLeftOfItIsTooLongAsWell) {
  Site m;
  m.fresh(0, ObservationType::SignIn, 0);
  m.tick(100);
  m.fresh(500, ObservationType::Reauthenticated, 500);
  m.fresh(501, ObservationType::Reauthenticated, 60);
  EXPECT_EQ(m.taken_back(), 0U);
  m.fresh(502, ObservationType::Reauthenticated, 150);
  EXPECT_EQ(m.taken_back(), 0U) << "150 to 500";
  m.fresh(503, ObservationType::Reauthenticated, 410);
  EXPECT_EQ(m.taken_back(), 0U) << "150 to 410";
  m.fresh(504, ObservationType::Reauthenticated, 240);
  EXPECT_EQ(m.taken_back(), 0U) << "240 to 410";
  m.fresh(505, ObservationType::Reauthenticated, 330);
  EXPECT_EQ(m.taken_back(), 1U) << "nothing is longer than 90 any more";
  EXPECT_EQ(m.found(), 1U);
}

TEST(ReauthenticationInterval, SaysWhatItIsCountedFromWhereNobodySawCredentials) {
  for (const bool start_is_seen : {true, false}) {
    Site m;
    m.see(0, start_is_seen ? ObservationType::SignIn : ObservationType::Activity, 1, 0, 7);
    m.tick(100);
    ASSERT_EQ(m.found(), 1U);
    EXPECT_TRUE(
        m.evidence_has(1, start_is_seen ? "\"counted_from\":\"start\"" : "\"counted_from\":\"first_seen\""))
        << m.engine.violation(1).evidence;
  }
}

TEST(ReauthenticationInterval, IsFoundOnceWhenItTurnsOutToHaveBegunEarlier) {
  Site m;
  m.see(50, ObservationType::Activity, 1, 50, 7);
  m.tick(150);
  ASSERT_EQ(m.found(), 1U);
  m.see(151, ObservationType::SignIn, 1, 40, 7);
  m.tick(300);
  EXPECT_EQ(m.found(), 1U);
}

TEST(ReauthenticationInterval, IsTakenBackWhenTheSessionHadEndedBefore) {
  Site m;
  m.fresh(0, ObservationType::SignIn, 0);
  m.tick(100);
  m.see(103, ObservationType::SignOut, 1, 99);
  EXPECT_EQ(m.taken_back(), 1U);
}

TEST(ReauthenticationInterval, IsWarnedOfOnceForEachInterval) {
  Site m(false, 20);
  m.fresh(0, ObservationType::SignIn, 0);
  m.tick(80);
  m.tick(85);
  EXPECT_EQ(m.count(EntryKind::Warned), 1U);
  m.fresh(90, ObservationType::Reauthenticated, 90);
  m.tick(169);
  EXPECT_EQ(m.count(EntryKind::Warned), 1U);
  m.tick(170);
  EXPECT_EQ(m.count(EntryKind::Warned), 2U);
  EXPECT_EQ(m.found(), 0U);
}

TEST(ReauthenticationInterval, SignsOutWhoDoesNotGiveThem) {
  Site m(true);
  m.fresh(0, ObservationType::SignIn, 0);
  m.tick(100);
  ASSERT_EQ(m.count(EntryKind::SignOutOrdered), 1U);
  m.fresh(101, ObservationType::Reauthenticated, 95);
  EXPECT_EQ(m.taken_back(), 1U);
  EXPECT_NE(m.engine.sign_out(1).outcome, model::Outcome::Pending) << "nobody is signed out by mistake";
}

TEST(ReauthenticationInterval, WaitsForWhatIsUnreadAfterAStart) {
  Site m;
  m.set.sources[0].stale_after = seconds(600);
  m.configure(0, m.set);
  m.fresh(0, ObservationType::SignIn, 0);
  m.heard(1, 1);
  m.apply(at(500), model::StartedInput{"test"});
  m.tick(550);
  EXPECT_EQ(m.found(), 0U);
  m.fresh(551, ObservationType::Reauthenticated, 520);
  m.heard(552, 552);
  m.tick(619);
  EXPECT_EQ(m.found(), 0U);
  m.tick(620);
  EXPECT_EQ(m.found(), 1U);
}

TEST(ReauthenticationInterval, IsALimitOfTheGateThatCredentialsMove) {
  Site m;
  m.set.sources.push_back(source("door"));
  m.set.sources[1].connector = model::gate_connector;
  m.set.sources[1].shows_activity_of = {"crm"};
  m.set.policies[0].mode = model::PolicyMode::Enforce;
  m.set.policies[0].warn_before = seconds(20);
  m.set.policies[0].ladder.emplace_back();
  m.configure(0, m.set);
  m.fresh(0, ObservationType::SignIn, 0);
  const auto entry = [&] { return m.engine.gate_entry(m.engine.find_session("crm", digest(1))); };
  EXPECT_EQ(entry().refuse_at, at(100));
  EXPECT_EQ(entry().warn_at, at(80));
  // The gate itself saw somebody type a password, and is told that its limit is another.
  model::Facts again = m.facts(ObservationType::Reauthenticated, 1, 50, 0, "door");
  again.fresh_credentials = true;
  m.see(50, again);
  EXPECT_EQ(entry().refuse_at, at(150));
  EXPECT_EQ(m.engine.gate_changes(m.inputs.back(), m.effects), std::vector<model::SessionNumber>{1});
  m.tick(150);
  EXPECT_EQ(entry().standing, model::Standing::Refused);
  EXPECT_EQ(entry().refusal, model::Refusal::SessionTimeout);
}

}  // namespace
}  // namespace curfew::engine::testing
