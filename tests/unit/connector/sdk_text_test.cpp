// The SDK's text functions are its own, for plugins see nothing else: they must agree with the host's.
#include <gtest/gtest.h>

#include <string>

#include "core/base/text.hpp"
#include "curfew/plugin/text.hpp"

namespace curfew {
namespace {

void expect_agreement(const std::string& text) {
  ASSERT_EQ(plugin::is_clean_utf8(text), base::is_clean_utf8(text)) << testing::PrintToString(text);
  ASSERT_EQ(plugin::to_clean_utf8(text), base::to_clean_utf8(text)) << testing::PrintToString(text);
  const std::string clean = base::to_clean_utf8(text);
  std::string ours, theirs;
  plugin::append_json_string(ours, clean);
  base::append_json_string(theirs, clean);
  ASSERT_EQ(ours, theirs) << testing::PrintToString(text);
}

TEST(SdkText, AgreesWithTheHostOnEveryPairOfBytes) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      expect_agreement({static_cast<char>(first), static_cast<char>(second)});
    }
  }
}

TEST(SdkText, AgreesWithTheHostAtTheEdgesOfLongerSequences) {
  for (const int first : {0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5}) {
    for (const int second : {0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0}) {
      for (const int third : {0x7F, 0x80, 0xBF, 0xC0}) {
        std::string text{static_cast<char>(first), static_cast<char>(second), static_cast<char>(third)};
        expect_agreement(text);
        for (const int fourth : {0x7F, 0x80, 0xBF, 0xC0}) {
          text.resize(3);
          text += static_cast<char>(fourth);
          expect_agreement(text);
          expect_agreement("a" + text + "z");
        }
      }
    }
  }
}

}  // namespace
}  // namespace curfew
