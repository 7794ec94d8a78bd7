// What real servers logged. The truth beside each was found out by reading the logs, with what was done to
// the servers at the time.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/plugins/forms/log_tester.hpp"

namespace curfew::forms {
namespace {

using nlohmann::json;

const std::string folder = CURFEW_SOURCE_DIR "/tests/fixtures/forms/";

Audited audit(json settings, const std::string& file) {
  settings["inputs"] = {folder + file};
  return audited(read_settings(settings.dump()));
}

std::set<std::string> sessions_of(const Audited& log) {
  std::set<std::string> ids;
  for (const Finding& finding : log.findings) {
    if (!(finding.session == plugin::SessionDigest{})) ids.insert(plugin::to_hex(finding.session.bytes));
  }
  return ids;
}

std::set<std::string> users_of(const std::vector<Finding>& findings) {
  std::set<std::string> users;
  for (const Finding& finding : findings) {
    if (!finding.user.empty()) users.insert(finding.user);
  }
  return users;
}

// Carol signs in after a wrong password, works, and her row is deleted: the log doesn't say whose request is
// refused then, as the module takes its cookie out of it. She signs in again, her account is disabled, and
// her second session is refused. Who signs out in the end is not in the log either.
TEST(Recordings, ApacheFormSignIn) {
  const Audited log = audit({{"preset", "apache_mod_auth_form"}}, "authform_access.log");
  const std::string first = "8bf07fc7-510a-4028-b4ca-3eb3531d9596";
  const std::string second = "5873111b-29cc-45fa-be06-845a119d484d";
  EXPECT_EQ(log.sum.unreadable, 0U);
  EXPECT_EQ(sessions_of(log), (std::set<std::string>{plugin::to_hex(test_digest(first).bytes),
                                                     plugin::to_hex(test_digest(second).bytes)}));
  EXPECT_EQ(story(log.of(first)), "sign_in activity activity");
  EXPECT_EQ(story(log.of(second)), "sign_in refused end?");
  EXPECT_EQ(log.of(first).at(0).at, at("2026-11-21T20:11:03.649392Z"));
  EXPECT_EQ(log.of(first).at(0).auth_method, plugin::AuthMethod::Form);
  EXPECT_TRUE(log.of(first).at(0).fresh_credentials);
  EXPECT_EQ(users_of(log.of(first)), std::set<std::string>{"carol"});
  const std::vector<Finding> failed = log.of(plugin::Type::SignInFailed);
  ASSERT_EQ(failed.size(), 2U) << "the wrong password, and the refused session";
  EXPECT_EQ(failed.at(0).session, plugin::SessionDigest{});
  EXPECT_EQ(failed.at(0).user, "carol");
  EXPECT_EQ(failed.at(0).failure, "credentials_refused");
  EXPECT_EQ(failed.at(1).session, test_digest(second));
  EXPECT_EQ(failed.at(1).user, "") << "nobody guessed a password there";
  EXPECT_EQ(log.lines(Meaning::SignInFailed), 1U);
  EXPECT_EQ(log.sum.filtered.at("nobody is signed in"), 3U);
  EXPECT_EQ(log.sum.filtered.at("without_session"), 1U) << "the sign-out";
}

// The combined format has no session, and can't tell a failed sign-in from a good one: no session is made up.
TEST(Recordings, CombinedFormatHasNoSessions) {
  for (const char* file : {"authform_combined.log", "nginx_combined.log"}) {
    const Audited log =
        audit({{"preset", "apache_mod_auth_form"}, {"format", {{"log_format", "combined"}}}}, file);
    EXPECT_EQ(log.sum.unreadable, 0U);
    EXPECT_TRUE(sessions_of(log).empty());
    EXPECT_TRUE(log.findings.empty());
  }
}

// Bob's client signs in silently again and again; one session is revoked (refused twice), one is taken to
// another client, which is refused. Requests to /nosess authenticate each time and have no session.
TEST(Recordings, SilentSignInsByTickets) {
  const Audited log = audit({{"preset", "apache_mod_auth_gssapi"}}, "spnego_access.log");
  std::ifstream in(folder + "spnego_access.log");
  std::map<std::string, std::string> ids;  // by how they begin
  for (std::string line; std::getline(in, line);) {
    const auto begin = line.find("gssapi_session=MagBearerToken=");
    if (begin == std::string::npos) continue;
    const std::string id = line.substr(begin + 15, line.find(';', begin) - begin - 15);
    ids[id.substr(15, 6)] = id;
  }
  ASSERT_EQ(ids.size(), 8U);
  EXPECT_EQ(log.sum.unreadable, 0U);
  EXPECT_EQ(log.sum.records_total, 545U);
  EXPECT_EQ(sessions_of(log).size(), 8U);
  const std::map<std::string, std::string> truth{{"LRi03b", "sign_in activity activity"},
                                                 {"TDU513", "sign_in"},
                                                 {"Noun66", "sign_in"},
                                                 {"KBRFn9", "sign_in activity refused end? refused end?"},
                                                 {"6YsduQ", "sign_in"},
                                                 {"edU779", "sign_in"},
                                                 {"KrukMF", "sign_in activity refused end?"},
                                                 {"TC4wbZ", "sign_in"}};
  for (const auto& [begin, expected] : truth) {
    ASSERT_TRUE(ids.contains(begin)) << begin;
    EXPECT_EQ(story(log.of(ids[begin])), expected) << begin;
    EXPECT_EQ(users_of(log.of(ids[begin])), std::set<std::string>{"bob@CORP.TEST"}) << begin;
  }
  for (const Finding& finding : log.of(plugin::Type::SignIn)) {
    EXPECT_EQ(finding.interactivity, plugin::Interactivity::Silent) << "nobody typed a password";
    EXPECT_FALSE(finding.fresh_credentials);
    // Tickets of this domain hold for ten hours, and the server allows clocks five minutes.
    EXPECT_GT(finding.expires_at, finding.at);
    EXPECT_LE(finding.expires_at, finding.at + std::chrono::hours(10) + std::chrono::minutes(5));
  }
  EXPECT_EQ(log.of(ids["LRi03b"]).front().expires_at, at("2026-11-22T06:06:22Z"));
  EXPECT_EQ(log.lines(Meaning::SignInFailed), 0U) << "a challenge is no failure";
}

json gate_rules() {
  return json::array(
      {{{"name", "our own gate's"},
        {"means", "ignore"},
        {"when", {{"status", 401}, {"session", "presented"}}}},
       {{"means", "sign_in_failed"}, {"when", {{"method", "POST"}, {"path", "/login"}, {"status", 401}}}},
       {{"means", "sign_in"}, {"when", {{"method", "POST"}, {"path", "/login"}, {"session", "issued"}}}},
       {{"means", "sign_out"}, {"when", {{"path", "/logout"}}}},
       {{"means", "refused"}, {"when", {{"status", 302}, {"location", "/login*"}, {"session", "presented"}}}},
       {{"means", "activity"}, {"when", {{"status", {"2xx", "3xx"}}, {"session", "presented"}}}}});
}

void is_what_happened_at_the_gate(const Audited& log) {
  const std::string first = "ee4b11784a721dae34a5f27721e89d85", second = "384029bdbc4bd9bcb90e8a98e182fd1a";
  EXPECT_EQ(log.sum.unreadable, 0U);
  EXPECT_EQ(log.sum.records_total, 9U);
  EXPECT_EQ(sessions_of(log).size(), 2U);
  EXPECT_EQ(story(log.of(first)), "sign_in activity activity") << "a refusal by our gate is no proof";
  EXPECT_EQ(story(log.of(second)), "sign_in sign_out");
  EXPECT_EQ(users_of(log.of(first)), std::set<std::string>{"alice"});
  EXPECT_EQ(users_of(log.of(second)), std::set<std::string>{"alice"});
  EXPECT_EQ(log.of(first).at(0).at, at("2026-11-21T20:10:02.949Z"));
  EXPECT_EQ(log.of(first).at(1).address, "203.0.113.7") << "behind the proxy";
  EXPECT_EQ(log.lines(Meaning::SignInFailed), 1U);
  EXPECT_EQ(log.sum.filtered.at("our own gate's"), 1U);
}

// Alice signs in after a wrong password, works, is revoked at the gate, signs in again and signs out.
TEST(Recordings, AGateInNginxFormat) {
  is_what_happened_at_the_gate(
      audit({{"format",
              {{"kind", "nginx"},
               {"log_format",
                "$time_iso8601 $msec $remote_addr \"$http_x_forwarded_for\" user=\"$appuser\" "
                "sess=\"$cookie_appsess\" "
                "\"$request\" $status $body_bytes_sent $request_time up=\"$upstream_status\" "
                "newsess=\"$sent_http_set_cookie\" loc=\"$sent_http_location\" rid=$request_id "
                "\"$http_user_agent\""}}},
             {"session", {{"cookie", "APPSESS"}}},
             {"user", {{"from", {{{"field", "appuser"}}}}}},
             {"address", {{{"field", "http_x_forwarded_for"}}}},
             {"rules", gate_rules()}},
            "nginx_access_audit.log"));
}

TEST(Recordings, TheSameGateInJson) {
  is_what_happened_at_the_gate(audit({{"format",
                                       {{"kind", "json"},
                                        {"fields",
                                         {{"time", "msec"},
                                          {"user", "user"},
                                          {"method", "method"},
                                          {"uri", "uri"},
                                          {"status", "status"},
                                          {"seconds", "rt"},
                                          {"address", "ip"},
                                          {"user_agent", "ua"},
                                          {"set_cookies", "set_cookie"},
                                          {"location", "location"}}},
                                        {"cookies", {{"APPSESS", "sess"}}}}},
                                      {"session", {{"cookie", "APPSESS"}}},
                                      {"address", {{{"field", "xff"}}}},
                                      {"rules", gate_rules()}},
                                     "nginx_access.json"));
}

// Seven sign-ins at the portal; the person is known from the first use of the application behind the handler.
// Sessions that were deleted are taken by some workers and refused by others for about fifteen seconds, and
// the log ends before any of them was refused for that long: it proves no end.
TEST(Recordings, APortalWithCachesInItsHandlers) {
  const Audited log = audit({{"preset", "lemonldap"}}, "llng_access.log");
  EXPECT_EQ(log.sum.unreadable, 0U);
  EXPECT_EQ(log.sum.records_total, 461U);
  EXPECT_EQ(log.lines(Meaning::SignIn), 7U);
  EXPECT_EQ(sessions_of(log).size(), 7U);
  EXPECT_EQ(log.lines(Meaning::SignInFailed), 1U);
  EXPECT_EQ(log.lines(Meaning::SignOut), 1U);
  EXPECT_EQ(log.lines(Meaning::Revoked), 0U) << "that a deletion was asked for ends nothing";
  const std::string kept_alive = "070dae3b33d097e3389b35bf9183df249a9f78d633f26f9185738c4e3ee1478c";
  const std::string worked = "8c906fafb847af6790b22ee86a3e67ecb941bb9ebcbf839a7c4c6b5b349b022f";
  const std::string signed_out = "d54a76ce55cab050cb5ae76adbb0ca2e14bd947c25e3474b7dd2e69222f37f09";
  EXPECT_EQ(users_of(log.of(kept_alive)), std::set<std::string>{"bob"}) << "named by a later line";
  EXPECT_EQ(users_of(log.of(worked)), std::set<std::string>{"bob"});
  EXPECT_EQ(log.uses(worked), 86U);
  EXPECT_EQ(log.uses(kept_alive), 66U);
  EXPECT_EQ(story(log.of(signed_out)), "sign_in activity sign_out");
  for (const Finding& finding : log.of(plugin::Type::SignInFailed))
    EXPECT_EQ(finding.session, plugin::SessionDigest{}) << "no refusal has settled";
  EXPECT_EQ(json::parse(log.coverage).at("lines").at("refused"), log.lines(Meaning::Refused));
  EXPECT_EQ(log.lines(Meaning::Refused), 4U + 6U + 38U + 6U);
}

// HAProxy writes 4 ms after the second as 004, which is no JSON number: those lines are counted, not guessed.
TEST(Recordings, LinesThatAreNoJsonAreCountedWithTheirPlace) {
  const Audited log = audit({{"format",
                              {{"kind", "json"},
                               {"fields",
                                {{"time", "ts"},
                                 {"request", "req"},
                                 {"status", "status"},
                                 {"user", "user"},
                                 {"address", "ip"},
                                 {"set_cookies", "setc"}}},
                               {"cookies", {{"APPSESS", "sess"}}}}},
                             {"session", {{"cookie", "APPSESS"}}},
                             {"rules", gate_rules()}},
                            "haproxy_access.log");
  EXPECT_EQ(log.sum.records_total, 20U);
  EXPECT_EQ(log.sum.unreadable, 16U);
  EXPECT_EQ(story(log.of("517bb7e16f6853f7f4178e0a960e52e7")), "sign_in activity");
  EXPECT_EQ(log.sum.places.at(0).first.substr(log.sum.places.at(0).first.size() - 6), "line 1");
}

// Recordings by others, where they are present beside the project.
class SharedLogs : public testing::Test {
 protected:
  static Audited read(const std::string& file, json format) {
    const std::string path = CURFEW_SOURCE_DIR "/../shared/data/" + file;
    return audited(read_settings(
        json{{"inputs", {path}}, {"format", std::move(format)}, {"rules", {{{"means", "activity"}}}}}
            .dump()));
  }
  void SetUp() override {
    if (!std::filesystem::exists(CURFEW_SOURCE_DIR "/../shared/data/vendor-logs"))
      GTEST_SKIP() << "there is no folder ../shared/data with recordings by others";
  }
};

TEST_F(SharedLogs, IisWithCookieColumn) {
  const Audited log = read("iis/ms-docs-w3c-with-cookie-column.log", {{"kind", "w3c"}});
  EXPECT_EQ(log.sum.unreadable, 0U);
  EXPECT_EQ(log.sum.headings, 2U);
  EXPECT_EQ(log.sum.first, at("2014-01-01T02:01:09Z"));
}

TEST_F(SharedLogs, IisWithAColumnMoreInSomeLines) {
  const Audited log =
      read("vendor-logs/iis/access/test-iis-access-72.log",
           {{"kind", "w3c"},
            {"fields",
             "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip "
             "cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken"}});
  EXPECT_EQ(log.sum.records_total, 11U);
  EXPECT_EQ(log.sum.unreadable, 5U) << "those with an address more than the fields name";
}

TEST_F(SharedLogs, NginxAndApacheInCombinedFormat) {
  EXPECT_EQ(read("vendor-logs/nginx/access/test-access.log", {{"kind", "nginx"}}).sum.unreadable, 0U);
  EXPECT_EQ(read("vendor-logs/apache/access/test-access-ubuntu.log", {{"kind", "apache"}}).sum.unreadable,
            0U);
  EXPECT_EQ(
      read("vendor-logs/apache/access/test-access-darwin.log", {{"kind", "apache"}, {"log_format", "common"}})
          .sum.unreadable,
      0U);
  const Audited vhost =
      read("vendor-logs/apache/access/test-access-vhost.log",
           {{"kind", "apache"},
            {"log_format", "%v %h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\""}});
  EXPECT_EQ(vhost.sum.unreadable, 0U);
  EXPECT_EQ(vhost.sum.first, at("2016-12-26T16:22:14Z"));
}

}  // namespace
}  // namespace curfew::forms
