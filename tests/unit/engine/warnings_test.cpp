// Warnings of a limit that is near, and who is told of them.
#include <gmock/gmock.h>

#include "tests/unit/engine/machine.hpp"

namespace curfew::engine::testing {
namespace {

using model::EntryKind;
using model::ObservationType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

model::PolicySet idle_after(std::int64_t limit, std::int64_t warn_before) {
  model::PolicySet set;
  set.sources = {source("crm")};
  model::Policy p = policy("idle", model::Rule::InactivityTimeout);
  p.mode = model::PolicyMode::Enforce;
  p.limit = seconds(limit);
  p.warn_before = seconds(warn_before);
  p.warn_by = {"person", "oncall"};
  p.ladder.emplace_back();
  set.policies = {p};
  return set;
}

// The source has told everything up to then, and what is due happens.
void until(Machine& m, double time) {
  m.heard(time, time);
  m.tick(time);
}

TEST(Warnings, AreToldToWhomThePolicyNamesOnceAndWithTheDeadline) {
  Machine m;
  m.configure(0, idle_after(600, 60));
  m.see(0, ObservationType::SignIn, 1, 0, 7);
  until(m, 539);
  EXPECT_TRUE(m.effects.notices.empty());
  until(m, 545);
  ASSERT_EQ(m.effects.notices.size(), 1U);
  const model::RunNotice notice = m.effects.notices[0];
  EXPECT_THAT(notice.channels, ElementsAre("person", "oncall"));
  EXPECT_EQ(notice.deadline, at(600));
  EXPECT_EQ(notice.session_source, "crm");
  EXPECT_EQ(notice.session_number, 1U);
  ASSERT_EQ(notice.identifiers.size(), 1U);
  EXPECT_EQ(notice.identifiers[0].value, ref(7));
  EXPECT_TRUE(m.engine.warning_stands(1, "idle", at(600)));
  until(m, 560);
  EXPECT_TRUE(m.effects.notices.empty());
  EXPECT_THAT(m.facts_of(EntryKind::Warned), ElementsAre(HasSubstr(R"("notify":["person","oncall"])")));
}

TEST(Warnings, OfWhoWasActiveMeanwhileStandNoMore) {
  Machine m;
  m.configure(0, idle_after(600, 60));
  m.see(0, ObservationType::SignIn, 1, 0, 7);
  until(m, 545);
  ASSERT_EQ(m.effects.notices.size(), 1U);
  m.see(546, ObservationType::Activity, 1, 546);
  EXPECT_FALSE(m.engine.warning_stands(1, "idle", at(600)));
  until(m, 1100);
  ASSERT_EQ(m.effects.notices.size(), 1U) << "idle again: another warning";
  EXPECT_EQ(m.effects.notices[0].deadline, at(1146));
  EXPECT_TRUE(m.engine.warning_stands(1, "idle", at(1146)));
}

TEST(Warnings, OfALimitThatLateActivityMovedComeAtOnceIfTheirTimeHasPassed) {
  Machine m;
  m.configure(0, idle_after(600, 500));
  m.see(0, ObservationType::SignIn, 1, 0, 7);
  until(m, 110);
  ASSERT_EQ(m.effects.notices.size(), 1U);
  m.see(111, ObservationType::Activity, 1, 5);
  m.tick(112);
  ASSERT_EQ(m.effects.notices.size(), 1U);
  EXPECT_EQ(m.effects.notices[0].deadline, at(605));
}

TEST(Warnings, StandNoMoreOnceTheSessionIsOverOrBeingSignedOutOrTheLimitIsPassed) {
  Machine m;
  auto set = idle_after(600, 60);
  set.policies[0].rule = model::Rule::SessionTimeout;
  m.configure(0, set);
  m.see(0, ObservationType::SignIn, 1, 0, 7);
  m.see(0, ObservationType::SignIn, 2, 0, 8);
  m.see(0, ObservationType::SignIn, 3, 0, 9);
  m.tick(540);
  ASSERT_EQ(m.effects.notices.size(), 3U);
  m.see(541, ObservationType::SignOut, 1, 541);
  EXPECT_FALSE(m.engine.warning_stands(1, "idle", at(600)));
  model::CommandInput order;
  order.by = "ops";
  order.session = 2;
  order.ladder.emplace_back();
  m.apply(at(542), order);
  EXPECT_FALSE(m.engine.warning_stands(2, "idle", at(600)));
  EXPECT_TRUE(m.engine.warning_stands(3, "idle", at(600)));
  EXPECT_FALSE(m.engine.warning_stands(3, "other", at(600)));
  m.tick(600);
  EXPECT_FALSE(m.engine.warning_stands(3, "idle", at(600)));
  EXPECT_FALSE(m.engine.warning_stands(99, "idle", at(600)));
}

TEST(Warnings, WaitUntilNoActivityIsOnItsWay) {
  Machine m;
  m.configure(0, idle_after(600, 60));
  m.see(0, ObservationType::SignIn, 1, 0, 7);
  m.tick(550);
  EXPECT_EQ(m.count(EntryKind::Warned), 0U) << "the source has not told enough";
}

TEST(Warnings, OfAPolicyThatObservesTellNobody) {
  Machine m;
  auto set = idle_after(600, 60);
  set.policies[0].mode = model::PolicyMode::Observe;
  m.configure(0, set);
  m.see(0, ObservationType::SignIn, 1, 0, 7);
  until(m, 545);
  EXPECT_TRUE(m.effects.notices.empty());
  EXPECT_THAT(m.facts_of(EntryKind::Warned), ElementsAre(HasSubstr(R"("not_notified":"observing")")));
}

TEST(Warnings, OfProtectedAccountsTellNobodyOfASignOutThatWouldBeHeld) {
  Machine m;
  auto set = idle_after(600, 60);
  set.safety.protected_accounts = {"ref:" + model::to_text(ref(7))};
  m.configure(0, set);
  m.see(0, ObservationType::SignIn, 1, 0, 7);
  until(m, 545);
  EXPECT_TRUE(m.effects.notices.empty());
  EXPECT_THAT(m.facts_of(EntryKind::Warned), ElementsAre(HasSubstr(R"("not_notified":"protected account")")));
}

TEST(Warnings, StopAtTheCapOfTheSignOutsThatTheyAnnounce) {
  Machine m;
  auto set = idle_after(600, 60);
  set.safety.most_sign_outs_per_minute = 20;
  set.policies[0].most_sign_outs_per_minute = 2;
  m.configure(0, set);
  for (std::uint8_t n = 1; n <= 5; ++n) m.see(0, ObservationType::SignIn, n, 0, n);
  until(m, 545);
  EXPECT_EQ(m.effects.notices.size(), 2U);
  EXPECT_EQ(m.count(EntryKind::Warned), 5U) << "they are recorded all the same";
  // A snapshot remembers how many there were.
  std::string bytes;
  m.engine.save([&](std::string_view chunk) { bytes += chunk; });
  m.engine = Engine::load(bytes, m.symbols);
  m.see(546, ObservationType::SignIn, 6, 0, 6);
  until(m, 552);
  EXPECT_TRUE(m.effects.notices.empty());
  EXPECT_THAT(m.facts_of(EntryKind::Warned).back(), HasSubstr(R"("not_notified":"cap")"));
  m.see(700, ObservationType::SignIn, 7, 700, 7);
  until(m, 1250);
  EXPECT_EQ(m.effects.notices.size(), 1U) << "another minute";
}

TEST(Warnings, WithoutChannelsAreOnlyRecorded) {
  Machine m;
  auto set = idle_after(600, 60);
  set.policies[0].warn_by.clear();
  m.configure(0, set);
  m.see(0, ObservationType::SignIn, 1, 0, 7);
  until(m, 545);
  EXPECT_TRUE(m.effects.notices.empty());
  EXPECT_THAT(m.facts_of(EntryKind::Warned), ElementsAre(Not(HasSubstr("notif"))));
}

TEST(Warnings, AreNotToldTwiceAfterASnapshot) {
  Machine m;
  m.configure(0, idle_after(600, 60));
  m.see(0, ObservationType::SignIn, 1, 0, 7);
  until(m, 545);
  ASSERT_EQ(m.effects.notices.size(), 1U);
  std::string bytes;
  m.engine.save([&](std::string_view chunk) { bytes += chunk; });
  m.engine = Engine::load(bytes, m.symbols);
  until(m, 560);
  EXPECT_TRUE(m.effects.notices.empty());
  EXPECT_TRUE(m.engine.warning_stands(1, "idle", at(600)));
}

}  // namespace
}  // namespace curfew::engine::testing
