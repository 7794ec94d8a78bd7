// Recordings by others, where they are present beside the project: every figure that was counted for them
// independently (EXPECTED-COUNTS.json) must come out of ours.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "plugins/windows/recorded.hpp"

namespace curfew::windows {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Case {
  std::string folder;
  std::string file;
  json expected;
};

fs::path data_folder() { return fs::path(CURFEW_SOURCE_DIR) / ".." / "shared" / "data"; }

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const char* folder : {"windows-evtx", "windows-json"}) {
    std::ifstream in(data_folder() / folder / "EXPECTED-COUNTS.json");
    if (!in) continue;
    const json expected = json::parse(in);
    for (const auto& [file, counts] : expected.items()) all.push_back({folder, file, counts});
  }
  return all;
}

InputCoverage audited(const fs::path& file, std::vector<Finding>& findings) {
  Recorded recorded({file.string()}, {});
  recorded.read();
  while (recorded.next(findings)) {
  }
  EXPECT_EQ(recorded.coverage().inputs().size(), 1U);
  return recorded.coverage().inputs().at(0);
}

class SharedData : public testing::TestWithParam<Case> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SharedData);

TEST_P(SharedData, CountsAreThoseOfAnIndependentCount) {
  const Case& one = GetParam();
  std::vector<Finding> findings;
  const InputCoverage coverage = audited(data_folder() / one.folder / one.file, findings);
  EXPECT_EQ(coverage.security_records, one.expected.at("sec").get<std::uint64_t>());
  EXPECT_EQ(coverage.logons, one.expected.at("sessions").get<std::uint64_t>());
  EXPECT_EQ(coverage.paired(), one.expected.at("pairs").get<std::uint64_t>());
  for (const auto& [id, count] : one.expected.at("ids").items()) {
    const auto found = coverage.by_event_id.find(static_cast<std::uint32_t>(std::stoul(id)));
    ASSERT_NE(found, coverage.by_event_id.end()) << id;
    EXPECT_EQ(found->second, count.get<std::uint64_t>()) << id;
  }
}

TEST_P(SharedData, EachLogonHasOneFate) {
  const Case& one = GetParam();
  std::vector<Finding> findings;
  const InputCoverage coverage = audited(data_folder() / one.folder / one.file, findings);
  std::uint64_t accounted = coverage.sessions;
  for (const auto& [reason, count] : coverage.joined) accounted += count;
  for (const auto& [reason, count] : coverage.filtered) accounted += count;
  EXPECT_EQ(accounted, coverage.logons);
}

INSTANTIATE_TEST_SUITE_P(Files, SharedData, testing::ValuesIn(cases()),
                         [](const testing::TestParamInfo<Case>& one) {
                           std::string name = one.param.file;
                           for (char& c : name) {
                             if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
                           }
                           return name;
                         });

TEST(SharedDataPresence, SaysWhenTheRecordingsAreAbsent) {
  if (cases().empty()) GTEST_SKIP() << "../shared/data is absent: recordings by others were not read";
  EXPECT_EQ(cases().size(), 29U) << "22 EVTX files and 7 JSON archives";
}

}  // namespace
}  // namespace curfew::windows
