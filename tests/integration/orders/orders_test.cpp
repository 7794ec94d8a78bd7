// Orders by people, from the command line to the proof.
#include <gmock/gmock.h>

#include <fstream>

#include "tests/integration/app/program.hpp"

namespace curfew::orders_test {
namespace {

using app_test::Ended;
using app_test::run_curfew;
using app_test::ScriptedDaemon;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

const char* const people = R"(
{"at":"-3h","type":"sign_in","session":"s1","identifiers":{"upn":"alice@corp.test"},"account_type":"human","application":"sales","device":"ws-17"}
{"at":"-2h","type":"sign_in","session":"s2","identifiers":{"upn":"bob@corp.test"},"account_type":"human","application":"sales"}
{"at":"-2h","type":"sign_in","session":"s3","identifiers":{"upn":"bob@corp.test"},"account_type":"human","application":"stock"}
{"at":"-30m","type":"sign_in","session":"s4","identifiers":{"upn":"carol@corp.test"},"account_type":"service","application":"stock"}
)";

class Orders : public testing::Test {
 protected:
  void start(const std::string& yaml, const std::string& script) {
    daemon_.script(script);
    daemon_.configure(yaml);
    add_second_person();
    daemon_.start();
  }
  // The same file, with a token for somebody else.
  void add_second_person() {
    std::ifstream in(daemon_.config());
    std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    const std::string file = (daemon_.folder() / "second").string();
    std::ofstream(file) << "cfw_token-of-a-second-person\n";
    const std::size_t end = text.find("]\n", text.find("tokens: ["));
    text.insert(end, ", {name: second, role: operator, token_file: " + file + "}");
    std::ofstream(daemon_.config()) << text;
  }
  bool knows(std::size_t sessions) {
    return daemon_.until(
        [&] { return daemon_.get("/api/v1/sessions?limit=1000")["sessions"].size() == sessions; });
  }
  // The source has told how far it has been read.
  bool caught_up() {
    return daemon_.until([&] { return daemon_.get("/api/v1/sources")["sources"][0]["caught_up"] == true; });
  }
  Ended curfew(std::vector<std::string> arguments, bool second = false) const {
    arguments.insert(arguments.end(), {"--config", daemon_.config()});
    if (second) arguments.insert(arguments.end(), {"--token-file", (daemon_.folder() / "second").string()});
    return run_curfew(arguments);
  }
  double metric(const std::string& line) const {
    const std::string page = daemon_.request("GET", "/metrics").body;
    const std::size_t at = page.find("\n" + line + " ");
    return at == std::string::npos ? -1 : std::stod(page.substr(at + line.size() + 2));
  }

  ScriptedDaemon daemon_;
};

TEST_F(Orders, ADryRunSaysWhomItHitsAndOrdersNothing) {
  start("policies: []\nsafety: {most_sign_outs_per_minute: 1}\n", people);
  ASSERT_TRUE(knows(4) && caught_up()) << daemon_.log();
  const Ended ended = curfew({"sign-out", "--source", "crm", "--older-than", "1h", "--dry-run"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("It hits 3 sessions of 2 people."));
  EXPECT_THAT(ended.out, HasSubstr("sales at crm: 2 sessions of 2 people."));
  EXPECT_THAT(ended.out, HasSubstr("2 sign-outs would be held: no more sign-outs may begin in one minute."));
  EXPECT_THAT(daemon_.get("/api/v1/sign-outs")["sign_outs"], testing::IsEmpty());
  const Ended nobody = curfew({"sign-out", "--application", "payroll", "--dry-run"});
  EXPECT_EQ(nobody.code, 1);
  EXPECT_THAT(nobody.out, HasSubstr("Nothing would be ordered: no session that lives is meant."));
  EXPECT_EQ(daemon_.stop().code, 0);
}

TEST_F(Orders, WaitingShowsEachStepToTheProof) {
  start("policies: []\n", people);
  ASSERT_TRUE(knows(4)) << daemon_.log();
  const Ended ended =
      curfew({"sign-out", "--user", "bob@corp.test", "--reason", "left the company", "--wait"});
  EXPECT_EQ(ended.code, 0) << ended.out << ended.err << daemon_.log();
  for (const char* what : {"ordered for session 2", "step 1 probe 1: the session is alive",
                           "step 1 intent: sign out session at crm", "step 1 answer: accepted",
                           "step 1 verdict: proven (dead", "outcome: proven, after", "2 of 2 are proven"})
    EXPECT_THAT(ended.out, HasSubstr(what));
  const json rows = daemon_.get("/api/v1/sign-outs?outcome=proven")["sign_outs"];
  EXPECT_EQ(rows.size(), 2U);
  const Ended shown = curfew({"sign-outs", "show", "1"});
  EXPECT_THAT(shown.out, HasSubstr("ordered by test: left the company"));
  EXPECT_THAT(shown.out, HasSubstr("action=sign_out_session"));
  EXPECT_EQ(metric(R"(curfew_sign_outs_total{outcome="proven"})"), 2);
  EXPECT_EQ(metric("curfew_sign_out_effect_seconds_count"), 2);
  const std::string file = (daemon_.folder() / "report.html").string();
  EXPECT_EQ(curfew({"sign-outs", "report", "--from", "2026-01-01T00:00:00Z", "--out", file}).code, 0);
  std::ifstream in(file);
  const std::string page((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  EXPECT_THAT(page, HasSubstr("sign out session at crm: accepted, proven (dead"));
  EXPECT_THAT(page, HasSubstr("2 of them are proven"));
  EXPECT_EQ(json::parse(curfew({"sign-outs", "report", "--format", "json"}).out)["by_outcome"]["proven"], 2);
  EXPECT_THAT(page, Not(HasSubstr("@corp.test")));
  EXPECT_EQ(curfew({"sign-outs", "report", "--names"}).code, 2) << "no reason";
  EXPECT_THAT(curfew({"sign-outs", "report", "--names", "--reason", "ticket 12"}).out,
              HasSubstr("@corp.test"));
  EXPECT_TRUE(daemon_.until([&] { return metric(R"(curfew_ledger_entries_total{kind="access"})") == 2; }))
      << "the order by name, and the names in the report";
  EXPECT_EQ(daemon_.stop().code, 0);
}

TEST_F(Orders, WaitingForALyingSourceEndsWithoutAProofAndSaysSo) {
  start("policies: []\n", std::string(people) + R"({"on":"sign_out_session","answer":"lie"})" + "\n");
  ASSERT_TRUE(knows(4)) << daemon_.log();
  const Ended ended = curfew(
      {"sign-out", "--device", "ws-17", "--reason", "stolen", "--prove-within", "2s", "--wait", "--json"});
  EXPECT_EQ(ended.code, 1) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr(R"("verdict":"still_alive")"));
  EXPECT_THAT(ended.out, HasSubstr(R"("outcome":"still_alive")"));
  EXPECT_THAT(ended.out, Not(HasSubstr(R"("outcome":"proven")")));
  EXPECT_EQ(daemon_.stop().code, 0);
}

TEST_F(Orders, WhoOrderedALargeOneCantApproveIt) {
  start("policies: []\nsafety: {approve_above: 2}\n", people);
  ASSERT_TRUE(knows(4)) << daemon_.log();
  const Ended ordered = curfew({"sign-out", "--source", "crm", "--reason", "evacuation", "--wait"});
  EXPECT_EQ(ordered.code, 1) << ordered.out;
  EXPECT_THAT(ordered.out, HasSubstr("held: approval; it waits until a second person"));
  EXPECT_EQ(json::parse(curfew({"sign-outs", "--held", "--json"}).out).size(), 4U);
  const Ended own = curfew({"sign-outs", "release", "1", "--reason", "me again"});
  EXPECT_EQ(own.code, 1);
  EXPECT_THAT(own.err, HasSubstr("needs a second person"));
  const Ended other = curfew({"sign-outs", "release", "1", "2", "--reason", "seen it"}, true);
  EXPECT_EQ(other.code, 0) << other.err;
  EXPECT_EQ(curfew({"sign-outs", "dismiss", "3", "4", "--reason", "not these"}, true).code, 0);
  EXPECT_TRUE(daemon_.until([&] {
    return daemon_.get("/api/v1/sign-outs?outcome=proven")["sign_outs"].size() == 2;
  })) << daemon_.get("/api/v1/sign-outs").dump(1);
  EXPECT_EQ(metric("curfew_sign_outs_held"), 0);
  EXPECT_EQ(metric(R"(curfew_sign_outs_total{outcome="held"})"), 2) << "dismissed";
  const Ended gone = curfew({"sign-outs", "release", "3", "--reason", "after all"}, true);
  EXPECT_EQ(gone.code, 1);
  EXPECT_THAT(gone.err, HasSubstr("sign-out 3 is not held"));
  EXPECT_EQ(daemon_.stop().code, 0);
  EXPECT_EQ(run_curfew({"replay", "--config", daemon_.config()}).code, 0);
}

TEST_F(Orders, APolicyGoneWildOverTenThousandSessionsStopsAtItsCap) {
  constexpr int sessions = 10'000;
  std::string script;
  for (int i = 0; i < sessions; ++i)
    script += R"({"at":"-2h","type":"sign_in","session":"w)" + std::to_string(i) +
              R"(","identifiers":{"upn":"p)" + std::to_string(i) +
              "@corp.test\"},\"account_type\":\"human\"}\n";
  start(R"(
policies:
  - name: wild
    rule: session_timeout
    limit: 1h
    mode: enforce
    most_sign_outs_per_minute: 20
    ladder: [{action: sign_out_session, prove_within: 2s}]
safety: {most_sign_outs_per_minute: 500, protected_accounts: ["upn:admin@corp.test"]}
)",
        script);
  ASSERT_TRUE(daemon_.until([&] { return metric("curfew_sign_outs_held") == sessions - 20; }))
      << daemon_.log();
  ASSERT_TRUE(daemon_.until([&] {
    return daemon_.get("/api/v1/sign-outs?outcome=proven&limit=100")["sign_outs"].size() == 20;
  })) << daemon_.log();
  // No more than its cap was done at the source, and held ones are shown with their reason.
  std::ifstream acts(daemon_.folder() / "acts");
  EXPECT_EQ(std::count(std::istreambuf_iterator<char>(acts), std::istreambuf_iterator<char>(), '\n'), 20);
  const json held = json::parse(curfew({"sign-outs", "--held", "--json", "--limit", "10000"}).out);
  ASSERT_EQ(held.size(), std::size_t{sessions - 20});
  EXPECT_EQ(held[0]["held_because"], "cap");
  EXPECT_EQ(daemon_.get("/api/v1/sessions?live=true&limit=1")["sessions"].size(), 1U);
  const Ended dismissed = curfew({"sign-outs", "dismiss", "--policy", "wild", "--reason", "wrong limit"});
  EXPECT_EQ(dismissed.code, 0) << dismissed.err;
  EXPECT_EQ(dismissed.out, "9980 dismissed\n");
  EXPECT_TRUE(daemon_.until([&] { return metric("curfew_sign_outs_held") == 0; }));
  EXPECT_TRUE(daemon_.get("/api/v1/sign-outs?held=true")["sign_outs"].empty());
  EXPECT_EQ(daemon_.stop().code, 0);
}

}  // namespace
}  // namespace curfew::orders_test
