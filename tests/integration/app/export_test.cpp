// The daemon's exports and `curfew export`: what arrived is the ledger, also when the daemon was killed.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "tests/integration/app/program.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/webhook_receiver.hpp"

namespace curfew::app_test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const char* const people = R"(
{"at":"-3h","type":"sign_in","session":"s1","identifiers":{"upn":"alice@corp.test"},"account_type":"human","address":"10.1.2.3"}
{"at":"-2h","type":"sign_in","session":"s2","identifiers":{"upn":"bob@corp.test"},"account_type":"human"}
{"at":"-1h","type":"sign_out","session":"s2","identifiers":{"upn":"bob@corp.test"}}
)";

std::vector<std::string> ids_in(const std::string& text) {
  std::vector<std::string> ids;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    const json event = json::parse(line);
    ids.push_back(event.at("id"));
  }
  return ids;
}
std::string content_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class ExportingDaemon : public testing::Test {
 protected:
  ExportingDaemon() {
    daemon_.script(people);
    // The daemon's user writes there.
    std::filesystem::create_directory(out());
    std::filesystem::permissions(out(), std::filesystem::perms::all);
  }

  void configure(const std::string& more = {}) {
    daemon_.configure("policies: []\nexports:\n  - {name: archive, kind: file, events: [all], path: \"" +
                      file() + "\"}\n  - {name: lake, kind: http, events: [all], batch_events: 3, url: \"" +
                      receiver_.url("/in") + "\"}\n" + more);
  }
  [[nodiscard]] std::filesystem::path out() const { return daemon_.folder() / "exported"; }
  [[nodiscard]] std::string file() const { return out() / "events.ndjson"; }
  // The whole ledger, as the command reads it from the daemon's running database.
  [[nodiscard]] std::vector<std::string> ledger() const {
    const Ended ended = run_curfew({"export", "--config", daemon_.config(), "--event", "all"});
    EXPECT_EQ(ended.code, 0) << ended.err;
    return ids_in(ended.out);
  }
  [[nodiscard]] std::vector<std::string> received() const {
    std::string all;
    for (const support::Received& one : receiver_.taken()) all += one.body;
    return ids_in(all);
  }
  // Until both have everything; the ledger stands still meanwhile, but for what a start writes.
  [[nodiscard]] bool is_complete() const {
    const std::vector<std::string> all = ledger();
    const std::vector<std::string> got = received();
    return all.size() > 3 && ids_in(content_of(file())) == all &&
           std::set<std::string>(got.begin(), got.end()).size() == all.size();
  }

  support::WebhookReceiver receiver_;
  ScriptedDaemon daemon_;
};

TEST_F(ExportingDaemon, WhatArrivesIsTheLedger) {
  configure();
  daemon_.start();
  ASSERT_TRUE(
      daemon_.until([&] { return daemon_.get("/api/v1/sessions?live=true")["sessions"].size() == 1; }));
  // Each entry once and in order; what the daemon writes meanwhile is waited for, too.
  ASSERT_TRUE(daemon_.until([&] { return is_complete() && received() == ledger(); })) << daemon_.log();
  EXPECT_THAT(content_of(file()), testing::Not(HasSubstr("alice")));
  std::string page;
  EXPECT_TRUE(daemon_.until([&] {
    page = daemon_.request("GET", "/metrics").body;
    return page.find(R"(curfew_outlet_lag_entries{outlet="export/archive"} 0)") != std::string::npos;
  })) << page;
  EXPECT_THAT(page, HasSubstr(R"(curfew_outlet_delivered_total{outcome="delivered",outlet="export/lake"})"));
  EXPECT_EQ(daemon_.stop().code, 0);
}

// Exports run and the writer commits when the last step of the start finds its secret missing.
TEST_F(ExportingDaemon, AStartThatFailsAtItsLastStepEndsInOrderAndTheNextOneGoesOn) {
  std::string many;
  for (int i = 0; i < 200; ++i)
    many += R"({"at":"-1h","type":"sign_in","session":"m)" + std::to_string(i) +
            R"(","identifiers":{"upn":"carol@corp.test"},"account_type":"human"})" + "\n";
  daemon_.script(people + many);
  const std::string secret = (out() / "mail.password").string();
  configure(
      "reports:\n  - {name: daily, frameworks: [pci-dss], period: day, formats: [csv], mail_to: [auditors]}\n"
      "report_mail: {server: localhost, from: curfew@corp.test, user: curfew, password_file: " +
      secret + ", lists: [{name: auditors, to: [ann@corp.test]}]}\n");
  for (int i = 0; i < 2; ++i) {
    daemon_.launch();
    ASSERT_TRUE(daemon_.until([&] { return daemon_.has_ended(); })) << daemon_.log();
    const Ended ended = daemon_.stop();
    EXPECT_EQ(ended.signal, 0) << daemon_.log();
    EXPECT_EQ(ended.code, 78) << daemon_.log();
    EXPECT_THAT(daemon_.log(), HasSubstr("no secret can be read from " + secret));
  }
  std::ofstream(secret) << "s3cret\n";
  daemon_.start();
  ASSERT_TRUE(daemon_.until([&] { return is_complete(); })) << daemon_.log();
  EXPECT_EQ(daemon_.stop().code, 0);
}

// Killed when it was handed on and the cursor had not moved, and before it: the file has each entry once, and
// what the receiver has twice has one id and is at most one batch.
TEST_F(ExportingDaemon, AKillLosesNothingAndOnlyTheReceiverGetsABatchTwice) {
  configure();
  std::size_t kills = 0;
  for (const char* point : {"export.after_deliver:1", "export.within_file:1", "export.after_deliver:3",
                            "export.before_deliver:2", "export.after_deliver:2"}) {
    daemon_.try_start({{"CURFEW_KILL_POINT", point}});
    ASSERT_TRUE(daemon_.until([&] { return daemon_.has_ended(); })) << point << "\n" << daemon_.log();
    ++kills;
  }
  daemon_.start();
  ASSERT_TRUE(daemon_.until([&] { return is_complete(); })) << daemon_.log();
  const std::vector<std::string> all = ledger();
  EXPECT_EQ(ids_in(content_of(file())), all);
  std::vector<std::string> first_times;
  std::set<std::string> seen;
  const std::vector<std::string> got = received();
  for (const std::string& id : got) {
    if (seen.insert(id).second) first_times.push_back(id);
  }
  EXPECT_EQ(first_times, all);
  EXPECT_LE(got.size() - all.size(), kills * 3) << "a batch has three";
  RecordProperty("repeats", std::to_string(got.size() - all.size()));
}

TEST_F(ExportingDaemon, NamesAreRecordedBeforeTheyLeave) {
  configure("  - {name: named, kind: file, format: ocsf, names: true, path: \"" + (out() / "named").string() +
            "\"}\n");
  daemon_.start();
  ASSERT_TRUE(daemon_.until([&] {
    return content_of(out() / "named").find("bob@corp.test") != std::string::npos;
  })) << daemon_.log();
  const std::string named = content_of(out() / "named");
  EXPECT_THAT(named, HasSubstr("\"ip\":\"10.1.2.3\""));
  ASSERT_TRUE(daemon_.until(
      [&] { return content_of(file()).find("names in the events from") != std::string::npos; }));
  const std::string access = content_of(file());
  EXPECT_THAT(access, HasSubstr(R"("kind":"access")"));
  EXPECT_THAT(access, HasSubstr(R"("by":"export named")"));
}

TEST_F(ExportingDaemon, TheCommandGoesOnWhereItEnded) {
  configure();
  daemon_.start();
  ASSERT_TRUE(daemon_.until([&] { return is_complete(); })) << daemon_.log();
  EXPECT_EQ(daemon_.stop().code, 0);
  const std::string out = this->out() / "all";
  const Ended first = run_curfew({"export", "--config", daemon_.config(), "--event", "all", "--out", out});
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(first.out, "");
  const std::vector<std::string> all = ids_in(content_of(out));
  EXPECT_THAT(first.err, HasSubstr("go on with: --after " + all.back() + "\n"));
  const Ended rest =
      run_curfew({"export", "--config", daemon_.config(), "--event", "all", "--after", all[1]});
  EXPECT_EQ(ids_in(rest.out), std::vector<std::string>(all.begin() + 2, all.end()));
  const Ended none = run_curfew({"export", "--config", daemon_.config(), "--after", all.back()});
  EXPECT_EQ(none.code, 0);
  EXPECT_EQ(none.out, "");
  EXPECT_THAT(none.err, HasSubstr("0 events"));
  const Ended chosen = run_curfew(
      {"export", "--config", daemon_.config(), "--event", "observation.sign_out", "--format", "cef"});
  EXPECT_THAT(chosen.out, HasSubstr("CEF:0|Curfew|Curfew|"));
  EXPECT_EQ(std::count(chosen.out.begin(), chosen.out.end(), '\n'), 1);
  const Ended past = run_curfew({"export", "--config", daemon_.config(), "--to", "2001-01-01"});
  EXPECT_EQ(past.out, "");
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--after", "curfew/other/a/1/0"},
                                                {"--after", "x"},
                                                {"--event", "nonsense"},
                                                {"--from", "yesterday"},
                                                {"--format", "xml"}}) {
    std::vector<std::string> words{"export", "--config", daemon_.config()};
    words.insert(words.end(), wrong.begin(), wrong.end());
    EXPECT_EQ(run_curfew(words).code, 2) << wrong[1];
  }
}

}  // namespace
}  // namespace curfew::app_test
