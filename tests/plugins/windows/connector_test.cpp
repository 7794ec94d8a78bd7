// The connector as it ships, in the real host.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/text.hpp"
#include "core/connector/host.hpp"
#include "core/metrics/registry.hpp"
#include "tests/conformance/host/recording_listener.hpp"

namespace curfew::windows {
namespace {

using connector::Host;
using connector::RecordingListener;
using nlohmann::json;

const std::string fixtures = CURFEW_SOURCE_DIR "/tests/fixtures/";

class WindowsConnector : public testing::Test {
 protected:
  WindowsConnector() {
    std::string pattern = testing::TempDir() + "/curfew-windows-XXXXXX";
    folder = mkdtemp(pattern.data());
  }
  ~WindowsConnector() override {
    host.reset();
    std::filesystem::remove_all(folder);
  }
  void run(const json& settings, bool recorded, connector::SourceMemory memory = {}) {
    host = std::make_unique<Host>(folder + "/state", listener, &metrics);
    connector::SourceSettings source;
    source.name = "corp";
    source.plugin = CURFEW_BINARY_DIR "/lib/curfew/plugins/windows.so";
    source.config = settings.dump();
    source.digest_key = "0123456789abcdef0123456789abcdef";
    source.recorded = recorded;
    host->add(source, std::move(memory));
  }

  std::string folder;
  RecordingListener listener;
  metrics::Registry metrics;
  std::unique_ptr<Host> host;
};

TEST_F(WindowsConnector, ReadsTheQuickstartToItsEnd) {
  run({{"inputs", {fixtures + "quickstart"}}}, true);
  ASSERT_TRUE(listener.wait_for_state("corp", "finished"));
  host->stop();
  EXPECT_GT(listener.observations.size(), 300U);
  std::set<std::string> keys;
  Time before{};
  for (const model::Observation& seen : listener.observations) {
    EXPECT_TRUE(keys.insert(seen.key).second) << seen.key;
    EXPECT_LE(before, seen.occurred_at) << "in order of event time";
    before = seen.occurred_at;
    EXPECT_TRUE(base::is_clean_utf8(seen.handle));
  }
  const json coverage = json::parse(listener.coverage);
  std::uint64_t accounted = coverage.at("sessions").get<std::uint64_t>();
  for (const char* kind : {"joined", "filtered"}) {
    for (const auto& [reason, count] : coverage.at(kind).items()) accounted += count.get<std::uint64_t>();
  }
  EXPECT_EQ(accounted, coverage.at("logons").get<std::uint64_t>());
  EXPECT_EQ(coverage.at("inputs").size(), 2U);
  EXPECT_EQ(coverage.at("gap_count"), 1);
  for (const char* key : {"records_total", "security_records", "unreadable", "by_event_id", "paired",
                          "recovered", "gaps", "first", "last"})
    EXPECT_TRUE(coverage.contains(key)) << key;
  std::uint64_t read = 0;
  for (const auto& progress : listener.progresses) read += progress.read;
  EXPECT_EQ(read, coverage.at("records_total").get<std::uint64_t>());
}

TEST_F(WindowsConnector, SaysWhichInputIsMissing) {
  run({{"inputs", {"/nowhere/Security.evtx"}}}, true);
  const auto said = [&] {
    for (const auto& change : listener.changes) {
      if (change.text.find("/nowhere/Security.evtx") != std::string::npos) return true;
    }
    for (const std::string& text : listener.log) {
      if (text.find("/nowhere/Security.evtx") != std::string::npos) return true;
    }
    return false;
  };
  EXPECT_TRUE(listener.wait(said));
}

TEST_F(WindowsConnector, RefusesSettingsThatItCannotUse) {
  EXPECT_ANY_THROW(run({{"inputs", json::array()}}, true));
  EXPECT_ANY_THROW(run({{"inputs", {"x"}}, {"settle", "soon"}}, true));
}

TEST_F(WindowsConnector, FollowsALogThatGrowsAndGoesOnAfterARestart) {
  const std::string log = folder + "/security.ndjson";
  const auto line = [](int minute, int id, const char* logon, int record) {
    char time[64];
    std::snprintf(time, sizeof time, "2026-01-05T08:%02d:00.000Z", minute);
    return json{{"EventID", id},          {"Channel", "Security"},      {"Hostname", "WS1"},
                {"RecordNumber", record}, {"TimeCreated", time},        {"TargetUserName", "alice"},
                {"LogonType", "2"},       {"TargetDomainName", "CORP"}, {"TargetLogonId", logon}}
               .dump() +
           "\n";
  };
  std::ofstream(log) << line(0, 4624, "0x1", 1);
  run({{"inputs", {log}}}, false);
  ASSERT_TRUE(listener.wait([&] { return listener.observations.size() == 1; }));
  ASSERT_TRUE(listener.wait([&] {
    for (const auto& progress : listener.progresses) {
      if (progress.name.starts_with("file:")) return true;
    }
    return false;
  }));
  host->stop();
  host.reset();
  connector::SourceMemory memory;
  std::map<std::string, std::string> cursors, remembered;
  for (const auto& progress : listener.progresses) cursors[progress.name] = progress.value;
  for (const auto& [key, value] : listener.memory) remembered[key] = value;
  memory.cursors.assign(cursors.begin(), cursors.end());
  memory.remembered.assign(remembered.begin(), remembered.end());

  std::ofstream(log, std::ios::app) << line(30, 4647, "0x1", 2);
  run({{"inputs", {log}}}, false, memory);
  ASSERT_TRUE(listener.wait([&] { return listener.observations.size() == 2; }));
  host->stop();
  EXPECT_EQ(listener.observations[0].type, model::ObservationType::SignIn);
  EXPECT_EQ(listener.observations[1].type, model::ObservationType::SignOut);
  EXPECT_EQ(listener.observations[1].session, listener.observations[0].session);
  EXPECT_EQ(listener.observations[1].end_reason, model::EndReason::SignedOut);
}

}  // namespace
}  // namespace curfew::windows
