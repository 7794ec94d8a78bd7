// Growing logs: nothing lost, nothing told twice, whatever happens to the files.
#include "plugins/windows/live.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "tests/plugins/windows/event_maker.hpp"

namespace curfew::windows {
namespace {

namespace fs = std::filesystem;
using plugin::Type;

std::string line(double seconds, std::uint32_t id, std::uint64_t logon, std::uint64_t record,
                 const char* type = "2") {
  return R"({"EventID":)" + std::to_string(id) + R"(,"Channel":"Security","Hostname":"WS1","RecordNumber":)" +
         std::to_string(record) + R"(,"TimeCreated":")" + format_time(at(seconds)) +
         R"(","TargetUserName":"alice","TargetDomainName":"CORP","TargetUserSid":"S-1-5-21-1","LogonType":")" +
         type + R"(","TargetLogonId":")" + hex(logon) + "\"}\n";
}

class LiveLog : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              ("live_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    log_ = (folder_ / "security.json").string();
    start();
  }
  void TearDown() override { fs::remove_all(folder_); }

  // As the host does: what was committed is what the next start gets.
  void start(std::vector<std::string> inputs = {}) {
    if (inputs.empty()) inputs = {log_};
    live_ = std::make_unique<Live>(inputs, LiveSettings{}, [this](const std::string& name) {
      const auto found = cursors_.find(name);
      return found == cursors_.end() ? std::nullopt : std::optional<std::string>(found->second);
    });
    live_->open();
    for (const auto& [key, value] : memory_) live_->restore(key, value);
  }
  void append(const std::string& text, const std::string& file = {}) {
    std::ofstream(file.empty() ? log_ : file, std::ios::app | std::ios::binary) << text;
  }
  void step(double seconds, bool commit = true) {
    while (live_->step(at(seconds))) {
    }
    for (Finding& finding : live_->take_findings()) {
      EXPECT_TRUE(keys_.insert(finding.key).second || told_may_repeat_) << finding.key;
      findings_.push_back(std::move(finding));
    }
    const auto changes = live_->take_changes();
    const auto cursors = live_->take_cursors();
    if (!commit) return;
    for (const auto& [key, value] : changes)
      value.empty() ? void(memory_.erase(key)) : void(memory_[key] = value);
    for (const Live::Cursor& cursor : cursors) {
      cursor.forget ? void(cursors_.erase(cursor.name)) : void(cursors_[cursor.name] = cursor.value);
      read_ += cursor.read;
    }
  }
  std::size_t count(Type type) const {
    return static_cast<std::size_t>(std::count_if(findings_.begin(), findings_.end(),
                                                  [&](const Finding& one) { return one.type == type; }));
  }

  fs::path folder_;
  std::string log_;
  std::unique_ptr<Live> live_;
  std::map<std::string, std::string> cursors_, memory_;
  std::vector<Finding> findings_;
  std::set<std::string> keys_;
  bool told_may_repeat_ = false;
  std::uint64_t read_ = 0;
};

TEST_F(LiveLog, ALineIsReadWhenItIsWhole) {
  const std::string whole = line(0, 4624, 1, 1);
  append(whole.substr(0, 50));
  step(100);
  EXPECT_TRUE(findings_.empty());
  append(whole.substr(50));
  step(200);
  EXPECT_EQ(count(Type::SignIn), 1U);
  EXPECT_EQ(read_, 1U);
}

TEST_F(LiveLog, GoesOnWhereItWasAfterARestart) {
  append(line(0, 4624, 1, 1));
  step(100);
  start();
  append(line(150, 4634, 1, 2));
  step(300);
  EXPECT_EQ(count(Type::SignIn), 1U);
  ASSERT_EQ(count(Type::SignOut), 1U);
  EXPECT_EQ(findings_[0].session, findings_[1].session) << "the session was remembered";
}

TEST_F(LiveLog, ARecordThatWaitsToBeJudgedIsReadAgainAfterARestart) {
  append(line(0, 4624, 1, 1));
  step(1);  // younger than the wait
  EXPECT_TRUE(findings_.empty());
  start();
  step(100);
  EXPECT_EQ(count(Type::SignIn), 1U);
}

TEST_F(LiveLog, WhatWasToldButNotCommittedIsToldAgainUnderTheSameKey) {
  append(line(0, 4624, 1, 1));
  step(100, false);
  told_may_repeat_ = true;
  start();
  step(100);
  ASSERT_EQ(findings_.size(), 2U);
  EXPECT_EQ(findings_[0].key, findings_[1].key);
  EXPECT_EQ(findings_[0].session, findings_[1].session);
}

TEST_F(LiveLog, ARotatedFileIsReadToItsEndAndTheNewOneFromItsBeginning) {
  append(line(0, 4624, 1, 1));
  step(100);
  append(line(110, 4624, 2, 2));
  fs::rename(log_, log_ + ".1");
  append(line(111, 4624, 3, 3), log_ + ".1");  // by a writer who has it open still
  append(line(112, 4624, 4, 4));
  step(300);
  EXPECT_EQ(count(Type::SignIn), 4U);
  EXPECT_EQ(cursors_.size(), 2U) << "one for each file";
  step(400);
  EXPECT_EQ(cursors_.size(), 1U) << "the rotated file is done with";
}

TEST_F(LiveLog, ARotationWhileNobodyLookedLosesNothing) {
  append(line(0, 4624, 1, 1));
  step(100);
  append(line(110, 4624, 2, 2));
  fs::rename(log_, log_ + ".1");
  append(line(112, 4624, 3, 3));
  start();
  step(300);
  EXPECT_EQ(count(Type::SignIn), 3U);
}

TEST_F(LiveLog, ATruncatedFileBeginsAnew) {
  append(line(0, 4624, 1, 1) + line(1, 4634, 1, 2));
  step(100);
  fs::resize_file(log_, 0);
  step(110);
  append(line(120, 4624, 2, 3));
  step(300);
  EXPECT_EQ(count(Type::SignIn), 2U);
}

TEST_F(LiveLog, AnotherFileWithTheSameInodeIsNotResumed) {
  append(line(0, 4624, 1, 1));
  step(100);
  ASSERT_FALSE(cursors_.empty());
  // What a new file under a reused inode looks like: other first bytes.
  std::ofstream(log_, std::ios::trunc | std::ios::binary) << line(200, 4624, 7, 7) << line(201, 4624, 8, 8);
  start();
  step(400);
  EXPECT_EQ(count(Type::SignIn), 3U);
}

TEST_F(LiveLog, FilesThatAppearInAFolderAreFollowed) {
  start({folder_.string()});
  append(line(0, 4624, 1, 1));
  step(100);
  append(line(110, 4624, 2, 2), (folder_ / "other.json").string());
  step(300);
  EXPECT_EQ(count(Type::SignIn), 2U);
}

TEST_F(LiveLog, AMissingFileIsSaidOnceAndReadWhenItComes) {
  step(10);
  EXPECT_EQ(live_->take_complaints().size(), 1U);
  step(20);
  EXPECT_TRUE(live_->take_complaints().empty());
  append(line(0, 4624, 1, 1));
  step(100);
  EXPECT_EQ(count(Type::SignIn), 1U);
}

TEST_F(LiveLog, ADocumentIsReadOnceItGrowsNoMore) {
  append("[\n" + line(0, 4624, 1, 1) + ",");
  step(10);
  append(line(1, 4624, 2, 2) + "]\n");
  step(20);
  step(100);
  step(200);
  EXPECT_EQ(count(Type::SignIn), 2U);
  start();
  step(300);
  EXPECT_EQ(count(Type::SignIn), 2U);
}

TEST_F(LiveLog, MissingRecordNumbersAreAGapOnceTheyHadTimeToCome) {
  std::string text;
  for (std::uint64_t i = 1; i <= 40; ++i) {
    if (i < 20 || i > 24) text += line(static_cast<double>(i), 4624, i, i);
  }
  append(text);
  step(41);
  EXPECT_EQ(count(Type::Gap), 0U);
  step(500);
  ASSERT_EQ(count(Type::Gap), 1U);
  step(900);
  EXPECT_EQ(count(Type::Gap), 1U);
}

// Wherever the daemon is stopped within the day, what it knew of sign-ons goes on.
TEST_F(LiveLog, SignOnsOfAdfsOutliveARestartAnywhere) {
  std::ifstream in(std::string(CURFEW_SOURCE_DIR) + "/tests/fixtures/windows/adfs/winlogbeat.ndjson");
  std::vector<std::string> lines;
  for (std::string text; std::getline(in, text);) lines.push_back(text + "\n");
  ASSERT_EQ(lines.size(), 29U);
  for (std::size_t stop = 1; stop < lines.size(); ++stop) {
    fs::remove(log_);
    cursors_.clear();
    memory_.clear();
    findings_.clear();
    keys_.clear();
    start();
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (i == stop) {
        step(0);
        start();
      }
      append(lines[i]);
    }
    step(0);
    EXPECT_EQ(count(Type::SignIn), 5U) << stop;
    EXPECT_EQ(count(Type::SignOut), 1U) << stop;
    // Between a token and its details, these tell it once more: what a request told is not remembered.
    EXPECT_GE(count(Type::Activity), 4U) << stop;
    EXPECT_LE(count(Type::Activity), 5U) << stop;
  }
}

}  // namespace
}  // namespace curfew::windows
