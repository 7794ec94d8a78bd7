// The first thing that somebody tries: an audit of recorded logs with nothing configured.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/integration/app/program.hpp"

namespace curfew::app_test {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;

class Quickstart : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const Ended ended = run_curfew(
        {"audit", "--connector", "windows", "--json", CURFEW_SOURCE_DIR "/tests/fixtures/quickstart"});
    ASSERT_EQ(ended.code, 3) << ended.err << ended.out;
    report_ = json::parse(ended.out);
  }
  // The breaches of one default policy.
  static std::vector<json> found(const std::string& policy) {
    std::vector<json> all;
    for (const json& violation : report_["violations"]) {
      if (violation["policy"] == policy) all.push_back(violation);
    }
    return all;
  }
  static inline json report_;
};

TEST_F(Quickstart, EachKindThatTheLogsHoldIsFound) {
  std::set<std::string> rules;
  for (const json& violation : report_["violations"]) rules.insert(violation["rule"].get<std::string>());
  EXPECT_THAT(rules, testing::IsSupersetOf({"session_timeout", "concurrent_sessions", "failed_sign_ins"}));
  // What the logs can't show is judged by nobody.
  EXPECT_THAT(rules, testing::Not(Contains("inactivity_timeout")));
}

TEST_F(Quickstart, FourteenGuessesAndTheSuccessAfterThemAreOnePersons) {
  const auto guessed = found("default-failed-sign-ins");
  ASSERT_EQ(guessed.size(), 1U);
  EXPECT_EQ(guessed[0]["evidence"]["measured"], 14);
  EXPECT_THAT(guessed[0]["breached_at"], "2026-11-20T12:42:01.000000Z");
}

TEST_F(Quickstart, ThreePlacesAtOnceAreFound) {
  const auto at_once = found("default-concurrent-sessions");
  EXPECT_TRUE(std::any_of(at_once.begin(), at_once.end(), [](const json& violation) {
    return violation["breached_at"] == "2026-11-20T10:20:00.000000Z" &&
           violation["evidence"]["measured"] == 3;
  })) << report_["violations"].dump(1);
}

TEST_F(Quickstart, ASessionOfThirtyHoursIsFound) {
  const auto long_ones = found("default-session-timeout");
  EXPECT_TRUE(std::any_of(long_ones.begin(), long_ones.end(), [](const json& violation) {
    return violation["breached_at"] == "2026-11-19T19:52:00.000000Z";
  })) << report_["violations"].dump(1);
}

TEST_F(Quickstart, AllFiveKindsOfDefaultsAreListedAndOnlyObserve) {
  ASSERT_EQ(report_["policies"].size(), 5U);
  for (const char* policy :
       {"default-session-timeout", "default-inactivity-timeout", "default-concurrent-sessions",
        "default-failed-sign-ins", "default-activity-after-end"})
    EXPECT_THAT(report_["policies"].dump(), HasSubstr(policy));
  for (const json& violation : report_["violations"]) EXPECT_EQ(violation["mode"], "observe");
}

TEST_F(Quickstart, WhatWasNotSeenIsSaidOnce) {
  std::map<std::string, int> said;
  for (const json& line : report_["not_seen"]) ++said[line.get<std::string>()];
  for (const auto& [line, times] : said) EXPECT_EQ(times, 1) << line;
  const auto about = [&](const char* what) {
    return std::count_if(said.begin(), said.end(),
                         [&](const auto& line) { return line.first.find(what) != std::string::npos; });
  };
  EXPECT_EQ(about("inactivity cannot be judged"), 1);
  EXPECT_EQ(about("gaps in the records"), 1);
}

TEST_F(Quickstart, GapsSayWhatTheyAre) {
  std::vector<std::string> texts;
  for (const json& gap : report_["gaps"]) texts.push_back(gap["text"].get<std::string>());
  EXPECT_THAT(texts, testing::UnorderedElementsAre("record numbers", "log cleared"));
}

TEST(QuickstartCompliance, ControlsAreASectionOfTheAudit) {
  const Ended ended = run_curfew({"audit", "--connector", "windows", "--json", "--framework", "nist-800-53",
                                  CURFEW_SOURCE_DIR "/tests/fixtures/quickstart"});
  ASSERT_EQ(ended.code, 3) << ended.err;
  const json compliance = json::parse(ended.out)["compliance"];
  std::map<std::string, json> controls;
  for (const json& control : compliance["controls"])
    controls[control["control"].get<std::string>()] = control;
  EXPECT_EQ(controls["ac-12"]["result"], "not_satisfied");
  EXPECT_EQ(controls["ac-12"]["exceptions_total"], 2);
  // The logs have gaps, and ends that nobody saw.
  EXPECT_EQ(controls["au-5"]["population"], compliance["losses"].size());
  EXPECT_EQ(controls["ac-11"]["result"], "not_testable") << controls["ac-11"].dump(1);
  const Ended wrong = run_curfew({"audit", "--connector", "windows", "--framework", "nist",
                                  CURFEW_SOURCE_DIR "/tests/fixtures/quickstart"});
  EXPECT_EQ(wrong.code, 2);
}

}  // namespace
}  // namespace curfew::app_test
