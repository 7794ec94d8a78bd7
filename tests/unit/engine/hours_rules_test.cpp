#include "tests/unit/engine/machine.hpp"

namespace curfew::engine::testing {
namespace {

using model::EntryKind;
using model::ObservationType;
using model::Rule;

// The tests' day begins at 22:13:20 of a Tuesday, UTC.
model::Policy until_half_past_ten() {
  model::Policy p = policy("shop", Rule::AllowedHours);
  p.hours = {{{}, "08:00", "22:30"}};
  return p;
}
constexpr double closing = 1000;
constexpr double a_day = 24 * 3600;

struct Shop : Machine {
  explicit Shop(model::Policy policy = until_half_past_ten()) {
    model::PolicySet set;
    set.safety.most_sign_outs_per_minute = 100;
    set.sources = {source("crm")};
    set.policies = {std::move(policy)};
    configure(0, set);
  }
  [[nodiscard]] std::size_t found() const { return count(EntryKind::ViolationOpened); }
};

TEST(AllowedHours, WhoIsStillThereAtClosingTimeIsABreachEachDay) {
  Shop m;
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  EXPECT_EQ(m.engine.next_deadline(), at(closing));
  m.tick(closing - 1);
  EXPECT_EQ(m.found(), 0U);
  m.tick(closing);
  ASSERT_EQ(m.found(), 1U);
  EXPECT_EQ(m.engine.violation(1).breached_at, at(closing));
  EXPECT_NE(m.engine.violation(1).evidence.find("\"zone\":\"UTC\""), std::string::npos);
  m.see(closing + 100, ObservationType::Activity, 1, closing + 100);
  m.tick(closing + a_day - 1);
  EXPECT_EQ(m.found(), 1U) << "once for each time that is closed";
  m.tick(closing + a_day);
  EXPECT_EQ(m.found(), 2U);
}

TEST(AllowedHours, WhoSignsInOutsideIsABreachAtOnce) {
  Shop m;
  m.see(closing + 500, ObservationType::SignIn, 1, closing + 500, 7);
  m.tick(closing + 500);
  ASSERT_EQ(m.found(), 1U);
  EXPECT_EQ(m.engine.violation(1).breached_at, at(closing + 500));
}

TEST(AllowedHours, ASignOutThatIsToldLateTakesItBack) {
  Shop m;
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  m.tick(closing);
  m.see(closing + 5, ObservationType::SignOut, 1, closing - 5);
  EXPECT_EQ(m.count(EntryKind::ViolationWithdrawn), 1U);
}

TEST(AllowedHours, TheOffsetsThatCameWithThePolicyDecideNotTheMachine) {
  auto p = until_half_past_ten();
  // The clocks go forward by an hour five minutes after the start.
  p.offsets = {{at(-1e6), Duration{0}}, {at(300), std::chrono::hours(1)}};
  Shop m(p);
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  m.tick(299);
  EXPECT_EQ(m.found(), 0U);
  m.tick(300);
  EXPECT_EQ(m.found(), 1U);
}

TEST(AllowedHours, TheSessionEndsAtClosingTimeIfItIsSignedOut) {
  auto p = until_half_past_ten();
  p.mode = model::PolicyMode::Enforce;
  model::LadderStep step;
  step.action = model::Action::SignOutSession;
  p.ladder = {step};
  Shop m(p);
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  m.tick(closing);
  m.apply(at(closing), model::ProbeInput{1, 0, 1, model::Liveness::Alive, model::Liveness::Unknown, ""});
  ASSERT_EQ(m.effects.steps.size(), 1U);
  m.apply(at(closing + 1), model::AnswerInput{1, 0, model::AnswerCode::Accepted, ""});
  ASSERT_FALSE(m.effects.probes.empty());
  m.apply(at(closing + 2), model::ProbeInput{1, 0, m.effects.probes[0].probe, model::Liveness::Dead,
                                             model::Liveness::Alive, ""});
  EXPECT_EQ(m.session(1).state, model::SessionState::Ended);
  EXPECT_EQ(m.session(1).end_reason, model::EndReason::ClosingTime);
}

TEST(AllowedHours, AWarningComesBeforeClosingTime) {
  auto p = until_half_past_ten();
  p.warn_before = seconds(60);
  Shop m(p);
  m.see(1, ObservationType::SignIn, 1, 1, 7);
  m.tick(closing - 60);
  ASSERT_EQ(m.count(EntryKind::Warned), 1U);
  m.tick(closing);
  EXPECT_EQ(m.found(), 1U);
  m.tick(closing + a_day - 60);
  EXPECT_EQ(m.count(EntryKind::Warned), 2U);
}

}  // namespace
}  // namespace curfew::engine::testing
