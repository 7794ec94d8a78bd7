#include "core/base/time.hpp"

#include <gtest/gtest.h>

namespace curfew::base {
namespace {

TEST(Rfc3339, IsReadAsItIsWrittenAndNeedsAZone) {
  const auto time = parse_rfc3339("2026-11-21T20:58:00.5Z");
  ASSERT_TRUE(time.has_value());
  EXPECT_EQ(format_rfc3339(*time), "2026-11-21T20:58:00.500000Z");
  EXPECT_EQ(parse_rfc3339("2026-11-21T22:58:00.5+02:00"), time);
  EXPECT_EQ(parse_rfc3339("2026-11-21T20:58:00"), std::nullopt);
  EXPECT_EQ(parse_rfc3339("2026-02-30T20:58:00Z"), std::nullopt);
}

TEST(Duration, IsReadAsItIsWritten) {
  for (const char* text : {"90s", "15m", "12h", "30d", "250ms", "1h30m"}) {
    const auto duration = parse_duration(text);
    ASSERT_TRUE(duration.has_value()) << text;
    EXPECT_EQ(parse_duration(format_duration(*duration)), duration) << text;
  }
  EXPECT_EQ(parse_duration("90"), std::nullopt);
  EXPECT_EQ(parse_duration("1 h"), std::nullopt);
}

}  // namespace
}  // namespace curfew::base
