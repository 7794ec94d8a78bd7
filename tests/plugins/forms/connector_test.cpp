// The connector as it ships, in the real host.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/text.hpp"
#include "core/connector/check.hpp"
#include "core/connector/host.hpp"
#include "core/metrics/registry.hpp"
#include "tests/conformance/host/recording_listener.hpp"

namespace curfew::forms {
namespace {

using connector::Host;
using connector::RecordingListener;
using nlohmann::json;

const std::string fixtures = CURFEW_SOURCE_DIR "/tests/fixtures/forms/";
const std::string plugin_file = CURFEW_BINARY_DIR "/lib/curfew/plugins/forms.so";

class FormsConnector : public testing::Test {
 protected:
  FormsConnector() {
    std::string pattern = testing::TempDir() + "/curfew-forms-XXXXXX";
    folder = mkdtemp(pattern.data());
  }
  ~FormsConnector() override {
    host.reset();
    std::filesystem::remove_all(folder);
  }
  void run(const json& settings, bool recorded, connector::SourceMemory memory = {}) {
    host = std::make_unique<Host>(folder + "/state", listener, &metrics);
    connector::SourceSettings source;
    source.name = "crm";
    source.plugin = plugin_file;
    source.config = settings.dump();
    source.digest_key = "0123456789abcdef0123456789abcdef";
    source.recorded = recorded;
    host->add(source, std::move(memory));
  }
  [[nodiscard]] std::size_t of_type(model::ObservationType type) const {
    std::size_t count = 0;
    for (const model::Observation& seen : listener.observations) count += seen.type == type ? 1 : 0;
    return count;
  }

  std::string folder;
  RecordingListener listener;
  metrics::Registry metrics;
  std::unique_ptr<Host> host;
};

TEST_F(FormsConnector, ReadsARecordedLogToItsEndAndNoCredentialLeavesIt) {
  run({{"preset", "apache_mod_auth_form"},
       {"inputs", {fixtures + "authform_access.log"}},
       {"application", "crm"}},
      true);
  ASSERT_TRUE(listener.wait_for_state("crm", "finished"));
  host->stop();
  EXPECT_EQ(of_type(model::ObservationType::SignIn), 2U);
  std::set<std::string> keys;
  for (const model::Observation& seen : listener.observations) {
    EXPECT_TRUE(keys.insert(seen.key).second) << seen.key;
    EXPECT_TRUE(seen.handle.empty());
    EXPECT_EQ(seen.application, "crm");
    for (const std::string* text : {&seen.key, &seen.failure, &seen.user_agent, &seen.address})
      EXPECT_EQ(text->find("8bf07fc7"), std::string::npos) << "the session's id is a credential";
  }
  EXPECT_EQ(listener.coverage.find("8bf07fc7"), std::string::npos);
  const json coverage = json::parse(listener.coverage);
  EXPECT_EQ(coverage.at("records_total"), 10);
  EXPECT_EQ(coverage.at("lines").at("sign_in"), 2);
  EXPECT_EQ(coverage.at("inputs").size(), 1U);
  std::uint64_t read = 0;
  for (const auto& progress : listener.progresses) read += progress.read;
  EXPECT_EQ(read, 10U);
}

TEST_F(FormsConnector, TheGateIsToldWhereARequestHasTheSession) {
  run({{"preset", "apache_mod_auth_form"},
       {"inputs", {folder + "/access.log"}},
       {"session", {{"cookie", "sid"}, {"transform", {"url_decode", "after:s:", "before:."}}}}},
      false);
  ASSERT_TRUE(listener.wait([&] { return !listener.rules.empty(); }));
  host->stop();
  EXPECT_EQ(
      json::parse(listener.rules),
      json::parse(
          R"({"credentials":[{"in":"cookie","name":"sid","transform":["url_decode","after:s:","before:."]}],
                            "clear_cookies":["sid"]})"));
}

TEST_F(FormsConnector, TheSameLogPackedAndRenamedHasTheSameKeys) {
  const json settings{{"preset", "apache_mod_auth_form"}};
  const auto keys_of = [&](const std::string& input) {
    listener.observations.clear();
    listener.changes.clear();
    json one = settings;
    one["inputs"] = {input};
    run(one, true);
    EXPECT_TRUE(listener.wait_for_state("crm", "finished"));
    host->stop();
    std::set<std::string> keys;
    for (const model::Observation& seen : listener.observations) keys.insert(seen.key);
    return keys;
  };
  const auto plain = keys_of(fixtures + "authform_access.log");
  EXPECT_GE(plain.size(), 7U);
  const std::string renamed = folder + "/access.log.3";
  std::filesystem::copy_file(fixtures + "authform_access.log", renamed);
  EXPECT_EQ(keys_of(renamed), plain);
  ASSERT_EQ(system(("gzip " + renamed).c_str()), 0);
  EXPECT_EQ(keys_of(renamed + ".gz"), plain);
}

TEST_F(FormsConnector, FollowsALogThatGrowsAndGoesOnAfterARestart) {
  const std::string log = folder + "/access.log";
  std::ifstream in(fixtures + "authform_access.log");
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line + "\n");
  const json settings{{"preset", "apache_mod_auth_form"}, {"inputs", {log}}};
  std::ofstream(log) << lines[0] << lines[1] << lines[2];
  run(settings, false);
  ASSERT_TRUE(listener.wait([&] { return of_type(model::ObservationType::SignIn) == 1; }));
  ASSERT_TRUE(listener.wait([&] {
    for (const auto& progress : listener.progresses) {
      if (progress.name.starts_with("file:") && progress.caught_up) return true;
    }
    return false;
  }));
  host->stop();
  host.reset();
  const std::size_t before = listener.observations.size();
  std::ofstream(log, std::ios::app) << lines[6];
  run(settings, false, listener.stored());
  ASSERT_TRUE(listener.wait([&] { return of_type(model::ObservationType::SignIn) == 2; }));
  host->stop();
  EXPECT_EQ(listener.observations.size(), before + 1) << "nothing was read twice";
}

TEST_F(FormsConnector, RefusesSettingsThatItCannotUseWithTheReason) {
  const auto refused = [&](const json& settings) {
    try {
      run(settings, true);
    } catch (const std::exception& failure) {
      return std::string(failure.what());
    }
    return std::string("taken");
  };
  EXPECT_NE(refused({{"inputs", {"x"}}, {"preset", "sap"}}).find("preset"), std::string::npos);
  EXPECT_NE(refused({{"inputs", {"x"}}, {"format", {{"kind", "nginx"}}}}).find("rules"), std::string::npos);
  EXPECT_NE(refused({{"inputs", {"x"}},
                     {"format", {{"kind", "nginx"}, {"log_format", "$msec $a$b"}}},
                     {"rules", {{{"means", "activity"}}}}})
                .find("side by side"),
            std::string::npos);
}

TEST_F(FormsConnector, SaysWhichInputIsMissing) {
  run({{"preset", "lemonldap"}, {"inputs", {"/nowhere/access.log"}}}, true);
  EXPECT_TRUE(listener.wait([&] {
    for (const auto& change : listener.changes) {
      if (change.text.find("/nowhere/access.log") != std::string::npos) return true;
    }
    return false;
  }));
}

TEST(FormsConformance, TheKitFindsNothingWrong) {
  const json settings{{"preset", "apache_mod_auth_form"}, {"inputs", {fixtures + "authform_access.log"}}};
  const connector::Check check =
      connector::check_plugin(plugin_file, settings.dump(), std::chrono::seconds(10));
  EXPECT_EQ(check.faults, std::vector<std::string>{});
  ASSERT_TRUE(check.plugin);
  EXPECT_EQ(check.plugin->name, "forms");
}

}  // namespace
}  // namespace curfew::forms
