// Pushed records: kept before they are answered, judged once, known again; each computer by its own time.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "plugins/windows/push/event_text.hpp"
#include "plugins/windows/push/push_intake.hpp"
#include "plugins/windows/push/pushed_history.hpp"
#include "plugins/windows/push/pushed_live.hpp"
#include "tests/plugins/windows/event_maker.hpp"

namespace curfew::windows {
namespace {

namespace fs = std::filesystem;
using plugin::Type;

WindowsEvent event(double seconds, std::uint32_t id, std::uint64_t logon, std::uint64_t record,
                   std::string_view computer = "WS1", std::string_view type = "2") {
  WindowsEvent event;
  event.time = at(seconds);
  event.computer = computer;
  event.channel = "Security";
  event.provider = "Microsoft-Windows-Security-Auditing";
  event.event_id = id;
  event.version = 2;
  event.record_id = record;
  event.set(Field::TargetUserName, "alice");
  event.set(Field::TargetDomainName, "CORP");
  event.set(Field::TargetUserSid, "S-1-5-21-1");
  event.set(Field::LogonType, type);
  event.set(Field::TargetLogonId, hex(logon));
  return event;
}

// What the host keeps, and what a judge makes of it.
class Pushing : public testing::Test {
 protected:
  Pushing() { start(); }

  void start(PushLimits limits = {}) {
    intake_ = std::make_unique<PushIntake>(limits);
    live_ = std::make_unique<PushedLive>(PairingSettings{}, std::chrono::seconds(30));
    for (const auto& [key, value] : memory_) {
      if (!intake_->restore(key, value)) live_->restore(key, value);
    }
    intake_->end_restore();
  }
  std::vector<Verdict> push(std::vector<WindowsEvent> events) {
    std::vector<PushedRecord> records;
    for (WindowsEvent& one : events) records.push_back({std::move(one), {}, {}});
    return intake_->take(std::move(records), [this](std::string_view key, std::string_view value) {
      if (refuse_after_ == 0) return false;
      --refuse_after_;
      keep(key, value);
      return true;
    });
  }
  void keep(std::string_view key, std::string_view value) {
    EXPECT_LE(value.size(), 4096U);
    if (value.empty()) {
      memory_.erase(std::string(key));
    } else {
      memory_[std::string(key)] = value;
    }
  }
  void step(double seconds) {
    while (auto batch = intake_->next()) live_->take(std::move(*batch), at(seconds));
    live_->advance(at(seconds));
    for (Finding& finding : live_->take_findings()) findings_.push_back(std::move(finding));
    for (const auto& [key, value] : live_->take_changes()) keep(key, value);
    const JudgedTexts judged = live_->take_judged();
    intake_->judged(judged.records);
    for (const std::string& key : judged.keys) keep(key, "");
    for (const std::string& key : intake_->take_superfluous()) keep(key, "");
  }
  [[nodiscard]] std::size_t count(Type type) const {
    std::size_t count = 0;
    for (const Finding& finding : findings_) count += finding.type == type ? 1U : 0U;
    return count;
  }
  [[nodiscard]] std::size_t kept(std::string_view prefix) const {
    std::size_t count = 0;
    for (const auto& [key, value] : memory_) count += key.starts_with(prefix) ? 1U : 0U;
    return count;
  }

  std::unique_ptr<PushIntake> intake_;
  std::unique_ptr<PushedLive> live_;
  std::map<std::string, std::string> memory_;
  std::size_t refuse_after_ = SIZE_MAX;
  std::vector<Finding> findings_;
};

TEST_F(Pushing, ARecordIsTheSameAfterItWasKept) {
  WindowsEvent one = event(0, 4624, 0x10, 7, "WS1 \"ä\"");
  one.set(Field::IpAddress, "10.0.0.1: 5 7:");
  one.failure = true;
  std::string text;
  append_event(text, one);
  append_event(text, event(1, 4634, 0x10, 8));
  std::vector<WindowsEvent> back;
  ASSERT_TRUE(read_events(text, [&](WindowsEvent&& read) { back.push_back(std::move(read)); }));
  ASSERT_EQ(back.size(), 2U);
  EXPECT_EQ(back[0].computer, one.computer);
  EXPECT_EQ(back[0].get(Field::IpAddress), "10.0.0.1: 5 7:");
  EXPECT_EQ(identity_of(back[0]), identity_of(one));
  EXPECT_TRUE(back[0].failure);
  EXPECT_EQ(back[1].event_id, 4634U);
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    std::size_t whole = 0;
    (void)read_events(text.substr(0, cut), [&](WindowsEvent&&) { ++whole; });
    EXPECT_LT(whole, 2U);
  }
}

TEST_F(Pushing, IsKeptUntilItIsJudged) {
  EXPECT_THAT(push({event(0, 4624, 0x10, 1)}), testing::ElementsAre(Verdict::Taken));
  EXPECT_EQ(kept("pushed/"), 1U);
  step(1);
  EXPECT_TRUE(findings_.empty()) << "what decides what it means may still come";
  EXPECT_EQ(kept("pushed/"), 1U);
  step(40);
  EXPECT_EQ(count(Type::SignIn), 1U);
  EXPECT_EQ(kept("pushed/"), 0U);
  EXPECT_EQ(kept("session/"), 1U);
  EXPECT_EQ(intake_->waiting(), 0U);
}

TEST_F(Pushing, ARestartLosesNothingThatWasKept) {
  (void)push({event(0, 4624, 0x10, 1), event(20, 4624, 0x20, 2)});
  step(1);
  start();
  step(2);
  step(60);
  EXPECT_EQ(count(Type::SignIn), 2U);
  start();
  (void)push({event(70, 4634, 0x10, 3)});
  step(71);
  step(120);
  ASSERT_EQ(count(Type::SignOut), 1U);
  EXPECT_EQ(findings_.back().session, findings_.front().session);
}

TEST_F(Pushing, WhatIsSentAgainIsKnownAlsoAfterARestart) {
  (void)push({event(0, 4624, 0x10, 1)});
  EXPECT_THAT(push({event(0, 4624, 0x10, 1)}), testing::ElementsAre(Verdict::Repeat));
  step(1);
  step(60);
  start();
  EXPECT_THAT(push({event(0, 4624, 0x10, 1), event(50, 4634, 0x10, 2)}),
              testing::ElementsAre(Verdict::Repeat, Verdict::Taken));
  step(61);
  step(120);
  EXPECT_EQ(count(Type::SignIn), 1U);
  ASSERT_EQ(count(Type::SignOut), 1U) << "of the first session, and there is no second one";
  EXPECT_EQ(findings_.back().session, findings_.front().session);
  EXPECT_EQ(live_->coverage().sum().joined.at("repeat"), 1U) << "counted";
}

TEST_F(Pushing, ARequestThatWasNotKeptComesAgain) {
  for (std::size_t kept_before = 0; kept_before < 2; ++kept_before) {
    memory_.clear();
    findings_.clear();
    start();
    refuse_after_ = kept_before;
    EXPECT_THROW((void)push({event(0, 4624, 0x10, 1)}), NotKept);
    refuse_after_ = SIZE_MAX;
    EXPECT_THAT(push({event(0, 4624, 0x10, 1)}), testing::ElementsAre(Verdict::Taken));
    start();  // half of the first try is kept as well
    step(1);
    step(60);
    EXPECT_EQ(count(Type::SignIn), 1U);
    EXPECT_EQ(kept("pushed/"), 0U);
  }
}

// Nothing new, and still the host has to say when what came before is durable.
TEST_F(Pushing, ARepeatAsksTheHostToKeepSomething) {
  (void)push({event(0, 4624, 0x10, 1)});
  refuse_after_ = 0;
  EXPECT_THROW((void)push({event(0, 4624, 0x10, 1)}), NotKept);
}

TEST_F(Pushing, TooMuchThatWaitsIsPushedBack) {
  start({.waiting_records = 2, .known_identities = 100});
  EXPECT_THAT(push({event(0, 4624, 1, 1), event(1, 4624, 2, 2), event(2, 4624, 3, 3)}),
              testing::ElementsAre(Verdict::Taken, Verdict::Taken, Verdict::Busy));
  step(3);
  step(60);
  EXPECT_THAT(push({event(2, 4624, 3, 3)}), testing::ElementsAre(Verdict::Taken));
}

TEST_F(Pushing, TheOldestIdentitiesAreForgottenBeyondTheBound) {
  start({.waiting_records = 1000, .known_identities = 3});
  for (int i = 0; i < 6; ++i) (void)push({event(i, 4624, 0x10, static_cast<std::uint64_t>(i + 1))});
  step(10);
  EXPECT_LE(kept("seen/"), 3U);
  EXPECT_THAT(push({event(5, 4624, 0x10, 6)}), testing::ElementsAre(Verdict::Repeat));
}

TEST_F(Pushing, WhatIsTooLongOrUnreadableIsCountedAndTakesNothingWithIt) {
  WindowsEvent huge = event(0, 4624, 0x10, 1);
  for (const Field field : {Field::IpAddress, Field::ProcessName, Field::WorkstationName,
                            Field::LogonProcessName, Field::SubjectUserName})
    huge.set(field, std::string(1000, 'x'));
  std::vector<PushedRecord> records;
  records.push_back({huge, "line 1", {}});
  records.push_back({std::nullopt, "line 2", "not JSON"});
  records.push_back({event(0, 4624, 0x20, 2), "line 3", {}});
  const auto verdicts = intake_->take(std::move(records), [](auto, auto) { return true; });
  EXPECT_THAT(verdicts, testing::ElementsAre(Verdict::TooLarge, Verdict::Unreadable, Verdict::Taken));
  step(1);
  EXPECT_EQ(live_->coverage().sum().unreadable, 2U);
  EXPECT_EQ(live_->take_counts().unreadable, 2U);
}

// A notebook that was away comes back on Monday while the others went on.
TEST_F(Pushing, AComputerThatWasAwayIsJudgedByItsOwnTime) {
  const double monday = 3 * 86'400;
  (void)push({event(monday, 4624, 0x99, 1, "SERVER")});
  step(monday);
  step(monday + 60);
  // Network logons within their window are one session also when they come days later.
  std::vector<WindowsEvent> late;
  for (std::uint64_t i = 0; i < 5; ++i)
    late.push_back(event(static_cast<double>(i) * 60, 4624, 0x10 + i, i + 1, "NB7", "3"));
  (void)push({late[0], late[1]});
  step(monday + 61);
  (void)push({late[2], late[3], late[4]});
  step(monday + 62);
  step(monday + 120);
  EXPECT_EQ(count(Type::SignIn), 2U);
  ASSERT_EQ(count(Type::SignOut), 1U);
  EXPECT_EQ(findings_.back().at, at(240)) << "at its last record";
}

TEST_F(Pushing, GapsAndClearedLogsAreTold) {
  std::vector<WindowsEvent> events;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    if (i != 15) events.push_back(event(static_cast<double>(i), 4688, 0, i));  // says nothing of sessions
  }
  WindowsEvent cleared = event(30, 1102, 0, 21);
  cleared.provider = "Microsoft-Windows-Eventlog";
  events.push_back(cleared);
  (void)push(std::move(events));
  step(31);
  step(100);
  EXPECT_EQ(count(Type::Gap), 1U) << "cleared; the hole may still be filled";
  step(300);
  ASSERT_EQ(count(Type::Gap), 2U);
  EXPECT_EQ(findings_.back().application, "record-numbers");
  EXPECT_EQ(findings_.back().count, 1U);
  step(600);
  EXPECT_EQ(count(Type::Gap), 2U) << "told once";
}

// ---- a history ----

std::vector<Finding> recorded(const fs::path& file) {
  Recorded recorded({file.string()}, {});
  recorded.read();
  std::vector<Finding> findings;
  while (recorded.next(findings)) {
  }
  return findings;
}

std::string text_of(const Finding& finding) {
  return std::to_string(static_cast<int>(finding.type)) + " " + format_time(finding.at) + " " + finding.key +
         " " + finding.session + " " + finding.account + " " +
         std::to_string(static_cast<int>(finding.end_reason)) + (finding.end_inferred ? " inferred" : "") +
         (finding.privileged ? " privileged " : " ") + finding.device + " " + finding.address + " " +
         finding.application + " " + finding.failure + " " + std::to_string(finding.count);
}

// The body in requests of so many records; the last ones first.
std::vector<Finding> pushed(const std::string& body, std::size_t at_once, bool restarts) {
  std::map<std::string, std::string> memory;
  const auto keep = [&](std::string_view key, std::string_view value) {
    memory[std::string(key)] = value;
    return true;
  };
  auto intake = std::make_unique<PushIntake>(PushLimits{.waiting_records = 1'000'000});
  auto history = std::make_unique<PushedHistory>(RecordedSettings{}, std::chrono::seconds(10));
  std::vector<PushedRecord> records = read_records(body);
  while (!records.empty()) {
    const std::size_t count = std::min(at_once, records.size());
    std::vector<PushedRecord> some(
        std::make_move_iterator(records.end() - static_cast<std::ptrdiff_t>(count)),
        std::make_move_iterator(records.end()));
    records.resize(records.size() - count);
    (void)intake->take(std::vector<PushedRecord>(some), keep);
    (void)intake->take(std::move(some), keep);  // each request comes twice
  }
  if (restarts) {
    intake = std::make_unique<PushIntake>(PushLimits{.waiting_records = 1'000'000});
    for (const auto& [key, value] : memory) EXPECT_TRUE(intake->restore(key, value));
    intake->end_restore();
  }
  std::vector<Finding> findings;
  while (auto batch = intake->next()) history->take(std::move(*batch), at(0));
  EXPECT_FALSE(history->next(findings, at(5))) << "more may come";
  while (history->next(findings, at(20))) {
  }
  EXPECT_FALSE(history->take_judged().keys.empty() && !findings.empty());
  return findings;
}

std::vector<fs::path> windows_files() {
  std::vector<fs::path> files;
  const fs::path data = fs::path(CURFEW_SOURCE_DIR) / ".." / "shared" / "data";
  for (const fs::path& folder : {fs::path(CURFEW_SOURCE_DIR) / "tests" / "fixtures" / "push",
                                 data / "windows-json", data / "windows-evtx"}) {
    if (!fs::is_directory(folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      const std::string extension = entry.path().extension().string();
      if ((extension == ".json" || extension == ".ndjson" || extension == ".xml") &&
          entry.path().filename() != "EXPECTED-COUNTS.json")
        files.push_back(entry.path());
    }
  }
  files.push_back(fs::path(CURFEW_SOURCE_DIR) / "tests" / "fixtures" / "quickstart" / "security.ndjson");
  std::sort(files.begin(), files.end());
  return files;
}

class PushedFile : public testing::TestWithParam<fs::path> {};

// In any order of its requests, each sent twice, and across a restart.
TEST_P(PushedFile, GivesTheFindingsOfTheRecordedOne) {
  std::ifstream in(GetParam(), std::ios::binary);
  const std::string body((std::istreambuf_iterator<char>(in)), {});
  for (const std::size_t at_once : {std::size_t{1'000'000}, std::size_t{7}}) {
    for (const bool restarts : {false, true}) {
      // Record numbers are counted since the start.
      const auto texts = [&](const std::vector<Finding>& findings) {
        std::vector<std::string> all;
        for (const Finding& finding : findings) {
          if (!restarts || finding.application != "record-numbers") all.push_back(text_of(finding));
        }
        return all;
      };
      const std::vector<Finding> got = pushed(body, at_once, restarts);
      EXPECT_EQ(texts(got), texts(recorded(GetParam()))) << at_once << (restarts ? " with a restart" : "");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Files, PushedFile, testing::ValuesIn(windows_files()),
                         [](const testing::TestParamInfo<fs::path>& file) {
                           std::string name = file.param.filename().string();
                           for (char& c : name) {
                             if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
                           }
                           return name;
                         });

}  // namespace
}  // namespace curfew::windows
