// `curfew report` against the store of a daemon that runs and of one that was stopped; the same over the API;
// names, which the daemon records; and OSCAL against its schema.
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/base/time.hpp"
#include "tests/integration/app/program.hpp"

namespace curfew::app_test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

// One session is over its limit at once, one was signed out, one is young.
const char* const three_people = R"(
{"at":"-2h","type":"sign_in","session":"s1","identifiers":{"upn":"alice@corp.test"},"account_type":"human","device":"PC-1"}
{"at":"-30m","type":"sign_in","session":"s2","identifiers":{"upn":"bob@corp.test"},"account_type":"human","device":"PC-2"}
{"at":"-20m","type":"sign_in","session":"s3","identifiers":{"upn":"carol@corp.test"},"account_type":"human","device":"PC-3"}
{"at":"-10m","type":"sign_out","session":"s3","end_reason":"signed_out"}
)";
const char* const observing = R"(
policies:
  - {name: one-hour, rule: session_timeout, limit: 1h, controls: ["nist-800-53:ac-12"]}
)";

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class ComplianceReport : public testing::Test {
 protected:
  ComplianceReport() {
    daemon_.script(three_people);
    daemon_.configure(observing);
    daemon_.start();
    EXPECT_TRUE(daemon_.until([&] {
      return !daemon_.get("/api/v1/violations")["violations"].empty() &&
             daemon_.get("/api/v1/sessions")["sessions"].size() == 3;
    }));
  }
  Ended report(std::vector<std::string> more) {
    std::vector<std::string> arguments{"report", "--config", daemon_.config(), "--framework", "nist-800-53"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_curfew(arguments);
  }
  json read_json(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"--format", "json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Ended ended = report(arguments);
    EXPECT_EQ(ended.code, 3) << ended.err << ended.out.substr(0, 2'000);
    return json::parse(ended.out);
  }
  static json control(const json& report, const std::string& id) {
    for (const json& one : report["controls"]) {
      if (one["control"] == id) return one;
    }
    return {};
  }
  ScriptedDaemon daemon_;
};

TEST_F(ComplianceReport, TheBreachIsFoundWithItsPlaceInTheLedger) {
  const json made = read_json();
  const json ac12 = control(made, "ac-12");
  EXPECT_EQ(ac12["result"], "not_satisfied") << ac12.dump(1);
  ASSERT_EQ(ac12["exceptions"].size(), 1U);
  EXPECT_EQ(ac12["exceptions"][0]["violation"], 1);
  EXPECT_GT(ac12["exceptions"][0]["entry"]["index"], 0);
  EXPECT_EQ(ac12["named_by"], json::array({"one-hour"}));
  EXPECT_EQ(control(made, "au-9")["result"], "satisfied") << control(made, "au-9").dump(1);
  EXPECT_EQ(control(made, "ac-10")["result"], "not_testable");
  EXPECT_EQ(made["ledger"]["verified"], true);
  EXPECT_EQ(made["ledger"]["streams"][0]["number"], ac12["exceptions"][0]["entry"]["stream"]);
  EXPECT_THAT(made["ledger"]["streams"][0]["checkpoint"].get<std::string>(), HasSubstr("curfew/"));
  EXPECT_THAT(made.dump(), Not(HasSubstr("corp.test"))) << "nobody asked for names";
}

TEST_F(ComplianceReport, AStoppedDaemonsLedgerIsReadAlike) {
  const std::string violation = control(read_json(), "ac-12")["exceptions"].dump();
  EXPECT_EQ(daemon_.stop().code, 0);
  EXPECT_EQ(control(read_json(), "ac-12")["exceptions"].dump(), violation);
}

TEST_F(ComplianceReport, AScopeLeavesOthersOut) {
  const json made = read_json({"--source", "crm"});
  EXPECT_EQ(made["report"]["sessions"], 3);
  const Ended none = report({"--format", "json", "--source", "erp"});
  EXPECT_EQ(none.code, 0) << none.err;
  EXPECT_EQ(json::parse(none.out)["report"]["sessions"], 0);
  EXPECT_EQ(control(json::parse(none.out), "ac-12")["result"], "no_data");
}

TEST_F(ComplianceReport, WhatCannotBeReadIsRefusedByName) {
  EXPECT_EQ(report({"--from", "yesterday"}).code, 2);
  EXPECT_THAT(report({"--from", "yesterday"}).err, HasSubstr("--from: 'yesterday' is no time"));
  EXPECT_EQ(report({"--account-type", "humans"}).code, 2);
  EXPECT_EQ(report({"--names"}).code, 2);
  EXPECT_THAT(report({"--from", "2020-01-01", "--to", "2020-02-01"}).err,
              HasSubstr("nothing is recorded in this period"));
  const Ended wrong = run_curfew({"report", "--config", daemon_.config(), "--framework", "pci"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("pci-dss"));
}

TEST_F(ComplianceReport, NamesAreShownWhenTheirDisclosureIsRecorded) {
  const Ended named = report({"--format", "json", "--names", "--reason", "yearly audit"});
  ASSERT_EQ(named.code, 3) << named.err;
  EXPECT_EQ(control(json::parse(named.out), "ac-12")["exceptions"][0]["subject_name"], "alice@corp.test");
  EXPECT_EQ(daemon_.stop().code, 0);
  EXPECT_NE(report({"--names", "--reason", "again"}).code, 3) << "without a daemon nobody would record it";
}

TEST_F(ComplianceReport, TheApiTellsTheSameAndRecordsNames) {
  const json made = daemon_.get("/api/v1/reports/compliance?framework=nist-800-53");
  EXPECT_EQ(control(made, "ac-12")["result"], "not_satisfied");
  EXPECT_EQ(control(made, "au-9")["result"], "not_testable") << "the API verifies no ledger";
  const Reply html =
      daemon_.request("GET", "/api/v1/reports/compliance?framework=all&format=html&names=true&reason=audit");
  EXPECT_EQ(html.status, 200) << html.body.substr(0, 300);
  EXPECT_THAT(html.body, HasSubstr("alice@corp.test"));
  EXPECT_EQ(daemon_.request("GET", "/api/v1/reports/compliance?names=true").status, 400);
  EXPECT_EQ(daemon_.request("GET", "/api/v1/reports/compliance?framework=pci").status, 400);
}

// Who is in a group is told when the daemon starts; the sessions begin after that, while it is away.
TEST(GroupPolicy, CoversItsMembersAndNobodyElse) {
  ScriptedDaemon daemon;
  const auto born = std::chrono::steady_clock::now();
  daemon.script("");
  daemon.configure(R"(
groups: [{name: clerks, members: ["upn:alice@corp.test"]}]
policies:
  - {name: clerks-hour, rule: session_timeout, limit: 1h, scope: {groups: [clerks]}}
)");
  daemon.start();
  EXPECT_EQ(daemon.stop().code, 0);
  const auto age =
      std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - born).count() + 1;
  std::string script;
  for (const auto& [person, application] : {std::pair{"alice", "crm"}, std::pair{"bob", "erp"}}) {
    const std::string session = std::string(R"(","session":"of-)") + person;
    script += R"({"at":"+)" + std::to_string(age) + R"(s","type":"sign_in)" + session +
              R"(","identifiers":{"upn":")" + person +
              R"(@corp.test"},"account_type":"human","device":"PC-1","application":")" + application +
              "\"}\n";
    script += R"({"at":"+)" + std::to_string(age + 1) + R"(s","type":"sign_out)" + session +
              R"(","end_reason":"signed_out"})" + "\n";
  }
  daemon.script(script);
  daemon.start();
  ASSERT_TRUE(daemon.until([&] {
    const json sessions = daemon.get("/api/v1/sessions?live=false")["sessions"];
    return sessions.size() == 2 && !sessions[0]["ended_at"].is_null() && !sessions[1]["ended_at"].is_null();
  })) << daemon.log();
  const auto ac12 = [&](const std::string& scope) {
    const json made = daemon.get("/api/v1/reports/compliance?framework=nist-800-53" + scope);
    for (const json& one : made["controls"]) {
      if (one["control"] == "ac-12") return one;
    }
    return json{};
  };
  EXPECT_EQ(ac12("&application=crm")["result"], "satisfied") << ac12("&application=crm").dump(1);
  EXPECT_EQ(ac12("&application=erp")["result"], "not_testable") << ac12("&application=erp").dump(1);
  EXPECT_EQ(ac12("")["result"], "no_data");
  EXPECT_EQ(ac12("")["kept"], 1);
}

// One evaluation, said twice; and said again after a restart, before anything was evaluated anew.
TEST(ControlStatus, IsWhatTheReportSaysAndOutlivesARestart) {
  ScriptedDaemon daemon;
  daemon.script(three_people);
  daemon.configure(std::string(observing) + "posture: {every: 1s, period: 3h}\n");
  daemon.start();
  const auto line = [](const std::string& framework, const std::string& control, const std::string& status) {
    return "curfew_control_status{control=\"" + control + "\",framework=\"" + framework + "\",status=\"" +
           status + "\"} ";
  };
  const auto page = [&] { return daemon.request("GET", "/metrics").body; };
  ASSERT_TRUE(daemon.until([&] {
    return page().find(line("nist-800-53", "ac-12", "not_satisfied") + "1") != std::string::npos;
  })) << page()
      << daemon.log();
  // Nothing happens any more, so both see the same.
  const auto reported = [&] {
    return daemon.get("/api/v1/reports/compliance?from=" +
                      base::format_rfc3339(base::wall_clock_now() - std::chrono::hours(3)));
  };
  const auto shown = [&](const json& report) {
    const std::string metrics = page();
    std::string differ;
    for (const json& one : report["controls"]) {
      const std::string wanted = line(one["framework"], one["control"], one["result"]) + "1";
      if (metrics.find(wanted) == std::string::npos) differ += wanted + "\n";
    }
    return differ;
  };
  json report = reported();
  ASSERT_EQ(report["controls"].size(), 124U);
  EXPECT_TRUE(daemon.until([&] {
    report = reported();
    return shown(report).empty();
  })) << shown(report);
  EXPECT_EQ(daemon.stop().code, 0);
  EXPECT_THAT(content(daemon.folder() / "data" / "posture.json"), Not(HasSubstr("corp.test")));

  daemon.configure(std::string(observing) + "posture: {every: 4h}\n");
  daemon.start();
  EXPECT_EQ(shown(report), "") << "the newest one stays";
  EXPECT_THAT(page(), HasSubstr("curfew_control_evaluations_total{outcome=\"evaluated\"} 0"));
}

// As on an auditor's machine: the file alone, no environment, no configuration, no database.
class EvidenceBundle : public ComplianceReport {
 protected:
  std::string made(const std::string& name, const std::vector<std::string>& more) {
    const std::string file = (daemon_.folder() / name).string();
    std::vector<std::string> arguments{"--format", "bundle", "--out", file};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Ended ended = report(arguments);
    EXPECT_TRUE(ended.code == 3 || ended.code == 0) << ended.code << ended.err;
    return file;
  }
  struct Said {
    int code = -1;
    std::string text;
  };
  Said elsewhere(const std::string& command, const std::string& file) {
    const std::filesystem::path folder = daemon_.folder() / "elsewhere";
    std::filesystem::remove_all(folder);
    std::filesystem::create_directory(folder);
    std::filesystem::copy_file(file, folder / "bundle.tar");
    const std::string said = (daemon_.folder() / "said").string();
    const std::string line = "cd " + folder.string() + " && env -i PATH=/usr/bin:/bin " + command +
                             " bundle.tar >" + said + " 2>&1";
    const int status = std::system(line.c_str());  // NOLINT(concurrency-mt-unsafe)
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, content(said)};
  }
  Said by_curfew(const std::string& file, const std::string& options = {}) {
    return elsewhere(CURFEW_BINARY_DIR "/bin/curfew verify " + options, file);
  }
  Said by_script(const std::string& file, const std::string& options = {}) {
    return elsewhere("python3 -I " CURFEW_SOURCE_DIR "/docs/verify/verify_ledger.py " + options, file);
  }
};

TEST_F(EvidenceBundle, IsVerifiedElsewhereWithTheFileAlone) {
  const std::string kept = (daemon_.folder() / "kept").string();
  std::ofstream(kept) << daemon_.request("GET", "/api/v1/ledger/checkpoint").body;
  ASSERT_EQ(daemon_.request("GET", "/api/v1/reports/compliance?names=true&reason=more").status, 200);
  const std::string file = made("all.tar", {"--checkpoint", kept});
  const std::string options =
      "--checkpoint " + kept + " --key '" +
      daemon_.get("/api/v1/ledger/streams")["streams"][0]["verifier_key"].get<std::string>() + "'";
  const Said ours = by_curfew(file, options);
  EXPECT_EQ(ours.code, 0) << ours.text;
  EXPECT_THAT(ours.text, HasSubstr("every entry from 0 to"));
  EXPECT_THAT(ours.text, HasSubstr("1 figure of the report counted again"));
  EXPECT_THAT(ours.text, HasSubstr("agrees"));
  EXPECT_THAT(ours.text, HasSubstr("Personal values: none are in it."));
  const Said script = by_script(file, options);
  EXPECT_EQ(script.code, 0) << script.text;
  EXPECT_THAT(content(file), Not(HasSubstr("corp.test"))) << "nobody asked for names";
  EXPECT_EQ(by_curfew(file, "--json").code, 0);

  std::string changed = content(file);
  changed[changed.find(R"("result":"not_satisfied")") + 10] = 'N';
  std::ofstream(file, std::ios::binary) << changed;
  EXPECT_EQ(by_curfew(file).code, 4);
  EXPECT_THAT(by_curfew(file).text, HasSubstr("member_changed in report.json"));
  EXPECT_EQ(by_script(file).code, 4);
}

TEST_F(EvidenceBundle, HoldsTheCitedRecordsAloneOnRequest) {
  EXPECT_EQ(daemon_.stop().code, 0);
  const std::string file = made("cited.tar", {"--records", "cited"});
  const Said ours = by_curfew(file);
  EXPECT_EQ(ours.code, 0) << ours.text;
  EXPECT_THAT(ours.text, HasSubstr("only cited records are in the bundle"));
  EXPECT_EQ(by_script(file).code, 0) << by_script(file).text;
  EXPECT_EQ(report({"--format", "bundle"}).code, 2) << "an archive is not for a terminal";
}

TEST_F(EvidenceBundle, OfPartOfTheTimeIsVerifiedToo) {
  const json all = read_json();
  const std::string to = all["report"]["period"]["to"];
  const std::string file = made("part.tar", {"--from", to.substr(0, 10), "--records", "all"});
  EXPECT_EQ(by_curfew(file).code, 0) << by_curfew(file).text;
  EXPECT_EQ(by_script(file).code, 0) << by_script(file).text;
}

TEST_F(EvidenceBundle, WithNamesIsMadeByTheDaemonWhichRecordsIt) {
  const auto accesses = [&] {
    return daemon_.get("/api/v1/ledger/streams")["streams"][0]["size"].get<int>();
  };
  const int before = accesses();
  const std::string file = made("named.tar", {"--names", "--reason", "yearly audit"});
  EXPECT_GT(accesses(), before);
  EXPECT_THAT(content(file), HasSubstr("alice@corp.test"));
  const Said ours = by_curfew(file);
  EXPECT_EQ(ours.code, 0) << ours.text;
  EXPECT_THAT(ours.text, HasSubstr(" match what their records committed to; 0 were erased."));
  EXPECT_EQ(by_script(file).code, 0) << by_script(file).text;
  const Reply nameless =
      daemon_.request("GET", "/api/v1/reports/compliance?format=bundle&records=cited&since=1");
  EXPECT_EQ(nameless.status, 200);
  std::ofstream(file, std::ios::binary) << nameless.body;
  EXPECT_EQ(by_curfew(file).code, 0) << by_curfew(file).text;
  EXPECT_THAT(nameless.body, HasSubstr("streams/1/consistency"));
  EXPECT_THAT(nameless.body, Not(HasSubstr("corp.test")));
  EXPECT_EQ(daemon_.request("GET", "/api/v1/reports/compliance?format=bundle&records=some").status, 400);
  EXPECT_EQ(daemon_.stop().code, 0);
  EXPECT_EQ(report({"--format", "bundle", "--out", file, "--names", "--reason", "again"}).code, 1)
      << "without a daemon nobody would record it";
}

TEST_F(ComplianceReport, OscalIsValid) {
  const std::string schema =
      CURFEW_SOURCE_DIR "/../shared/data/schemas/oscal/oscal_complete_schema-1-1-3.json";
  if (!std::filesystem::exists(schema)) GTEST_SKIP() << "../shared/data is absent: there is no OSCAL schema";
  for (const char* framework : {"nist-800-53", "all"}) {
    const std::string file = (daemon_.folder() / (std::string(framework) + ".json")).string();
    const Ended ended = run_curfew({"report", "--config", daemon_.config(), "--framework", framework,
                                    "--format", "oscal", "--out", file});
    ASSERT_EQ(ended.code, 3) << ended.err;
    const std::string said = file + ".problems";
    const std::string command = "python3 " CURFEW_SOURCE_DIR "/tests/integration/app/valid_oscal.py " +
                                schema + " " + file + " >" + said + " 2>&1";
    EXPECT_EQ(std::system(command.c_str()), 0) << content(said);  // NOLINT(concurrency-mt-unsafe)
    // The check finds what is wrong.
    json broken = json::parse(content(file));
    broken["assessment-results"]["results"][0].erase("start");
    std::ofstream(file) << broken.dump();
    EXPECT_NE(std::system(command.c_str()), 0);  // NOLINT(concurrency-mt-unsafe)
    EXPECT_THAT(content(said), HasSubstr("start"));
  }
}

}  // namespace
}  // namespace curfew::app_test
