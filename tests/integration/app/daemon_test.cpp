#include <gmock/gmock.h>

#include <fstream>

#include "core/base/time.hpp"
#include "tests/integration/app/program.hpp"

namespace curfew::app_test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// Three people sign in; the first one's session is over its limit at once.
const char* const three_people = R"(
{"at":"-2h","type":"sign_in","session":"s1","identifiers":{"upn":"alice@corp.test"},"account_type":"human","handle":true}
{"at":"-30m","type":"sign_in","session":"s2","identifiers":{"upn":"bob@corp.test"},"account_type":"human","handle":true}
{"at":"-29m","type":"activity","session":"s2"}
{"at":"-20m","type":"sign_in","session":"s3","identifiers":{"upn":"carol@corp.test"},"account_type":"human","handle":true}
{"at":"-10m","type":"sign_out","session":"s3","end_reason":"signed_out"}
)";

const char* const observing = R"(
policies:
  - {name: one-hour, rule: session_timeout, limit: 1h}
)";

const char* const enforcing = R"(
policies:
  - name: one-hour
    rule: session_timeout
    limit: 1h
    mode: enforce
    ladder: [{action: sign_out_session, prove_within: 2s}]
safety: {most_sign_outs_per_minute: 10, protected_accounts: ["upn:admin@corp.test"]}
)";

json sign_outs(const ScriptedDaemon& daemon) { return daemon.get("/api/v1/sign-outs")["sign_outs"]; }

std::string outcome_of_first(const ScriptedDaemon& daemon) {
  const json rows = sign_outs(daemon);
  return rows.empty() ? std::string{} : rows[0]["outcome"].get<std::string>();
}

// What is known of each session, but its activity, which is written down once a minute and at the stop.
json lifecycles(const ScriptedDaemon& daemon) {
  json rows = daemon.get("/api/v1/sessions")["sessions"];
  for (json& row : rows) {
    for (const char* key : {"activities", "last_person_activity_at", "last_machine_activity_at"})
      row.erase(key);
  }
  return rows;
}

TEST(Daemon, AScriptedDayBecomesSessionsAndViolations) {
  ScriptedDaemon daemon;
  daemon.script(three_people);
  daemon.configure(observing);
  daemon.start();
  ASSERT_TRUE(daemon.until([&] {
    return daemon.get("/api/v1/sessions")["sessions"].size() == 3 &&
           daemon.get("/api/v1/violations")["violations"].size() == 1;
  })) << daemon.log();
  const json violation = daemon.get("/api/v1/violations")["violations"][0];
  EXPECT_EQ(violation["policy"], "one-hour");
  EXPECT_EQ(violation["mode"], "observe");
  EXPECT_TRUE(sign_outs(daemon).empty());
  const Ended ended = daemon.stop();
  EXPECT_EQ(ended.code, 0) << ended.err;
}

TEST(Daemon, PeopleAndSourcesAreListedWithTheirLiveSessions) {
  ScriptedDaemon daemon;
  daemon.script(three_people);
  daemon.configure(observing);
  daemon.start();
  ASSERT_TRUE(daemon.until([&] {
    return daemon.get("/api/v1/sessions")["sessions"].size() == 3 &&
           daemon.get("/api/v1/violations")["violations"].size() == 1;
  })) << daemon.log();
  EXPECT_TRUE(daemon.until([&] { return daemon.get("/api/v1/sources")["sources"][0]["live_sessions"] == 2; }))
      << daemon.get("/api/v1/sources").dump(1);

  const json subjects = daemon.get("/api/v1/subjects")["subjects"];
  ASSERT_EQ(subjects.size(), 3U);
  std::uint64_t live = 0;
  std::uint64_t violations = 0;
  for (const json& subject : subjects) {
    EXPECT_EQ(subject["account_type"], "human");
    EXPECT_EQ(subject["sessions"], 1);
    live += subject["live_sessions"].get<std::uint64_t>();
    violations += subject["violations"].get<std::uint64_t>();
  }
  EXPECT_EQ(live, 2U);
  EXPECT_EQ(violations, 1U);

  // Page by page, and the live ones only.
  const json first = daemon.get("/api/v1/subjects?limit=2");
  EXPECT_EQ(first["subjects"].size(), 2U);
  const json second = daemon.get("/api/v1/subjects?limit=2&after=" + first["next"].get<std::string>());
  ASSERT_EQ(second["subjects"].size(), 1U);
  EXPECT_EQ(second["subjects"][0], subjects[2]);
  EXPECT_EQ(daemon.get("/api/v1/subjects?live=true")["subjects"].size(), 2U);

  const Ended listed = run_curfew({"subjects", "--config", daemon.config(), "--json"});
  EXPECT_EQ(listed.code, 0) << listed.err;
  EXPECT_THAT(listed.out, HasSubstr(subjects[0]["subject"].get<std::string>()));
  EXPECT_EQ(daemon.stop().code, 0);
}

TEST(Daemon, SessionsOfAPersonAreOnePresence) {
  ScriptedDaemon daemon;
  const std::string alice = R"("identifiers":{"upn":"alice@corp.test"},"account_type":"human"})";
  daemon.script(R"({"at":"-3h","type":"sign_in","session":"a","application":"crm",)" + alice + "\n" +
                R"({"at":"-150m","type":"sign_in","session":"b","application":"mail",)" + alice + "\n" +
                R"({"at":"-2h","type":"sign_out","session":"a"})" + "\n" +
                R"({"at":"-90m","type":"sign_out","session":"b"})" + "\n" +
                R"({"at":"-1h","type":"sign_in","session":"c","application":"crm",)" + alice + "\n");
  daemon.configure("");
  daemon.start();
  ASSERT_TRUE(daemon.until([&] { return daemon.get("/api/v1/sessions")["sessions"].size() == 3; }));
  const json presences = daemon.get("/api/v1/presences")["presences"];
  ASSERT_EQ(presences.size(), 2U) << presences.dump(1);
  EXPECT_EQ(presences[0]["sessions"], 2);
  EXPECT_EQ(presences[0]["applications"], (json{"crm", "mail"}));
  EXPECT_FALSE(presences[0]["ended_at"].is_null());
  EXPECT_EQ(presences[1]["live_sessions"], 1);
  // Page by page.
  const json first = daemon.get("/api/v1/presences?limit=1");
  EXPECT_EQ(daemon.get("/api/v1/presences?limit=1&after=" + first["next"].get<std::string>())["presences"][0],
            presences[1]);
  EXPECT_EQ(daemon.request("GET", "/api/v1/presences?after=12").status, 400);
  // Who was on then?
  const Ended then = run_curfew({"presences", "--config", daemon.config(), "--json", "--at",
                                 presences[0]["started_at"].get<std::string>()});
  EXPECT_EQ(then.code, 0) << then.err;
  EXPECT_EQ(json::parse(then.out), json::array({presences[0]}));
  const Ended table = run_curfew({"presences", "--config", daemon.config(), "--live"});
  EXPECT_THAT(table.out, HasSubstr("applications"));
  EXPECT_EQ(daemon.stop().code, 0);
}

TEST(Daemon, AnHonestSourceProvesItsSignOut) {
  ScriptedDaemon daemon;
  daemon.script(three_people);
  daemon.configure(enforcing);
  daemon.start();
  EXPECT_TRUE(daemon.until([&] { return outcome_of_first(daemon) == "proven"; }))
      << sign_outs(daemon).dump(1) << daemon.log();
  EXPECT_EQ(daemon.stop().code, 0);
}

TEST(Daemon, ALyingSourceIsFoundOutAndNeverCountsAsProven) {
  ScriptedDaemon daemon;
  daemon.script(std::string(three_people) + R"({"on":"sign_out_session","answer":"lie"})" + "\n");
  daemon.configure(enforcing);
  daemon.start();
  ASSERT_TRUE(daemon.until([&] {
    const std::string outcome = outcome_of_first(daemon);
    return outcome == "unproven" || outcome == "still_alive";
  })) << sign_outs(daemon).dump(1)
      << daemon.log();
  EXPECT_THAT(sign_outs(daemon)[0]["trail"].dump(), HasSubstr("still_alive"));
  EXPECT_EQ(daemon.stop().code, 0);
}

TEST(Daemon, ItsLedgerVerifiesAndReplaysAndAChangedRuleShowsWhereItDiffers) {
  ScriptedDaemon daemon;
  daemon.script(three_people);
  daemon.configure(enforcing);
  daemon.start();
  ASSERT_TRUE(daemon.until([&] { return outcome_of_first(daemon) == "proven"; })) << daemon.log();
  ASSERT_EQ(daemon.stop().code, 0);

  const Ended verified = run_curfew(
      {"verify", "--config", daemon.config(), "--checkpoint", (daemon.folder() / "outside").string()});
  EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
  EXPECT_THAT(verified.out, HasSubstr("Integrity: intact"));

  const Ended replayed = run_curfew({"replay", "--config", daemon.config()});
  EXPECT_EQ(replayed.code, 0) << replayed.out << replayed.err;
  EXPECT_THAT(replayed.out, HasSubstr("Every decision is the same"));

  std::ofstream(daemon.folder() / "other.yaml")
      << "policies:\n  - {name: one-hour, rule: session_timeout, limit: 3h}\n";
  const Ended other = run_curfew(
      {"replay", "--config", daemon.config(), "--policies", (daemon.folder() / "other.yaml").string()});
  EXPECT_EQ(other.code, 4) << other.out << other.err;
  EXPECT_THAT(other.out, HasSubstr("First difference at entry"));
}

TEST(Daemon, ARestartGoesOnWhereItStoppedWithNothingTwice) {
  ScriptedDaemon daemon;
  daemon.script(three_people);
  daemon.configure(observing);
  daemon.start();
  ASSERT_TRUE(daemon.until([&] { return daemon.get("/api/v1/violations")["violations"].size() == 1; }))
      << daemon.log();
  ASSERT_TRUE(daemon.until([&] { return daemon.get("/api/v1/sessions")["sessions"].size() == 3; }));
  const json before = lifecycles(daemon);
  ASSERT_EQ(daemon.stop().code, 0);

  daemon.start();
  EXPECT_EQ(lifecycles(daemon), before);
  EXPECT_EQ(daemon.get("/api/v1/violations")["violations"].size(), 1U);
  // The stop stored one.
  EXPECT_THAT(daemon.request("GET", "/metrics").body, HasSubstr("\ncurfew_snapshot_timestamp_seconds 1"));
  ASSERT_EQ(daemon.stop().code, 0);
  const Ended replayed = run_curfew({"replay", "--config", daemon.config()});
  EXPECT_EQ(replayed.code, 0) << replayed.out << replayed.err;
}

TEST(Daemon, APushIsDurableWhenItIsAcknowledgedAndTakenOnce) {
  ScriptedDaemon daemon;
  daemon.script("");
  daemon.configure(std::string("    ingest: true\n") + observing);
  daemon.start();
  const json body{{"type", "sign_in"},
                  {"key", "k1"},
                  {"session", {{"id", "x"}}},
                  {"occurred_at", base::format_rfc3339(base::wall_clock_now())}};
  const Reply first = daemon.request("POST", "/api/v1/ingest/crm", body.dump());
  EXPECT_EQ(first.status, 202) << first.body;
  EXPECT_EQ(json::parse(first.body)["taken"], 1);
  const Reply again = daemon.request("POST", "/api/v1/ingest/crm", body.dump());
  EXPECT_EQ(again.status, 202) << again.body;
  EXPECT_EQ(json::parse(again.body)["repeated"], 1);
  daemon.stop(SIGKILL);
  daemon.start();
  EXPECT_EQ(daemon.get("/api/v1/sessions")["sessions"].size(), 1U);
  const Reply after = daemon.request("POST", "/api/v1/ingest/crm", body.dump());
  EXPECT_EQ(json::parse(after.body)["repeated"], 1) << after.body;
  EXPECT_EQ(daemon.stop().code, 0);
}

TEST(Daemon, AReloadTakesNewPoliciesAndAWrongFileChangesNothing) {
  ScriptedDaemon daemon;
  daemon.script(three_people);
  daemon.configure("policies: []\n");
  daemon.start();
  ASSERT_TRUE(daemon.until([&] { return daemon.get("/api/v1/sessions")["sessions"].size() == 3; }))
      << daemon.log();
  daemon.configure("policys: []\n");
  ::kill(daemon.process(), SIGHUP);
  ASSERT_TRUE(
      daemon.until([&] { return daemon.log().find("did you mean 'policies'?") != std::string::npos; }));
  EXPECT_TRUE(daemon.get("/api/v1/violations")["violations"].empty());
  daemon.configure(observing);
  ::kill(daemon.process(), SIGHUP);
  EXPECT_TRUE(daemon.until([&] { return daemon.get("/api/v1/violations")["violations"].size() == 1; }))
      << daemon.log();
  EXPECT_EQ(daemon.stop().code, 0);
}

TEST(Daemon, AReloadNamesEachChangedKeyThatNeedsARestart) {
  ScriptedDaemon daemon;
  daemon.script(three_people);
  daemon.configure("policies: []\n");
  daemon.start();
  daemon.configure(
      "    call_limit: 7s\n  - {name: pushed, ingest: true}\nqueue: 1000\nlog: {level: warning}\n" +
      std::string(observing));
  ::kill(daemon.process(), SIGHUP);
  ASSERT_TRUE(daemon.until([&] { return daemon.log().find("sources[pushed]") != std::string::npos; }))
      << daemon.log();
  const std::string log = daemon.log();
  EXPECT_THAT(log,
              HasSubstr(R"("text":"changed in the configuration, in force after a restart","key":"queue")"));
  EXPECT_THAT(log, HasSubstr(R"("key":"sources[crm].call_limit")"));
  for (const char* taken : {R"("key":"log.level")", R"("key":"policies)"})
    EXPECT_THAT(log, testing::Not(HasSubstr(taken)));
  EXPECT_EQ(daemon.stop().code, 0);
}

TEST(Daemon, ItsCommandsReachItOverTlsWithItsOwnCertificateAsTheAnchor) {
  const support::TemporaryDirectory folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0711));
  const std::string at = folder.path().string();
  ASSERT_EQ(std::system(("openssl req -x509 -days 2 -newkey rsa:2048 -nodes -subj /CN=curfew.test -keyout " +
                         at + "/key -out " + at + "/pem >/dev/null 2>&1")
                            .c_str()),
            0);
  ScriptedDaemon daemon;
  daemon.script(three_people);
  daemon.configure(observing);
  daemon.start();
  ASSERT_TRUE(daemon.until([&] { return daemon.get("/api/v1/sessions")["sessions"].size() == 3; }));
  ASSERT_EQ(daemon.stop().code, 0);
  // The same file, its listener with TLS.
  std::ifstream in(daemon.config());
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const std::size_t brace = text.find('}', text.find("operator: {"));
  text.insert(brace, ", tls_certificate: " + at + "/pem, tls_key: " + at + "/key");
  std::ofstream(daemon.config()) << text;
  daemon.launch();
  Ended listed;
  EXPECT_TRUE(daemon.until([&] {
    listed = run_curfew({"sessions", "--json", "--config", daemon.config()});
    return listed.code == 0;
  })) << listed.err
      << daemon.log();
  EXPECT_THAT(listed.out, HasSubstr("\"state\""));
  EXPECT_EQ(daemon.stop().code, 0);
}

TEST(CommandLine, AWrongTlsFileIsNamedWithItsPlace) {
  const support::TemporaryDirectory folder;
  const std::string at = folder.path().string();
  std::ofstream(at + "/c.yaml") << "listeners:\n  operator:\n    tls_certificate: " << at
                                << "/no.pem\n    tls_key: " << at << "/no.key\ndata: " << at << "/data\n";
  for (const char* command : {"config", "serve"}) {
    const Ended ended = run_curfew(std::string(command) == "config"
                                       ? std::vector<std::string>{"config", "check", at + "/c.yaml"}
                                       : std::vector<std::string>{"serve", "--config", at + "/c.yaml"});
    EXPECT_EQ(ended.code, 78);
    EXPECT_THAT(ended.err, HasSubstr(at + "/c.yaml:3:22: " + at + "/no.pem can't be read: No such file"));
  }
}

TEST(CommandLine, MistakesHaveTheirExitCodesAndOneLine) {
  const support::TemporaryDirectory folder;
  const std::string file = (folder.path() / "c.yaml").string();
  std::ofstream(file) << "relm: x\n";
  const Ended configuration = run_curfew({"config", "check", "--config", file});
  EXPECT_EQ(configuration.code, 78);
  EXPECT_EQ(configuration.err,
            "curfew: " + file + ":1:1: unknown key 'relm' in curfew; did you mean 'realm'?\n");
  EXPECT_EQ(run_curfew({"frobnicate"}).code, 2);
  EXPECT_EQ(run_curfew({"audit", "--connector", "no-such-thing", file}).code, 2);
  EXPECT_EQ(run_curfew({"sessions", "--url", "http://127.0.0.1:1"}).code, 1);
  EXPECT_EQ(run_curfew({"--version"}).code, 0);
}

TEST(Audit, ARecordedDayGivesViolationsAReportAndAVerdict) {
  const support::TemporaryDirectory folder;
  const std::string script = (folder.path() / "day.ndjson").string();
  std::ofstream(script) << R"({"at":"2026-03-02T20:30:00Z","type":"sign_out","session":"s1"}
{"at":"2026-03-02T07:00:00Z","type":"sign_in","session":"s1","identifiers":{"upn":"alice@corp.test"},"account_type":"human"}
{"at":"2026-03-02T09:00:00Z","type":"sign_in","session":"s2","identifiers":{"upn":"bob@corp.test"},"account_type":"human"}
{"at":"2026-03-02T09:05:00Z","type":"sign_out","session":"s2"}
)";
  const Ended ended = run_curfew(
      {"audit", "--connector", "replay", "--json", "--report", (folder.path() / "r.html").string(), script});
  ASSERT_EQ(ended.code, 3) << ended.err << ended.out;
  const json result = json::parse(ended.out);
  ASSERT_TRUE(result.contains("sources"));
  std::ifstream html(folder.path() / "r.html");
  const std::string page((std::istreambuf_iterator<char>(html)), std::istreambuf_iterator<char>());
  EXPECT_THAT(page, HasSubstr("default-session-timeout"));
  EXPECT_THAT(result.dump(), HasSubstr("default-session-timeout"));
  // 12 hours after the sign-in, found as it would have been then.
  EXPECT_THAT(result.dump(), HasSubstr("2026-03-02T19:00:00"));
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "r.json"));
}

}  // namespace
}  // namespace curfew::app_test
