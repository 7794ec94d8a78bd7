// What Winlogbeat's own tests expect of Windows' own rendering of the same logs (the .golden.json beside
// them): each of its fields that is kept means the same in ours.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "plugins/windows/evtx_reader.hpp"

namespace curfew::windows {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Collected final : RecordSink {
  void event(WindowsEvent&& event) override { events.emplace(event.record_id, std::move(event)); }
  void recovered(WindowsEvent&&) override {}
  void recovered_torn() override {}
  void unreadable(std::string_view, std::string_view, std::uint64_t records) override { lost += records; }
  void other_line() override {}
  std::map<std::uint64_t, WindowsEvent> events;
  std::uint64_t lost = 0;
};

// Windows writes hexadecimal numbers without leading zeros.
std::string without_zeros(std::string_view text) {
  if (!text.starts_with("0x")) return std::string(text);
  const auto digits = std::min(text.find_first_not_of('0', 2), text.size() - 1);
  return "0x" + std::string(text.substr(digits));
}

TEST(Golden, EachFieldMeansWhatWinlogbeatSays) {
  const fs::path folder = fs::path(CURFEW_SOURCE_DIR) / ".." / "shared" / "data" / "windows-evtx";
  if (!fs::exists(folder)) GTEST_SKIP() << "../shared/data is absent: recordings by others were not read";
  std::size_t records = 0, fields = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    constexpr std::string_view ending = ".golden.json";
    if (!name.ends_with(ending)) continue;
    std::ifstream in(entry.path());
    const json golden = json::parse(in);
    Collected ours;
    read_evtx((folder / (name.substr(0, name.size() - ending.size()) + ".evtx")).string(), ours);
    EXPECT_EQ(ours.events.size(), golden.size()) << name;
    EXPECT_EQ(ours.lost, 0U) << name;
    for (const json& expected : golden) {
      const json& log = expected.at("winlog");
      const auto found = ours.events.find(log.at("record_id").get<std::uint64_t>());
      ASSERT_NE(found, ours.events.end()) << name;
      const WindowsEvent& event = found->second;
      EXPECT_EQ(event.event_id, log.at("event_id").get<std::uint32_t>());
      EXPECT_EQ(event.version, log.value("version", 0));
      EXPECT_EQ(event.provider, log.at("provider_name").get<std::string>());
      EXPECT_EQ(event.channel, log.at("channel").get<std::string>());
      EXPECT_EQ(event.computer, log.at("computer_name").get<std::string>());
      EXPECT_EQ(event.failure, log.at("keywords").at(0) == "Audit Failure");
      EXPECT_EQ(event.time, parse_time(expected.at("@timestamp").get<std::string>()));
      ++records;
      for (const auto& [key, value] : log.at("event_data").items()) {
        const auto field = field_named(key);
        if (!field || !value.is_string()) continue;
        std::string text(trim(value.get_ref<const std::string&>()));
        if (text == "-") text.clear();
        EXPECT_EQ(without_zeros(event.get(*field)), without_zeros(text)) << name << " " << key;
        ++fields;
      }
    }
  }
  EXPECT_EQ(records, 28U);
  EXPECT_GE(fields, 200U);
}

}  // namespace
}  // namespace curfew::windows
