// An audit of a folder with logs of several kinds: who reads what is told by the files.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/integration/app/program.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::app_test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

const fs::path fixtures = fs::path(CURFEW_SOURCE_DIR) / "tests/fixtures";

class ProviderLogsAudit : public testing::Test {
 protected:
  void add(const fs::path& fixture) const {
    fs::copy(fixtures / fixture, folder_.path() / fixture.filename());
  }
  [[nodiscard]] std::string folder() const { return folder_.path().string(); }
  [[nodiscard]] static json source(const json& report, const std::string& connector) {
    for (const json& one : report["sources"]) {
      if (one["connector"] == connector) return one;
    }
    return {};
  }

  support::TemporaryDirectory folder_;
};

TEST_F(ProviderLogsAudit, AFolderOfAllKinds) {
  add("provider_logs/okta.ndjson");
  add("provider_logs/keycloak.log");
  add("provider_logs/entra_hub.ndjson");
  add("provider_logs/business_central.ndjson");
  add("provider_logs/table.csv");
  add("windows/shapes/security.evtx");
  add("forms/nginx_combined.log");
  const Ended ended = run_curfew({"audit", "--json", folder()});
  ASSERT_TRUE(ended.code == 0 || ended.code == 3) << ended.err << ended.out;
  const json report = json::parse(ended.out);
  ASSERT_EQ(report["sources"].size(), 2U) << report["sources"].dump(1);
  const json logs = source(report, "oauth");
  EXPECT_EQ(logs["state"], "finished");
  // Records as they stand in the fixtures: 8, 6, 7 and 5.
  EXPECT_EQ(logs["coverage"]["records_total"], 26);
  EXPECT_EQ(logs["read"], 26);
  EXPECT_EQ(logs["coverage"]["unreadable"]["count"], 2);
  EXPECT_EQ(logs["coverage"]["told"]["sign_in"], 4);
  EXPECT_EQ(logs["coverage"]["input_count"], 4);
  EXPECT_EQ(logs["unreadable"], 2);
  EXPECT_GT(source(report, "windows")["read"], 0);
  // What nobody read is said.
  const std::string not_seen = report["not_seen"].dump();
  EXPECT_THAT(not_seen, HasSubstr("table.csv"));
  EXPECT_THAT(not_seen, HasSubstr("nginx_combined.log"));
  EXPECT_THAT(not_seen, HasSubstr("connector forms"));
  // Alice at three providers, Okta's and Entra's session ended by others.
  EXPECT_THAT(report["sessions"].dump(), HasSubstr("alice@corp.test"));
  std::uint64_t forced = 0;
  for (const json& end : report["sessions"]["by_end"]) {
    if (end["reason"] == "forced") forced += end["sessions"].get<std::uint64_t>();
  }
  EXPECT_EQ(forced, 3U) << "and the one that Business Central stopped: " << report["sessions"].dump(1);
}

TEST_F(ProviderLogsAudit, TablesAndLinesOfCefAreKnownByTheirContent) {
  for (const char* name : {"InteractiveSignIns_2026-03-02.csv", "NonInteractiveSignIns_2026-03-02.csv",
                           "business_central.csv", "cef.log", "entra_audit.csv", "entra_log_analytics.csv",
                           "entra_services.csv", "office365.csv", "okta.csv", "salesforce_events.csv",
                           "salesforce_login_api.csv", "salesforce_login_history.csv", "table.csv"})
    add(fs::path("provider_logs") / name);
  const Ended ended = run_curfew({"audit", "--json", folder()});
  ASSERT_TRUE(ended.code == 0 || ended.code == 3) << ended.err << ended.out;
  const json report = json::parse(ended.out);
  const json coverage = source(report, "oauth")["coverage"];
  EXPECT_EQ(coverage["input_count"], 12) << report["not_seen"].dump(1);
  // Records as they stand in the fixtures: 5, 1, 2, 7, 3, 2, 1, 2, 5, 2, 1 and 4.
  EXPECT_EQ(coverage["records_total"], 35);
  EXPECT_EQ(coverage["unreadable"]["count"], 5);
  EXPECT_THAT(report["not_seen"].dump(), HasSubstr("table.csv")) << "its columns are of no log";
}

TEST_F(ProviderLogsAudit, ANamedFileThatNobodyKnowsIsAnError) {
  add("provider_logs/table.csv");
  const Ended ended = run_curfew({"audit", folder() + "/table.csv"});
  EXPECT_EQ(ended.code, 2) << ended.out;
  EXPECT_THAT(ended.err, HasSubstr("table.csv"));
  EXPECT_THAT(ended.err, HasSubstr("--connector NAME"));
}

TEST_F(ProviderLogsAudit, AnAccessLogAloneSaysWhatItNeeds) {
  add("forms/nginx_combined.log");
  const Ended ended = run_curfew({"audit", folder() + "/nginx_combined.log"});
  EXPECT_EQ(ended.code, 2) << ended.out;
  EXPECT_THAT(ended.err, HasSubstr("--config FILE with a source of this connector"));
}

TEST_F(ProviderLogsAudit, TheConnectorCanBeForced) {
  add("provider_logs/table.csv");
  add("provider_logs/okta.ndjson");
  const Ended ended = run_curfew({"audit", "--connector", "oauth", "--json", folder()});
  ASSERT_TRUE(ended.code == 0 || ended.code == 3) << ended.err;
  const json report = json::parse(ended.out);
  EXPECT_EQ(report["sources"][0]["coverage"]["records_total"], 9);
  EXPECT_EQ(report["sources"][0]["coverage"]["unreadable"]["count"], 2)
      << "the table, and the record without a time";
}

// A configuration that asks a provider is one whose logs can be audited.
TEST_F(ProviderLogsAudit, WithTheConfigurationOfADaemon) {
  add("provider_logs/keycloak.log");
  std::ofstream(folder_.path() / ".curfew.yaml") << R"(realm: corp
sources:
  - name: sso
    connector: oauth
    settings:
      provider: keycloak
      url: https://sso.corp.test
      client_id: curfew
      client_secret: none
      keycloak: {realm: corp}
policies:
  - {name: day, rule: session_timeout, limit: 10m, mode: observe}
)";
  const Ended ended = run_curfew({"audit", "--config", folder() + "/.curfew.yaml", "--json", folder()});
  ASSERT_EQ(ended.code, 3) << ended.err << ended.out;
  const json report = json::parse(ended.out);
  EXPECT_EQ(report["sources"][0]["name"], "sso");
  ASSERT_EQ(report["violations"].size(), 1U);
  EXPECT_EQ(report["violations"][0]["breached_at"], "2026-03-02T08:10:05.000000Z");
}

}  // namespace
}  // namespace curfew::app_test
