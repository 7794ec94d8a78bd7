#include "core/app/gate_clock.hpp"

#include <gtest/gtest.h>

namespace curfew::app {
namespace {

using std::chrono::seconds;

const Time start{seconds(1'700'000'000)};
GateClock::Steady steady(int after) { return GateClock::Steady{seconds(1'000 + after)}; }

TEST(GateClock, DeadlinesRestForAWhileAfterAJumpAhead) {
  GateClock clock(seconds(30), seconds(20));
  EXPECT_TRUE(clock.read(start, steady(0)).deadlines);
  EXPECT_TRUE(clock.read(start + seconds(500), steady(500)).deadlines);
  EXPECT_FALSE(clock.read(start + seconds(4'000), steady(501)).deadlines);
  EXPECT_FALSE(clock.read(start + seconds(4'018), steady(519)).deadlines);
  EXPECT_TRUE(clock.read(start + seconds(4'021), steady(522)).deadlines);
}

TEST(GateClock, ACorrectionOrAStepBackIsNoJump) {
  GateClock clock(seconds(30), seconds(20));
  EXPECT_TRUE(clock.read(start, steady(0)).deadlines);
  EXPECT_TRUE(clock.read(start + seconds(30), steady(1)).deadlines);
  EXPECT_TRUE(clock.read(start - seconds(3'600), steady(2)).deadlines);
  EXPECT_FALSE(clock.read(start, steady(3)).deadlines) << "set forward again";
}

}  // namespace
}  // namespace curfew::app
