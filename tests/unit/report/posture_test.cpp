// The posture: made of a report's results, and the same again after it was kept.
#include "core/report/posture.hpp"

#include <gtest/gtest.h>

#include "compliance_sample.hpp"

namespace curfew::report {
namespace {

TEST(Posture, SaysOfEachControlWhatTheReportSays) {
  const ComplianceReport report = sample_compliance();
  const Posture posture = posture_of(report);
  ASSERT_EQ(posture.controls.size(), report.results.size());
  for (std::size_t i = 0; i < report.results.size(); ++i) {
    EXPECT_EQ(posture.controls[i].framework, report.results[i].framework->id);
    EXPECT_EQ(posture.controls[i].control, report.results[i].control->id);
    EXPECT_EQ(posture.controls[i].result, report.results[i].result);
  }
  EXPECT_EQ(posture.evaluated_at, report.facts.generated_at);
  EXPECT_EQ(posture.to, report.facts.period.to);
}

TEST(Posture, IsTheSameAfterItWasKept) {
  const Posture posture = posture_of(sample_compliance());
  EXPECT_EQ(posture_from_json(to_json(posture)), posture);
}

TEST(Posture, WhatTheCatalogueDoesNotKnowIsLeftOut) {
  Posture posture = posture_of(sample_compliance());
  const std::size_t known = posture.controls.size();
  posture.controls.push_back({"nist-800-53", "zz-99", Result::Satisfied});
  posture.controls.push_back({"nobody", "ac-12", Result::Satisfied});
  const auto again = posture_from_json(to_json(posture));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->controls.size(), known);
}

TEST(Posture, WhatIsNoneOrNotWholeIsNotTaken) {
  const std::string whole = to_json(posture_of(sample_compliance()));
  for (std::size_t length = 0; length < whole.size(); length += 7)
    EXPECT_FALSE(posture_from_json(whole.substr(0, length))) << length;
  for (const char* text : {"[]", "7", "null", R"({"version":2})", R"({"version":"1"})",
                           R"({"version":1,"evaluated_at":"yesterday","from":null,"to":null,"controls":[]})"})
    EXPECT_FALSE(posture_from_json(text)) << text;
  const std::string begin =
      R"({"version":1,"controls":[],"from":"2026-11-01T00:00:00Z","to":"2026-11-02T00:00:00Z",)";
  EXPECT_TRUE(posture_from_json(begin + R"("evaluated_at":"2026-11-02T00:00:00Z"})"));
  EXPECT_FALSE(posture_from_json(begin + R"("evaluated_at":"1970-01-01T00:00:00Z"})"));
  std::string wrong = whole;
  wrong.replace(wrong.find("\"result\":\""), 12, "\"result\":\"xx");
  EXPECT_FALSE(posture_from_json(wrong));
  EXPECT_FALSE(posture_from_json(std::string(1 << 21, ' ') + whole)) << "larger than any is";
  EXPECT_FALSE(posture_from_json(std::string(100'000, '[')));
}

}  // namespace
}  // namespace curfew::report
