// Access logs that grow, are rotated, and are read on after a restart.
#include "plugins/forms/logs/live.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/plugins/forms/log_tester.hpp"

namespace curfew::forms {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::seconds;

class Growing : public testing::Test {
 protected:
  Growing() {
    std::string pattern = testing::TempDir() + "/curfew-forms-XXXXXX";
    folder = mkdtemp(pattern.data());
    path = folder + "/access.log";
  }
  ~Growing() override { fs::remove_all(folder); }

  void begin(const std::string& input,
             json format = {{"kind", "nginx"},
                            {"log_format", "$msec $cookie_sid $remote_user $status $request_method"}}) {
    const FormsSettings settings = read_settings(json{
        {"inputs", {input}},
        {"format", std::move(format)},
        {"session", {{"cookie", "sid"}}},
        {"rules",
         {{{"means", "sign_in"}, {"when", {{"method", "POST"}}}},
          {{"means", "sign_out"}, {"when", {{"method", "DELETE"}}}},
          {{"means", "activity"},
           {"when", {{"session", "presented"}}}}}}}.dump());
    rules.emplace(settings.rules);
    log_format = make_format(settings.format);
    live.emplace(settings.inputs, LogReading{*log_format, *rules, test_digest, nullptr}, settings.live,
                 [this](const std::string& identity) {
                   const auto found = cursors.find("file:" + identity);
                   return found == cursors.end() ? std::nullopt : std::optional<std::string>(found->second);
                 });
    live->open(now);
  }
  // As the connector does: findings first, then cursors.
  void step(seconds later = seconds(0)) {
    now += later;
    while (live->step(now)) hand_over();
    hand_over();
  }
  void hand_over() {
    for (Finding& finding : live->take_findings()) {
      if (keys.insert(finding.key).second) {
        findings.push_back(std::move(finding));
      } else {
        ++repeats;
      }
    }
    for (const Live::Cursor& cursor : live->take_cursors()) {
      read += cursor.counts.read;
      unreadable += cursor.counts.unreadable;
      observed_until = std::max(observed_until, cursor.observed_until);
      if (cursor.forget) {
        cursors.erase(cursor.name);
      } else {
        cursors[cursor.name] = cursor.value;
      }
    }
  }
  void append(const std::string& text) const { std::ofstream(path, std::ios::app) << text; }
  [[nodiscard]] std::string line(seconds at, const char* session, const char* method = "GET",
                                 const char* user = "alice") const {
    const std::int64_t micros = (begun + at).time_since_epoch().count();
    return std::to_string(micros / 1'000'000) + ".000 " + session + " " + user + " 200 " + method + "\n";
  }
  [[nodiscard]] std::uint64_t activities() const {
    std::uint64_t sum = 0;
    for (const Finding& finding : findings) sum += finding.type == plugin::Type::Activity ? finding.count : 0;
    return sum;
  }

  const files::Time begun = at("2026-11-21T20:00:00Z");
  files::Time now = begun;
  std::string folder, path;
  std::optional<Rules> rules;
  std::unique_ptr<LogFormat> log_format;
  std::optional<Live> live;
  std::map<std::string, std::string> cursors;
  std::set<std::string> keys;
  std::vector<Finding> findings;
  std::size_t repeats = 0;
  std::uint64_t read = 0, unreadable = 0;
  files::Time observed_until{};
};

TEST_F(Growing, WhatIsWrittenIsToldAtOnceAndMergedActivityAfterItsQuantum) {
  append(line(seconds(0), "a", "POST"));
  begin(path);
  step(seconds(1));
  ASSERT_EQ(story(findings), "sign_in");
  append(line(seconds(1), "a") + line(seconds(2), "a") + line(seconds(3), "a"));
  step(seconds(2));
  EXPECT_EQ(story(findings), "sign_in activity") << "the first one";
  step(seconds(9));
  EXPECT_EQ(story(findings), "sign_in activity activity*2");
  EXPECT_LT(observed_until, begun + seconds(1)) << "lines may still come";
  step(seconds(40));
  EXPECT_GE(observed_until, begun + seconds(4)) << "silence is news too";
  EXPECT_EQ(read, 4U);
}

TEST_F(Growing, ARenamedFileIsReadToItsEndAndItsSuccessorFromItsBeginning) {
  append(line(seconds(0), "a", "POST"));
  begin(path);
  step(seconds(1));
  fs::rename(path, path + ".1");
  std::ofstream(path + ".1", std::ios::app) << line(seconds(2), "b", "POST");  // by who doesn't know it yet
  append(line(seconds(3), "c", "POST"));
  step(seconds(3));
  EXPECT_EQ(findings.size(), 3U);
  EXPECT_EQ(repeats, 0U);
}

TEST_F(Growing, AFileThatWasCopiedAndEmptiedLosesNoLine) {
  append(line(seconds(0), "a", "POST"));
  begin(path);
  step(seconds(1));
  append(line(seconds(1), "b", "POST"));  // not read yet
  fs::copy_file(path, path + ".1");
  fs::resize_file(path, 0);
  append(line(seconds(2), "c", "POST"));
  step(seconds(2));
  std::set<std::string> sessions;
  for (const Finding& finding : findings) sessions.insert(plugin::to_hex(finding.session.bytes));
  EXPECT_EQ(sessions.size(), 3U);
  EXPECT_EQ(repeats, 0U) << "the copy is read on from where the file had been read";
}

TEST_F(Growing, ARestartLosesNothingAndTellsNothingTwice) {
  append(line(seconds(0), "a", "POST") + line(seconds(1), "a"));
  begin(path);
  step(seconds(2));
  append(line(seconds(3), "a") + line(seconds(4), "a"));
  step(seconds(3));
  const std::size_t told = findings.size();
  begin(path);  // the quantum is still open
  append(line(seconds(5), "a") + line(seconds(20), "a", "DELETE"));
  step(seconds(60));
  EXPECT_EQ(activities(), 4U);
  EXPECT_EQ(findings.size(), told + 2);
  const std::string before = cursors.begin()->second;
  begin(path);
  step(seconds(1));
  EXPECT_EQ(findings.size(), told + 2) << "nothing is new";
  const std::size_t repeated = repeats;
  append(line(seconds(70), "b", "POST"));
  step(seconds(1));
  EXPECT_EQ(findings.size(), told + 3);
  EXPECT_EQ(repeats, repeated) << "what was told is behind the cursor";
}

TEST_F(Growing, ARotationWhileNobodyLookedLosesNothing) {
  append(line(seconds(0), "a", "POST"));
  begin(path);
  step(seconds(30));
  step(seconds(1));
  live.reset();
  append(line(seconds(40), "b", "POST"));
  fs::rename(path, path + ".1");
  append(line(seconds(50), "c", "POST"));
  begin(path);
  step(seconds(60));
  EXPECT_EQ(findings.size(), 3U);
}

TEST_F(Growing, FieldsOfW3cHoldBehindARestart) {
  const std::string heading =
      "#Software: IIS\r\n#Fields: date time cs(Cookie) cs-username sc-status cs-method\r\n";
  append(heading + "2026-11-21 20:00:00 sid=a CORP\\alice 200 POST\r\n");
  begin(path, {{"kind", "w3c"}});
  step(seconds(30));
  step(seconds(1));
  append("#Fields: date time cs-method cs(Cookie) sc-status\r\n2026-11-21 20:00:31 POST sid=b 200\r\n");
  step(seconds(30));
  step(seconds(1));
  begin(path, {{"kind", "w3c"}});
  append("2026-11-21 20:01:05 POST sid=c 200\r\n");
  step(seconds(30));
  EXPECT_EQ(unreadable, 0U);
  ASSERT_EQ(findings.size(), 3U);
  EXPECT_EQ(findings[2].session, test_digest("c"));
}

TEST_F(Growing, AFolderIsFollowedAndPackedCopiesInItArePassedOver) {
  begin(folder);
  append(line(seconds(0), "a", "POST"));
  std::ofstream(folder + "/old.gz") << "\x1f\x8b\x08 not even whole";
  std::ofstream(folder + "/other.log") << line(seconds(1), "b", "POST");
  step(seconds(2));
  EXPECT_EQ(findings.size(), 2U);
  EXPECT_EQ(unreadable, 0U);
}

TEST_F(Growing, DamagedLinesAreCountedAndTheNextOnesRead) {
  append("rubbish\n" + std::string(longest_line + 10, 'x') + "\n" + line(seconds(0), "a", "POST"));
  begin(path);
  step(seconds(30));
  step(seconds(1));
  EXPECT_EQ(findings.size(), 1U);
  EXPECT_EQ(unreadable, 2U);
  const json coverage = json::parse(live->coverage_json());
  EXPECT_EQ(coverage.at("unreadable").at("count"), 2);
  EXPECT_EQ(coverage.at("unreadable").at("places").size(), 2U);
}

TEST_F(Growing, AFileThatComesLaterIsSaidToBeMissingAndThenRead) {
  begin(path);
  step(seconds(60));
  EXPECT_EQ(live->take_complaints().size(), 1U);
  EXPECT_EQ(observed_until, files::Time{}) << "nobody knows what it would show";
  append(line(seconds(1), "a", "POST"));
  step(seconds(2));
  EXPECT_EQ(findings.size(), 1U);
  step(seconds(2));
  EXPECT_GT(observed_until, begun + seconds(30));
}

TEST_F(Growing, ALogThatIsGoneShowsNobodysSilence) {
  append(line(seconds(0), "a", "POST"));
  begin(path);
  step(seconds(40));
  const files::Time before = observed_until;
  EXPECT_GT(before, begun);
  fs::remove(path);
  step(seconds(2));
  step(seconds(600));
  EXPECT_LE(observed_until, before + seconds(2));
  append(line(seconds(640), "a"));
  step(seconds(2));
  step(seconds(2));
  EXPECT_GT(observed_until, begun + seconds(600));
}

TEST_F(Growing, ABacklogIsReadInStepsAndWholeBeforeItIsCaughtUp) {
  std::string text;
  for (int i = 0; i < 40'000; ++i) text += line(seconds(i / 10), i % 2 == 0 ? "a" : "b");
  append(text);
  now = begun + seconds(100'000);
  begin(path);
  step();
  step(seconds(1));
  EXPECT_EQ(activities(), 40'000U);
  EXPECT_EQ(repeats, 0U);
}

}  // namespace
}  // namespace curfew::forms
