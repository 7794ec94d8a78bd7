// Each shape of a log, as fixtures of our own, and as recordings where there are any: what is read of it.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/plugins/oauth_logs/log_tester.hpp"

namespace curfew::oauth::logs {
namespace {

namespace fs = std::filesystem;

const std::string fixtures = CURFEW_SOURCE_DIR "/tests/fixtures/provider_logs/";

using Counts = std::map<std::string, std::uint64_t, std::less<>>;

struct File {
  const char* name;
  const char* vendor;
  std::uint64_t records, unreadable;
  Counts told;
};

void expect(const std::string& path, const File& file) {
  const Logs logs = read_files({path});
  EXPECT_EQ(logs.sum.records_total, file.records) << file.name;
  EXPECT_EQ(logs.sum.unreadable, file.unreadable) << file.name << " " << logs.coverage;
  EXPECT_EQ(logs.sum.told, file.told) << file.name;
  if (*file.vendor != '\0') {
    EXPECT_TRUE(logs.sum.vendors.contains(file.vendor)) << file.name << " " << logs.coverage;
  }
}

// Written by hand, and counted by hand.
TEST(ProviderLogs, EachShape) {
  const File files[] = {
      {"okta.ndjson",
       "okta",
       8,
       1,
       {{"sign_in", 1},
        {"sign_in_failed", 1},
        {"sign_out", 1},
        {"reauthenticated", 1},
        {"activity", 1},
        {"revoked", 1}}},
      {"auth0.json",
       "auth0",
       6,
       0,
       {{"sign_in", 1}, {"sign_in_failed", 2}, {"sign_out", 1}, {"credential_changed", 1}}},
      {"authentik.json", "authentik", 4, 0, {{"sign_in", 1}, {"sign_in_failed", 1}, {"sign_out", 1}}},
      {"business_central.ndjson",
       "business_central",
       5,
       0,
       {{"sign_in", 1}, {"sign_in_failed", 1}, {"revoked", 1}}},
      {"keycloak.log",
       "keycloak",
       6,
       0,
       {{"sign_in", 1}, {"sign_in_failed", 1}, {"sign_out", 1}, {"revoked", 1}}},
      {"keycloak.json",
       "keycloak",
       4,
       0,
       {{"sign_in", 1}, {"token_refreshed", 1}, {"sign_out", 1}, {"credential_changed", 1}}},
      {"keycloak_console.ndjson", "keycloak", 2, 0, {{"sign_in", 1}}},
      {"entra_graph.json", "entra", 4, 0, {{"sign_in", 2}, {"sign_in_failed", 1}}},
      {"entra_hub.ndjson",
       "entra",
       7,
       1,
       {{"sign_in", 1},
        {"token_refreshed", 1},
        {"sign_in_failed", 1},
        {"revoked", 1},
        {"account_disabled", 1}}},
      {"entra_log_analytics.json", "entra", 1, 0, {{"sign_in", 1}}},
      {"office365.json",
       "office365",
       5,
       0,
       {{"sign_in", 1}, {"sign_in_failed", 1}, {"credential_changed", 1}}},
      {"duo.json", "duo", 3, 0, {{"sign_in", 1}, {"sign_in_failed", 1}}},
      {"google.json",
       "google_workspace",
       5,
       0,
       {{"sign_in", 1}, {"sign_in_failed", 1}, {"sign_out", 1}, {"account_disabled", 1}}},
      {"others.ndjson",
       "cyberark",
       12,
       1,
       {{"sign_in", 5}, {"sign_in_failed", 1}, {"sign_out", 1}, {"expired", 2}}},
      {"pulse.log", "pulse", 5, 0, {{"sign_in", 1}, {"sign_in_failed", 1}, {"expired", 1}}},
      {"bravura.log", "bravura", 2, 0, {}},
      {"table.csv", "", 1, 1, {}},
      {"InteractiveSignIns_2026-03-02.csv", "entra", 5, 2, {{"sign_in", 1}, {"sign_in_failed", 1}}},
      {"NonInteractiveSignIns_2026-03-02.csv", "entra", 1, 0, {{"token_refreshed", 1}}},
      {"entra_services.csv", "entra", 1, 0, {}},
      {"entra_audit.csv", "entra_audit", 3, 0, {{"account_disabled", 1}, {"revoked", 1}}},
      {"entra_log_analytics.csv", "entra", 2, 0, {{"sign_in", 1}, {"token_refreshed", 1}}},
      {"business_central.csv", "business_central", 2, 0, {{"sign_in", 1}, {"revoked", 1}}},
      {"office365.csv", "office365", 2, 1, {{"sign_in", 1}}},
      {"okta.csv", "okta", 5, 0, {{"sign_in", 1}, {"activity", 1}, {"sign_out", 1}, {"account_disabled", 1}}},
      {"salesforce_events.csv", "salesforce", 2, 0, {{"sign_in", 1}, {"sign_in_failed", 1}}},
      // One names its zone by letters, which may be anybody's.
      {"salesforce_login_history.csv", "salesforce", 4, 1, {{"sign_in", 1}, {"sign_in_failed", 2}}},
      {"salesforce_login_api.csv", "salesforce", 1, 0, {{"sign_in", 1}}},
      {"cef.log", "ping_federate", 7, 1, {{"sign_in", 2}, {"sign_in_failed", 1}, {"sign_out", 1}}},
  };
  for (const File& file : files) expect(fixtures + file.name, file);
}

// What real servers wrote, where it is there. Counted with Python out of the files themselves: `records` the
// members of the lists, or lines that begin with a time; the others by the vendor's name of the event and its
// outcome, such as
//   Counter((r["eventType"], r["outcome"]["result"]) for r in map(json.loads, open(file)))
TEST(ProviderLogs, RecordingsAreReadToTheLastRecord) {
  const fs::path data = fs::path(CURFEW_SOURCE_DIR) / "../shared/data";
  if (!fs::exists(data / "vendor-logs")) GTEST_SKIP() << "no recordings in " << data;
  const File files[] = {
      {"vendor-logs/1password/signin_attempts/test-signinattempts.json",
       "1password",
       2,
       0,
       {{"sign_in", 1}, {"sign_in_failed", 1}}},
      {"vendor-logs/auth0/deploy/auth0-ndjson.log", "auth0", 22, 0, {{"sign_in", 22}}},
      {"vendor-logs/auth0/logs/test-login-failure.json", "auth0", 5, 0, {{"sign_in_failed", 5}}},
      {"vendor-logs/auth0/logs/test-login-success.json", "auth0", 22, 0, {{"sign_in", 22}}},
      {"vendor-logs/auth0/logs/test-logout-success.json", "auth0", 3, 0, {{"sign_out", 3}}},
      {"vendor-logs/auth0/logs/test-token-xchg-success.json", "auth0", 21, 0, {}},
      {"vendor-logs/azure/auditlogs/test-audit-logs-sample.log", "entra_audit", 3, 0, {}},
      {"vendor-logs/azure/auditlogs/test-auditlogs-raw.log", "entra_audit", 1, 0, {}},
      {"vendor-logs/azure/signinlogs/test-managed-identity-sample.log", "entra", 33, 0, {}},
      {"vendor-logs/azure/signinlogs/test-managed-identity.log", "entra", 1, 0, {}},
      {"vendor-logs/azure/signinlogs/test-non-interactive-user-signin.log", "entra", 1, 0, {}},
      {"vendor-logs/azure/signinlogs/test-non-interactive-user.log", "entra", 1, 0, {}},
      {"vendor-logs/azure/signinlogs/test-service-principal.log", "entra", 1, 0, {}},
      {"vendor-logs/azure/signinlogs/test-signinlogs-raw.log", "entra", 2, 0, {}},
      {"vendor-logs/cisco_duo/auth/test-auth.log", "duo", 17, 0, {{"sign_in", 6}, {"sign_in_failed", 10}}},
      {"vendor-logs/cisco_duo/auth/test-empty.log", "", 0, 0, {}},
      {"vendor-logs/cyberarkpas/audit/test-300-psm-connect.log", "cyberark", 17, 0, {{"sign_in", 17}}},
      {"vendor-logs/cyberarkpas/audit/test-302-psm-disconnect.log", "cyberark", 16, 0, {{"sign_out", 16}}},
      {"vendor-logs/cyberarkpas/audit/test-7-logon.log", "cyberark", 12, 0, {{"sign_in", 12}}},
      {"vendor-logs/cyberarkpas/audit/test-8-logoff.log", "cyberark", 15, 0, {{"sign_out", 15}}},
      // One has a time of day without its year.
      {"vendor-logs/cyberarkpas/audit/test-88-set-password.log",
       "cyberark",
       18,
       1,
       {{"credential_changed", 17}}},
      {"vendor-logs/cyberarkpas/audit/test-legacysyslog.log", "cyberark", 1, 0, {}},
      {"vendor-logs/elastic-newer/authentik-test-event-6of-many.log",
       "authentik",
       6,
       0,
       {{"sign_in", 1}, {"sign_in_failed", 1}, {"sign_out", 1}}},
      {"vendor-logs/forgerock/am_access/test-am-access.log", "forgerock", 14, 0, {}},
      {"vendor-logs/forgerock/am_authentication/test-am-authentication.log",
       "forgerock",
       7,
       0,
       {{"sign_in", 4}}},
      {"vendor-logs/forgerock/idm_authentication/test-idm-authentication.log",
       "forgerock",
       1,
       0,
       {{"sign_in", 1}}},
      {"vendor-logs/google_workspace/login/test-login.log",
       "google_workspace",
       14,
       0,
       {{"account_disabled", 5}, {"sign_in", 1}, {"sign_in_failed", 1}, {"sign_out", 1}}},
      {"vendor-logs/hid_bravura_monitor/log/test-hid-bravura-monitor.log", "bravura", 16, 0, {}},
      {"vendor-logs/keycloak/deploy/test-log.log",
       "keycloak",
       6,
       0,
       {{"sign_in", 1}, {"sign_in_failed", 2}, {"sign_out", 1}}},
      {"vendor-logs/keycloak/log/test-log.log",
       "keycloak",
       22,
       0,
       {{"sign_in", 1}, {"sign_in_failed", 5}, {"sign_out", 1}, {"token_refreshed", 1}}},
      // Four of the failures only ask for the second factor.
      {"vendor-logs/o365/audit/test-azuread-sts-logon-events.json", "office365", 69, 0, {{"sign_in", 65}}},
      {"vendor-logs/o365/audit/test-bad-ips.json", "office365", 4, 0, {}},
      {"vendor-logs/o365/audit/test-exchange-item-events.json", "office365", 9, 0, {}},
      {"vendor-logs/o365/audit/test-ip-formats-events.json", "", 15, 0, {}},
      {"vendor-logs/o365/audit/test-ms-teams-events.json", "office365", 4, 0, {}},
      {"vendor-logs/o365/audit/test-sharepoint-events.json", "office365", 4, 0, {}},
      {"vendor-logs/o365/audit/test-yammer-events.json", "office365", 2, 0, {}},
      {"vendor-logs/okta/system/test-okta-system-events.log",
       "okta",
       24,
       0,
       {{"activity", 2}, {"reauthenticated", 6}, {"sign_in", 5}, {"sign_out", 4}}},
      {"vendor-logs/ping_one/deploy/audit.log", "ping_one", 1, 0, {{"sign_in", 1}}},
      {"vendor-logs/pulse_connect_secure/log/test-log-admin.log", "pulse", 10, 0, {{"sign_in_failed", 1}}},
      {"vendor-logs/pulse_connect_secure/log/test-log-syslog.log", "pulse", 5, 0, {}},
      {"vendor-logs/pulse_connect_secure/log/test-log-system.log", "pulse", 8, 0, {{"expired", 1}}},
      {"vendor-logs/pulse_connect_secure/log/test-log-vpn.log",
       "pulse",
       13,
       0,
       {{"resumed", 1}, {"sign_in", 1}, {"sign_in_failed", 1}, {"sign_out", 1}}},
      {"vendor-logs/salesforce/login_rest/test-login-rest.log", "salesforce", 1, 0, {{"sign_in", 1}}},
      {"vendor-logs/salesforce/logout_rest/test-logout-rest.log", "salesforce", 1, 0, {{"sign_out", 1}}},
      {"sentinel-samples/DuoSecurityAuthentication_CL.json", "duo", 30, 0, {{"sign_in", 20}}},
      {"sentinel-samples/GWorkspace_ReportsAPI_login_CL.json", "google_workspace", 3, 0, {{"sign_in", 2}}},
      {"sentinel-samples/PingFederate.json", "ping_federate", 6, 0, {}},
      {"sentinel-samples/ArubaClearPass.json", "aruba_clearpass", 3, 0, {}},
      {"sentinel-samples/NGINX_CL.json", "", 35, 0, {}},
      {"sentinel-samples/AADUSerInfo.csv", "", 1, 1, {}},
      // The dimensions alone, without a time: the one session that was stopped can't be told.
      {"business-central/bc-telemetry-customdimensions.ndjson", "business_central", 36, 1, {}},
      // As it was published, with a comma too many.
      {"microsoft-graph/signin-get-response-doc-sample.json.txt", "", 1, 1, {}},
      {"adfs-goldensaml/AADAuditEvents.Zip", "entra_audit", 4, 0, {}},
      {"adfs-goldensaml/Microsoft365DefenderEvents.Zip", "defender", 9, 0, {}},
  };
  std::size_t read = 0;
  for (const File& file : files) {
    if (!fs::exists(data / file.name)) continue;
    ++read;
    expect((data / file.name).string(), file);
  }
  EXPECT_GT(read, 0U);
}

// The same, as others read it: who, from where, when and how it went, of each record that is told of.
class Golden : public testing::TestWithParam<const char*> {};

std::string text_at(const nlohmann::json& all, std::initializer_list<const char*> path) {
  const nlohmann::json* at = &all;
  for (const char* key : path) {
    const auto found = at->find(key);
    if (found == at->end()) return {};
    at = &*found;
  }
  return at->is_string() ? at->get<std::string>() : std::string{};
}

TEST_P(Golden, AgreesOnTimeAddressNameAndOutcome) {
  const fs::path log = fs::path(CURFEW_SOURCE_DIR) / "../shared/data/vendor-logs" / GetParam();
  if (!fs::exists(log)) GTEST_SKIP() << "no recording " << log;
  const nlohmann::json golden = nlohmann::json::parse(std::ifstream(log.string() + "-expected.json"));
  struct Row {
    std::string address, outcome;
    std::vector<std::string> names;
  };
  std::multimap<std::string, Row> rows;  // by milliseconds
  for (const nlohmann::json& one : golden.at("expected")) {
    if (!one.is_object()) continue;
    std::string address = text_at(one, {"source", "ip"});
    if (address.empty()) address = text_at(one, {"client", "ip"});
    Row row{address, text_at(one, {"event", "outcome"}), {}};
    for (const char* key : {"name", "email", "id", "full_name"})
      row.names.push_back(text_at(one, {"user", key}));
    // Whose account was disabled; `user` is who told of it.
    row.names.push_back(text_at(one, {"google_workspace", "login", "affected_email_address"}));
    for (const nlohmann::json& name :
         one.value("related", nlohmann::json::object()).value("user", nlohmann::json::array()))
      row.names.push_back(name.get<std::string>());
    const auto at = files::parse_time(text_at(one, {"@timestamp"}));
    ASSERT_TRUE(at) << one.dump();
    rows.emplace(files::format_time(*at).substr(0, 19), std::move(row));
  }
  const Logs logs = read_files({log.string()});
  ASSERT_FALSE(logs.sightings.empty());
  for (const Sighting& seen : logs.sightings) {
    const auto range = rows.equal_range(files::format_time(seen.at).substr(0, 19));
    const bool agrees = std::any_of(range.first, range.second, [&](const auto& entry) {
      const bool failed = seen.type == plugin::Type::SignInFailed;
      const Row& row = entry.second;
      const auto is_named = [&row](const std::string& name) {
        return !name.empty() && std::find(row.names.begin(), row.names.end(), name) != row.names.end();
      };
      bool named = (seen.user_name.empty() && seen.names.empty()) || is_named(seen.user_name) ||
                   is_named(seen.user_name.substr(0, seen.user_name.find('@')));
      for (const SightingName& name : seen.names)
        named = named || is_named(name.value) || is_named(name.value.substr(name.value.rfind('/') + 1));
      return (seen.address.empty() || row.address == seen.address) && named &&
             (row.outcome.empty() || (row.outcome == "failure") == failed);
    });
    EXPECT_TRUE(agrees) << files::format_time(seen.at) << " " << name_of(seen.type) << " " << person(seen)
                        << " " << seen.address;
  }
}

INSTANTIATE_TEST_SUITE_P(
    ProviderLogs, Golden,
    testing::Values(
        "1password/signin_attempts/test-signinattempts.json", "auth0/logs/test-login-failure.json",
        "auth0/logs/test-login-success.json", "auth0/logs/test-logout-success.json",
        "cisco_duo/auth/test-auth.log", "cyberarkpas/audit/test-7-logon.log",
        "cyberarkpas/audit/test-8-logoff.log", "cyberarkpas/audit/test-300-psm-connect.log",
        "cyberarkpas/audit/test-302-psm-disconnect.log", "google_workspace/login/test-login.log",
        "o365/audit/test-azuread-sts-logon-events.json", "okta/system/test-okta-system-events.log",
        "pulse_connect_secure/log/test-log-vpn.log", "pulse_connect_secure/log/test-log-admin.log",
        "salesforce/login_rest/test-login-rest.log", "salesforce/logout_rest/test-logout-rest.log"));

// Any order of the files, and any packing of them, gives the same.
TEST(ProviderLogs, TheOrderOfFilesIsNoMatter) {
  const Logs one = read_files({fixtures + "okta.ndjson", fixtures + "keycloak.log"});
  const Logs other = read_files({fixtures + "keycloak.log", fixtures + "okta.ndjson"});
  ASSERT_EQ(one.sightings.size(), other.sightings.size());
  for (std::size_t i = 0; i < one.sightings.size(); ++i)
    EXPECT_EQ(one.sightings[i].key, other.sightings[i].key);
}

}  // namespace
}  // namespace curfew::oauth::logs
