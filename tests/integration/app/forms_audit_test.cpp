// An audit of access logs, with the few settings that say what their lines mean.
#include <gmock/gmock.h>

#include <fstream>

#include "tests/integration/app/program.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::app_test {
namespace {

using nlohmann::json;

class FormsAudit : public testing::Test {
 protected:
  FormsAudit() {
    std::ofstream(log()) << line("08:00:00", "-", "POST /login HTTP/1.1", 401, "-")
                         << line("08:00:05", "-", "POST /login HTTP/1.1", 302, "sid=s%3Aone.mac; HttpOnly")
                         << line("08:00:06", "s%3Aone.mac", "GET /home HTTP/1.1", 200, "-")
                         << line("08:01:00", "s%3Aone.mac", "GET /app.css HTTP/1.1", 200, "-")
                         << line("08:40:00", "s%3Aone.mac", "GET /home HTTP/1.1", 200, "-")
                         << line("08:40:09", "s%3Aone.mac", "GET /logout HTTP/1.1", 302, "sid=; Max-Age=0")
                         << "rubbish\n";
    std::ofstream(config()) << R"(realm: corp
sources:
  - name: crm
    connector: forms
    settings:
      inputs: [/var/log/nginx/crm.log]
      format:
        kind: nginx
        log_format: '$time_iso8601 $remote_addr $remote_user "$cookie_sid" "$request" $status "$sent_http_set_cookie"'
      session: {cookie: sid, transform: [url_decode, "after:s:", "before:."]}
      rules:
        - {means: sign_in_failed, when: {method: POST, path: /login, status: 401}}
        - {means: sign_in, when: {method: POST, path: /login, session: issued}}
        - {means: sign_out, when: {path: /logout}}
        - {means: machine_activity, when: {path: "*.css"}}
        - {means: activity, when: {status: 2xx}}
policies:
  - {name: quarter, rule: inactivity_timeout, limit: 15m, mode: observe}
)";
  }
  static std::string line(const std::string& time, const std::string& session, const std::string& request,
                          int status, const std::string& set_cookie) {
    return "2026-03-02T" + time + "+00:00 10.1.1.1 " + (status == 401 ? "-" : "alice") + " \"" + session +
           "\" \"" + request + "\" " + std::to_string(status) + " \"" + set_cookie + "\"\n";
  }
  [[nodiscard]] std::string log() const { return (folder_.path() / "crm.log").string(); }
  [[nodiscard]] std::string config() const { return (folder_.path() / "crm.yaml").string(); }

  support::TemporaryDirectory folder_;
};

TEST_F(FormsAudit, TheConfigurationSaysHowTheFilesOnTheCommandLineAreRead) {
  const Ended ended = run_curfew({"audit", "--config", config(), "--connector", "forms", "--json", log()});
  ASSERT_EQ(ended.code, 3) << ended.err << ended.out;
  const json report = json::parse(ended.out);
  ASSERT_EQ(report["violations"].size(), 1U) << report["violations"].dump(1);
  const json& violation = report["violations"][0];
  EXPECT_EQ(violation["policy"], "quarter");
  // The last thing that a person did, and not the file that the page fetched.
  EXPECT_EQ(violation["breached_at"], "2026-03-02T08:15:06.000000Z");
  ASSERT_EQ(report["sources"].size(), 1U);
  const json& source = report["sources"][0];
  EXPECT_EQ(source["coverage"]["records_total"], 7);
  EXPECT_EQ(source["coverage"]["unreadable"]["count"], 1);
  EXPECT_EQ(source["coverage"]["lines"]["sign_in"], 1);
}

TEST_F(FormsAudit, WithoutRulesItSaysWhatIsMissing) {
  const Ended ended = run_curfew({"audit", "--connector", "forms", "--json", log()});
  EXPECT_NE(ended.code, 0);
  EXPECT_THAT(ended.err + ended.out, testing::HasSubstr("format.kind"));
}

}  // namespace
}  // namespace curfew::app_test
