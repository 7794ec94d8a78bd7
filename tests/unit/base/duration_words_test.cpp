#include "core/base/duration_words.hpp"

#include <gtest/gtest.h>

namespace curfew::base {
namespace {

using namespace std::chrono_literals;

TEST(DurationInWords, IsAsExactAsAReaderNeeds) {
  const std::pair<Duration, const char*> texts[]{
      {0s, "0 s"},           {140us, "under 0.01 s"}, {5ms, "0.01 s"},        {84ms, "0.08 s"},
      {118'140us, "0.12 s"}, {994'999us, "0.99 s"},   {995ms, "1.0 s"},       {1s, "1 s"},
      {3'449ms, "3.4 s"},    {42s, "42 s"},           {59'949ms, "59.9 s"},   {59'950ms, "1 min"},
      {1min, "1 min"},       {200s, "3 min 20 s"},    {29'131s, "8 h 5 min"}, {24h, "1 d"},
      {24h + 59min, "1 d"},  {51h, "2 d 3 h"},        {-90s, "-1 min 30 s"}};
  for (const auto& [duration, text] : texts) EXPECT_EQ(in_words(duration), text) << duration.count();
}

TEST(DurationInWords, IsExactToTheSecondWhereALimitIsTold) {
  EXPECT_EQ(exactly_in_words(29'131s), "8 h 5 min 31 s");
  EXPECT_EQ(exactly_in_words(8h + 1s), "8 h 1 s");
  EXPECT_EQ(exactly_in_words(90min), "1 h 30 min");
  EXPECT_EQ(exactly_in_words(8h), "8 h");
  EXPECT_EQ(exactly_in_words(36h + 1s), "1 d 12 h 1 s");
  EXPECT_EQ(exactly_in_words(250ms), "0.25 s");
  EXPECT_EQ(exactly_in_words(1'500ms), "1.5 s");
  EXPECT_EQ(exactly_in_words(0s), "0 s");
}

}  // namespace
}  // namespace curfew::base
