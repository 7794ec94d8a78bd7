// `curfew report` against the store of a daemon that runs and of one that was stopped; the same over the API;
// names, which the daemon records; and OSCAL against its schema.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

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
