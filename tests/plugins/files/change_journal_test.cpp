// What has to be undone is known after a crash, and never guessed.
#include "plugins/files/change_journal.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temporary_directory.hpp"

namespace curfew::files {
namespace {

using plugin::Failure;
using plugin::Time;

TEST(ChangeJournal, KeepsWhatIsToBeUndoneAcrossACrash) {
  const support::TemporaryDirectory folder;
  const std::string file = (folder.path() / "journal").string();
  const JournalEntry entry{.from = 512,
                           .to = 514,
                           .version = 7,
                           .left = 8,
                           .at = Time(std::chrono::hours(1)),
                           .server = "ldaps://dc1.corp.test",
                           .holders = {{"aa", Time(std::chrono::hours(2))}, {"bb", Time{}}}};
  {
    ChangeJournal journal(file, "corp-ad");
    journal.put("g1/disabled", entry);
    journal.put("g2/disabled", entry);
    journal.drop("g2/disabled");
  }
  ChangeJournal journal(file, "corp-ad");
  const auto found = journal.find("g1/disabled");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->to, 514U);
  EXPECT_EQ(found->version, 7U);
  EXPECT_EQ(found->left, 8U);
  EXPECT_EQ(found->at, entry.at);
  EXPECT_EQ(found->server, entry.server);
  EXPECT_EQ(found->holders, entry.holders);
  EXPECT_FALSE(journal.find("g2/disabled"));
  EXPECT_EQ(std::filesystem::status(file).permissions(), std::filesystem::perms(0600));
}

TEST(ChangeJournal, IsOneSourcesAndNeverGuessedAt) {
  const support::TemporaryDirectory folder;
  const std::string file = (folder.path() / "journal").string();
  { const ChangeJournal journal(file, "corp-ad"); }
  EXPECT_THROW(ChangeJournal(file, "other"), Failure);
  std::ofstream(file) << "{\"source\": \"corp-ad\", \"entr";
  EXPECT_THROW(ChangeJournal(file, "corp-ad"), Failure);
  std::ofstream(file) << R"({"source": "corp-ad", "entries": {"g": {"from": 1}}})";
  EXPECT_THROW(ChangeJournal(file, "corp-ad"), Failure);
  EXPECT_THROW(ChangeJournal("/nowhere/journal", "corp-ad"), Failure);
}

}  // namespace
}  // namespace curfew::files
