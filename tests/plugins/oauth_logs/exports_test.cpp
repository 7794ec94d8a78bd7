// Exports as tables, and lines in the Common Event Format: read as the records that they were made of.
#include <algorithm>

#include "plugins/oauth/logs/cef_line.hpp"
#include "plugins/oauth/logs/table_rows.hpp"
#include "tests/plugins/oauth_logs/log_tester.hpp"

namespace curfew::oauth::logs {
namespace {

using plugin::EndReason;
using plugin::Interactivity;
using plugin::Type;

const std::string fixtures = CURFEW_SOURCE_DIR "/tests/fixtures/provider_logs/";

// How a file that is no CSV is refused says what would be read.
TEST(Tables, OfUnknownColumnsAreLeftWithTheReason) {
  const Logs logs = read_text("name,time\n1,2\n3,4\n");
  EXPECT_EQ(logs.sum.records_total, 1U);
  EXPECT_NE(logs.sum.places.at(0).second.find("tables (CSV) whose columns are known"), std::string::npos);
}

TEST(Tables, AreKnownByTheirColumnsInAnyOrder) {
  const auto kind = [](const std::vector<std::string>& header) {
    const auto rows = TableRows::of(header, {});
    return rows ? std::optional(rows->kind()) : std::nullopt;
  };
  EXPECT_EQ(kind({"User ID", " Request ID", "Date (UTC)"}), TableKind::EntraSignIns);
  EXPECT_EQ(kind({"ResultType", "UserPrincipalName", "TimeGenerated [UTC]"}), TableKind::Columns);
  EXPECT_EQ(kind({"actor.id", "timestamp", "event_type"}), TableKind::OktaLog);
  EXPECT_EQ(kind({"Source IP", "Login Time", "Login Type"}), TableKind::Logins);
  EXPECT_EQ(kind({"UserPrincipalName_s", "TimeGenerated [UTC]", "Type"}), std::nullopt);
  EXPECT_EQ(kind({}), std::nullopt);
}

TEST(EntraPortal, ASignInIsAsGraphHasIt) {
  const Logs logs =
      read_files({fixtures + "InteractiveSignIns_2026-03-02.csv",
                  fixtures + "NonInteractiveSignIns_2026-03-02.csv", fixtures + "entra_audit.csv"});
  EXPECT_EQ(logs.story("entra:ses-p1"), "sign_in token_refreshed revoked");
  const Sighting start = logs.of(Type::SignIn).at(0);
  EXPECT_EQ(start.key, "entra/req-1");
  EXPECT_EQ(files::format_time(start.at), "2026-03-02T08:00:00.000000Z");
  EXPECT_EQ(name_in(start, "entra_object"), "26be570a-0000-4000-8000-000000000001");
  EXPECT_EQ(start.user_name, "alice@corp.test");
  EXPECT_EQ(start.address, "192.0.2.10");
  EXPECT_EQ(start.device, "dev-1");
  EXPECT_EQ(start.application, "Portal");
  EXPECT_EQ(start.factors, 2U);
  EXPECT_EQ(start.user_agent, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101, Firefox/140.0");
  const Sighting failed = logs.of(Type::SignInFailed).at(0);
  EXPECT_EQ(failed.failure, "bad_password:50126");
  EXPECT_EQ(failed.address, "2001:db8::66");
  EXPECT_EQ(logs.sum.filtered.at("entra: sign-in: an interrupt"), 1U);
  EXPECT_EQ(logs.of(Type::AccountDisabled).at(0).user_name, "bob@corp.test") << "whose it is";
  ASSERT_EQ(logs.sum.places.size(), 2U);
  EXPECT_TRUE(logs.sum.places[0].first.ends_with("line 6")) << "a row may have several lines";
}

// The columns are the same: only the portal's name for the file says which it is.
TEST(EntraPortal, WhatAClientDidByItselfIsToldByTheFilesName) {
  const std::string text =
      "Date (UTC),Request ID,User ID,Username,Application ID,Status,Session ID\n"
      "2026-03-02T08:00:00Z,r,26be570a-0000-4000-8000-000000000001,alice@corp.test,a,Success,s\n";
  for (const auto& [name, type] : {std::pair{"InteractiveSignIns.csv", Type::SignIn},
                                   std::pair{"x/NonInteractiveSignIns.csv", Type::TokenRefreshed},
                                   std::pair{"export.csv", Type::SignIn}}) {
    RecordedLogs recorded({}, {});
    recorded.read_text(text, name);
    recorded.sort();
    EXPECT_EQ(taken(recorded).sightings.at(0).type, type) << name;
  }
}

TEST(LogAnalytics, ColumnsOfAnExport) {
  const Logs logs = read_files({fixtures + "entra_log_analytics.csv"});
  EXPECT_EQ(logs.story("entra:ses-la"), "sign_in token_refreshed");
  EXPECT_TRUE(logs.sightings.at(0).fresh_credentials) << "the steps stand in a text";
  EXPECT_EQ(files::format_time(logs.sightings.at(0).at), "2026-03-02T11:00:00.000000Z");
}

TEST(OktaExport, IsReadByTheSameTableAsItsApi) {
  const Logs logs = read_files({fixtures + "okta.csv"});
  EXPECT_EQ(logs.story("okta:idx-csv"), "sign_in activity sign_out");
  EXPECT_TRUE(logs.of(Type::SignIn).at(0).fresh_credentials);
  EXPECT_EQ(logs.of(Type::SignIn).at(0).user_agent, "Firefox/140.0");
  EXPECT_EQ(logs.of(Type::Activity).at(0).application, "Wiki") << "the second target";
  EXPECT_EQ(logs.of(Type::AccountDisabled).at(0).user_name, "bob@corp.test");
  EXPECT_EQ(logs.sum.filtered.at("okta: policy.evaluate_sign_on: ALLOW"), 1U);
}

TEST(Salesforce, EventsAndLoginHistory) {
  const Logs logs = read_files({fixtures + "salesforce_events.csv", fixtures + "salesforce_login_api.csv"});
  EXPECT_EQ(logs.story("salesforce:sf-csv"), "sign_in");
  EXPECT_EQ(logs.of(Type::SignInFailed).at(0).failure, "LOGIN_ERROR_INVALID_PASSWORD");
  EXPECT_EQ(logs.of(Type::SignIn).at(1).key, "salesforce/0Ya1");
  EXPECT_EQ(logs.of(Type::SignIn).at(1).session, "") << "a login history names none";

  // Without a zone a time is whose who downloaded it.
  RecordedLogs recorded({fixtures + "salesforce_login_history.csv"}, {.zone = std::chrono::hours(2)});
  recorded.read();
  const Logs history = taken(recorded);
  std::vector<std::string> times, failures;
  for (const Sighting& one : history.sightings) times.push_back(files::format_time(one.at).substr(11, 8));
  EXPECT_EQ(times, (std::vector<std::string>{"07:02:00", "08:01:00", "09:00:00"}));
  for (const Sighting& one : history.of(Type::SignInFailed)) failures.push_back(one.failure);
  EXPECT_EQ(failures, (std::vector<std::string>{"other", "bad_password"}));
  EXPECT_EQ(name_in(history.sightings.at(0), "salesforce_login"), "carol");
  EXPECT_EQ(history.sum.places.at(0).second, "salesforce: Success has no time that can be read");
}

TEST(Cef, IsReadAsSentinelsColumns) {
  const Logs logs = read_files({fixtures + "cef.log"});
  const Sighting start = logs.of(Type::SignIn).at(0);
  EXPECT_EQ(start.user_name, "alice@corp.test");
  EXPECT_EQ(start.application, "wiki");
  EXPECT_EQ(files::format_time(start.at), "2026-03-02T09:00:00.125000Z");
  EXPECT_EQ(name_in(logs.of(Type::SignInFailed).at(0), "ping_federate_login"), "bob");
  EXPECT_EQ(files::format_time(logs.of(Type::SignInFailed).at(0).at), "2026-03-02T09:01:00.000000Z");
  EXPECT_EQ(logs.story("cyberark/carol/192.0.2.30"), "sign_in sign_out?");
  EXPECT_EQ(logs.sum.filtered.at("ping_federate: OAuth: success"), 1U);
  EXPECT_EQ(logs.sum.filtered.at("of no provider that is known here"), 1U);
  EXPECT_EQ(logs.sum.places.at(0).second, "a line in the Common Event Format that ends before its extension");
}

TEST(Cef, ValuesGoUpToTheNextKeyAndEscapesAreTakenOut) {
  const CefRecord read = read_cef_line(
      R"(CEF:0|Ve\|ndor|Pro\\duct|1|id|name|5|msg=one two \= three\nfour cs1Label=a label cs1= src=192.0.2.1 =x act=a=b)",
      std::chrono::seconds(0));
  EXPECT_EQ(read.why, "");
  for (const char* part : {R"("DeviceVendor":"Ve|ndor")", R"("DeviceProduct":"Pro\\duct")",
                           R"("Message":"one two = three four")", R"("DeviceCustomString1Label":"a label")",
                           R"("SourceIP":"192.0.2.1 =x")", R"("DeviceAction":"a=b")"})
    EXPECT_NE(read.json.find(part), std::string::npos) << part << " in " << read.json;
  EXPECT_EQ(read.json.find("DeviceCustomString1\":"), std::string::npos) << "it is empty";
}

// A line's own zone counts; without one it is the setting's.
TEST(Cef, TimesWithoutAZoneAreLocal) {
  const auto at = [](const std::string& rt) {
    const std::string json = read_cef_line("CEF:0|v|p|1|i|n|5|rt=" + rt, std::chrono::hours(1)).json;
    const std::size_t begin = json.find("ReceiptTime\":\"") + 14;
    return json.substr(begin, 19);
  };
  EXPECT_EQ(at("Mar 02 2026 09:00:00"), "2026-03-02T08:00:00");
  EXPECT_EQ(at("Mar  2 2026 09:00:00.5"), "2026-03-02T08:00:00");
  EXPECT_EQ(at("Mar 02 2026 09:00:00 UTC"), "2026-03-02T09:00:00");
  EXPECT_EQ(at("Mar 02 2026 09:00:00 +0200"), "2026-03-02T07:00:00");
  EXPECT_EQ(at("1772442060000"), "2026-03-02T09:01:00");
  EXPECT_EQ(at("Mar 02 2026 09:00:00 CEST"), "Mar 02 2026 09:00:0") << "as it stands: no time";
}

}  // namespace
}  // namespace curfew::oauth::logs
