#include "core/policy/hours.hpp"

#include <gtest/gtest.h>

#include "core/base/error.hpp"

namespace curfew::policy {
namespace {

using model::Shift;
using model::Weekday;
using model::ZoneOffset;

constexpr std::chrono::hours hour{1};

// 2026-03-02 was a Monday.
Time utc(int month, int day, int hours, int minutes = 0) {
  constexpr int days_before_month[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
  const int days = 20454 + days_before_month[month - 1] + day - 1;
  return Time{std::chrono::hours(24 * days + hours) + std::chrono::minutes(minutes)};
}

// Berlin in 2026: summer from 29 March, 1:00 UTC, to 25 October, 1:00 UTC.
const std::vector<ZoneOffset> berlin{{utc(1, 1, 0), hour}, {utc(3, 29, 1), 2 * hour}, {utc(10, 25, 1), hour}};
const std::vector<Weekday> week{Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday,
                                Weekday::Friday};

TEST(Hours, CloseByTheClocksOfThePlaceInWinterAndSummer) {
  const Hours hours({{week, "08:00", "18:00"}}, berlin);
  EXPECT_EQ(hours.first_closed(utc(3, 27, 12)), utc(3, 27, 17)) << "a Friday in winter";
  EXPECT_EQ(hours.first_closed(utc(3, 30, 12)), utc(3, 30, 16)) << "the Monday after, in summer";
  EXPECT_EQ(hours.first_closed(utc(10, 23, 12)), utc(10, 23, 16));
  EXPECT_EQ(hours.first_closed(utc(10, 26, 12)), utc(10, 26, 17));
}

TEST(Hours, WhoComesAtNightOrOnASundayIsOutsideAtOnce) {
  const Hours hours({{week, "08:00", "18:00"}}, berlin);
  EXPECT_EQ(hours.first_closed(utc(3, 27, 17)), utc(3, 27, 17)) << "the moment of closing is closed";
  EXPECT_EQ(hours.first_closed(utc(3, 29, 12)), utc(3, 29, 12));
  EXPECT_EQ(hours.next_open(utc(3, 27, 17)), utc(3, 30, 6)) << "opens by summer time";
  EXPECT_EQ(hours.next_open(utc(3, 27, 12)), utc(3, 27, 12));
}

TEST(Hours, ShiftsThatTouchOrPassMidnightAreOne) {
  const Hours hours({{{}, "06:00", "14:00"}, {{}, "14:00", "22:00"}, {{Weekday::Saturday}, "22:00", "02:00"}},
                    berlin);
  EXPECT_EQ(hours.first_closed(utc(3, 2, 6)), utc(3, 2, 21));
  EXPECT_EQ(hours.first_closed(utc(3, 7, 22)), utc(3, 8, 1));
}

TEST(Hours, AnHourThatComesTwiceIsOpenBothTimesAndOneThatIsLeftOutOpensWithTheChange) {
  const Hours twice({{{}, "00:00", "02:30"}}, berlin);
  EXPECT_EQ(twice.first_closed(utc(10, 24, 23)), utc(10, 25, 1, 30)) << "2:30 for the second time";
  const Hours from({{{}, "02:30", "06:00"}}, berlin);
  EXPECT_EQ(from.next_open(utc(10, 24, 12)), utc(10, 25, 0, 30)) << "2:30 for the first time";
  EXPECT_EQ(from.next_open(utc(3, 28, 12)), utc(3, 29, 1)) << "there is no 2:30";
}

// 1:59 is not shown again when the clock is set back from 3:00 to 2:00.
TEST(Hours, AnEndToWhichClocksAreSetBackIsTheFirst) {
  EXPECT_EQ(Hours({{{}, "00:00", "02:00"}}, berlin).first_closed(utc(10, 24, 23)), utc(10, 25, 0));
  EXPECT_EQ(Hours({{{}, "00:00", "03:00"}}, berlin).first_closed(utc(10, 24, 23)), utc(10, 25, 2));
}

TEST(Hours, ThatNeverEndNeverClose) {
  EXPECT_EQ(Hours({{{}, "00:00", "24:00"}}, berlin).first_closed(utc(3, 2, 6)), Time::max());
}

TEST(Hours, WithoutAZoneAreUtc) {
  EXPECT_EQ(Hours({{{}, "08:00", "18:00"}}, {}).first_closed(utc(7, 1, 12)), utc(7, 1, 18));
}

TEST(Hours, OfNoTimeOfDayAreRefused) {
  for (const char* text : {"8:00", "08:60", "25:00", "24:00", "noon", ""})
    EXPECT_THROW(Hours({{{}, text, "23:00"}}, {}), Error) << text;
  EXPECT_THROW(Hours({{{}, "08:00", "08:00"}}, {}), Error);
  EXPECT_THROW(Hours({{{}, "08:00", "24:01"}}, {}), Error);
}

}  // namespace
}  // namespace curfew::policy
