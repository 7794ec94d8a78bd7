// Started by root, the daemon goes on as `curfew` and its database as `curfew-db`, for good.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <sstream>

#include "tests/integration/app/program.hpp"

namespace curfew::app_test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class SystemUser : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: only root is left for a system user";
    daemon_.script(R"({"at":"-10m","type":"sign_in","session":"s1","identifiers":{"upn":"a@corp.test"}})"
                   "\n");
  }
  ScriptedDaemon daemon_;
};

using Status = std::map<std::string, std::string>;

Status status_of(const std::string& process) {
  std::ifstream in("/proc/" + process + "/status");
  Status status;
  for (std::string line; std::getline(in, line);) {
    const std::size_t colon = line.find(':');
    std::istringstream words(line.substr(colon + 1));
    std::string joined;
    for (std::string word; words >> word;) joined += (joined.empty() ? "" : " ") + word;
    status[line.substr(0, colon)] = joined;
  }
  return status;
}

// Every thread of a process and of its children: the database, its keeper.
std::vector<Status> family_of(pid_t process) {
  std::vector<Status> all;
  const auto add_threads = [&](const std::string& one) {
    for (const auto& thread : fs::directory_iterator("/proc/" + one + "/task"))
      all.push_back(status_of(one + "/task/" + thread.path().filename().string()));
  };
  add_threads(std::to_string(process));
  for (const auto& thread : fs::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
    std::ifstream children(thread.path() / "children");
    for (std::string child; children >> child;) add_threads(child);
  }
  return all;
}

// The thread sanitizer's own thread begins before main.
#ifdef CURFEW_SANITIZED
constexpr std::size_t of_sanitizer = 1;
#else
constexpr std::size_t of_sanitizer = 0;
#endif

uid_t owner_of(const fs::path& path) {
  struct stat found {};
  EXPECT_EQ(::stat(path.c_str(), &found), 0) << path;
  return found.st_uid;
}

TEST_F(SystemUser, NoThreadOfTheDaemonOrItsDatabaseKeepsAPrivilege) {
  daemon_.configure("policies: []\n");
  daemon_.start();
  std::set<std::string> users;
  std::size_t without_promise = 0;
  for (const Status& one : family_of(daemon_.process())) {
    users.insert(one.at("Uid"));
    EXPECT_THAT(one.at("Uid"), testing::Not(HasSubstr("0 0"))) << one.at("Name");
    EXPECT_NE(one.at("Uid").substr(0, 2), "0 ") << one.at("Name");
    EXPECT_NE(one.at("Gid").substr(0, 2), "0 ") << one.at("Name");
    EXPECT_EQ(one.at("Groups"), "") << one.at("Name");
    for (const char* set : {"CapPrm", "CapEff", "CapAmb"})
      EXPECT_EQ(one.at(set), "0000000000000000") << one.at("Name") << " " << set;
    without_promise += one.at("NoNewPrivs") != "1";
  }
  EXPECT_LE(without_promise, of_sanitizer) << "a thread may gain privileges by a program that it starts";
  EXPECT_EQ(users.size(), 2U) << "daemon and database are two users";
  EXPECT_EQ(daemon_.stop().code, 0) << daemon_.log();
}

TEST_F(SystemUser, TheDatabasesUserCannotReadTheLedgerKey) {
  daemon_.configure("policies: []\n");
  daemon_.start();
  const uid_t server = owner_of(daemon_.folder() / "data/postgres/cluster/PG_VERSION");
  for (const char* file : {"ledger.key", "idempotency.key", "keys/crm.key"}) {
    const fs::path path = daemon_.folder() / "data" / file;
    EXPECT_NE(owner_of(path), server) << file;
    EXPECT_EQ(fs::status(path).permissions() & (fs::perms::group_all | fs::perms::others_all),
              fs::perms::none);
  }
  EXPECT_EQ(daemon_.stop().code, 0);
}

TEST_F(SystemUser, ARestartAndACrashFindTheirDatabaseAgain) {
  daemon_.configure("policies: []\n");
  daemon_.start();
  ASSERT_TRUE(daemon_.until([&] { return daemon_.get("/api/v1/sessions")["sessions"].size() == 1; }));
  EXPECT_EQ(daemon_.stop().code, 0);
  daemon_.start();
  daemon_.stop(SIGKILL);
  daemon_.start();
  EXPECT_EQ(daemon_.get("/api/v1/sessions")["sessions"].size(), 1U);
  EXPECT_EQ(daemon_.stop().code, 0);
  EXPECT_EQ(run_curfew({"verify", "--config", daemon_.config()}).code, 0);
}

TEST_F(SystemUser, AFolderWithFilesOfRootsIsNotGivenAway) {
  fs::create_directory(daemon_.folder() / "data");
  std::ofstream(daemon_.folder() / "data/precious") << "root's";
  daemon_.configure("policies: []\n");
  ASSERT_TRUE(daemon_.try_start({}));
  const Ended ended = daemon_.stop();
  EXPECT_EQ(ended.code, 78);
  EXPECT_THAT(ended.err, HasSubstr("run `chown curfew: "));
  EXPECT_EQ(owner_of(daemon_.folder() / "data/precious"), 0U);
  EXPECT_EQ(owner_of(daemon_.folder() / "data"), 0U);
}

TEST_F(SystemUser, AConfigurationOfRootsAloneServesUntilAReloadWhichSaysWhy) {
  daemon_.configure("policies: []\n");
  fs::permissions(daemon_.config(), fs::perms::owner_read | fs::perms::owner_write);
  daemon_.start();
  EXPECT_THAT(daemon_.log(), HasSubstr("can't be read again at SIGHUP"));
  ::kill(daemon_.process(), SIGHUP);
  EXPECT_TRUE(
      daemon_.until([&] { return daemon_.log().find("the old one stays in force") != std::string::npos; }));
  EXPECT_EQ(daemon_.get("/api/v1/sources")["sources"].size(), 1U);
  EXPECT_EQ(daemon_.stop().code, 0);
}

TEST_F(SystemUser, AnAuditReadsWhatItsCallerMayRead) {
  const support::TemporaryDirectory folder;
  fs::permissions(folder.path(), fs::perms::owner_all);
  const fs::path script = folder.path() / "day.ndjson";
  std::ofstream(script)
      << R"({"at":"2026-03-02T07:00:00Z","type":"sign_in","session":"s1","identifiers":{"upn":"a@corp.test"}})"
      << "\n";
  fs::permissions(script, fs::perms::owner_read);
  const Ended ended = run_curfew({"audit", "--connector", "replay", "--json", script.string()});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("\"sources\""));
}

}  // namespace
}  // namespace curfew::app_test
