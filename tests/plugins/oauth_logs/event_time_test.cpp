#include "plugins/oauth/events/event_time.hpp"

#include <gtest/gtest.h>

#include "plugins/files/text.hpp"

namespace curfew::oauth::events {
namespace {

// All of them are the same moment.
TEST(EventTime, EveryWayInWhichItIsWritten) {
  for (const char* text : {"2026-03-02T09:01:00.0000000Z",
                           "2026-03-02T09:01:00Z",
                           "2026-03-02T09:01:00+00:00",
                           "2026-03-02T10:01:00.000000000000+01:00",
                           "2026-03-02T09:01:00",
                           "2026-03-02T09:01:00.0000000",
                           "2026-03-02 09:01:00.000",
                           "2026-03-02 09:01:00Z",
                           "2026-03-02 09:01:00 +00:00",
                           "3/2/2026 9:01:00 AM",
                           "3/2/2026 9:01:00 AM +00:00",
                           "03/02/2026 09:01:00",
                           "03/02/2026 09:01:00 Z",
                           "3/2/2026, 9:01:00.000 AM",
                           "03/02/2026 04:01:00 -05:00",
                           "1772442060",
                           "1772442060.0",
                           "1772442060000",
                           "1772442060000000",
                           " 2026-03-02T09:01:00Z "}) {
    const auto time = event_time(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(files::format_time(*time), "2026-03-02T09:01:00.000000Z") << text;
  }
}

TEST(EventTime, MillionthsAreKeptAndTheRestIsCut) {
  EXPECT_EQ(files::format_time(*event_time("2026-03-02T09:01:00.1234567Z")), "2026-03-02T09:01:00.123456Z");
  EXPECT_EQ(files::format_time(*event_time("12/31/2026, 11:59:59.5 PM")), "2026-12-31T23:59:59.500000Z");
  EXPECT_EQ(files::format_time(*event_time("1/1/2026 12:00:00 AM")), "2026-01-01T00:00:00.000000Z");
  EXPECT_EQ(files::format_time(*event_time("1772442060.25")), "2026-03-02T09:01:00.250000Z");
}

TEST(EventTime, WhatIsNone) {
  for (const char* text :
       {"", "never", "2026-02-30T00:00:00Z", "2026-03-02", "2026-03-02T09:01", "2026-03-02T24:00:00Z",
        "13/2/2026 9:01:00 AM", "3/2/2026 13:01:00 PM", "3/2/2026 0:01:00 AM", "1999-12-31T23:59:59Z",
        "3000-01-01T00:00:00Z", "12345", "177244206000000000", "2026-03-02T09:01:00.Z",
        "2026-03-02T09:01:00X", "Mar 08 02:54:46", "20260302090100.1"})
    EXPECT_FALSE(event_time(text)) << text;
}

}  // namespace
}  // namespace curfew::oauth::events
