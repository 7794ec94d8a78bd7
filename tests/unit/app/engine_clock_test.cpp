#include "core/app/engine_clock.hpp"

#include <gtest/gtest.h>

namespace curfew::app {
namespace {

using std::chrono::seconds;

const Time start{seconds(1'700'000'000)};
EngineClock::Steady steady(int after) { return EngineClock::Steady{seconds(1'000 + after)}; }

TEST(EngineClock, FollowsTheWallClock) {
  EngineClock clock(start, seconds(30));
  EXPECT_FALSE(clock.advance(start + seconds(1), steady(1)));
  EXPECT_FALSE(clock.advance(start + seconds(100), steady(100)));
  EXPECT_EQ(clock.now(), start + seconds(100));
}

TEST(EngineClock, AJumpAheadIsSeenWithBothItsEnds) {
  EngineClock clock(start, seconds(30));
  EXPECT_FALSE(clock.advance(start, steady(0)));
  const auto jump = clock.advance(start + seconds(3'610), steady(10));
  ASSERT_TRUE(jump);
  EXPECT_EQ(jump->from, start + seconds(10));
  EXPECT_EQ(jump->to, start + seconds(3'610));
  EXPECT_FALSE(clock.advance(start + seconds(3'611), steady(11)));
}

TEST(EngineClock, AClockThatIsCorrectedALittleIsNoJump) {
  EngineClock clock(start, seconds(30));
  EXPECT_FALSE(clock.advance(start, steady(0)));
  EXPECT_FALSE(clock.advance(start + seconds(30), steady(0)));
}

TEST(EngineClock, AStepBackFreezesTimeUntilItIsPassedAgain) {
  EngineClock clock(start, seconds(30));
  EXPECT_FALSE(clock.advance(start + seconds(500), steady(0)));
  EXPECT_FALSE(clock.advance(start, steady(1)));
  EXPECT_EQ(clock.now(), start + seconds(500));
  EXPECT_TRUE(clock.is_frozen());
  EXPECT_FALSE(clock.advance(start + seconds(501), steady(502)));
  EXPECT_EQ(clock.now(), start + seconds(501));
  EXPECT_FALSE(clock.is_frozen());
}

TEST(EngineClock, ComingBackFromAStepBackIsNoJump) {
  EngineClock clock(start, seconds(30));
  EXPECT_FALSE(clock.advance(start + seconds(500), steady(0)));
  EXPECT_FALSE(clock.advance(start, steady(1)));
  EXPECT_FALSE(clock.advance(start + seconds(520), steady(2)));
}

TEST(EngineClock, TimeBeforeTheLedgersNewestEntryIsNotGivenOut) {
  EngineClock clock(start + seconds(1'000), seconds(30));
  EXPECT_FALSE(clock.advance(start, steady(0)));
  EXPECT_EQ(clock.now(), start + seconds(1'000));
}

}  // namespace
}  // namespace curfew::app
