// SIGKILL at named points of an append, and of the database server, against a client's own list of what was
// acknowledged. CURFEW_KILLS=200 for the long run; 10 otherwise. Seeds are printed.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <thread>

#include "core/store/server_connection.hpp"
#include "core/store/verify_store.hpp"
#include "tests/support/cluster.hpp"

namespace curfew::store {
namespace {

using namespace std::chrono_literals;

int kills_wanted() {
  const char* text = std::getenv("CURFEW_KILLS");
  return text == nullptr ? 10 : std::max(1, std::atoi(text));
}

pid_t launch(const ConnectionInfo& info, const std::string& acknowledged, std::uint64_t seed,
             const std::string& point) {
  const std::string seed_text = std::to_string(seed);
  const std::string setting = "CURFEW_KILL_POINT=" + point;
  const pid_t child = fork();
  if (child == 0) {
    const char* arguments[] = {CURFEW_KILL_APPENDER, info.conninfo.c_str(), acknowledged.c_str(),
                               seed_text.c_str(), nullptr};
    const char* environment[] = {"PATH=/usr/bin:/bin", setting.c_str(), nullptr};
    execve(arguments[0], const_cast<char**>(arguments),
           const_cast<char**>(point.empty() ? environment + 2 : environment));
    _exit(127);
  }
  return child;
}

class Kill : public testing::Test {
 protected:
  // What was acknowledged is stored, once, in order; nothing is half there; the ledger verifies.
  void expect_nothing_lost(const support::Database& database, const std::string& acknowledged,
                           const std::string& when) {
    ServerConnection admin(database.owner);
    std::uint64_t last = 0;
    std::uint64_t lines = 0;
    std::ifstream file(acknowledged);
    for (std::string line; std::getline(file, line); ++lines) {
      const std::uint64_t sequence = std::stoull(line);
      EXPECT_TRUE(lines == 0 || sequence > last) << when << ": acknowledged twice: " << sequence;
      last = sequence;
    }
    // In one snapshot: the server may still be busy with the last commit of who was killed.
    admin.execute("BEGIN ISOLATION LEVEL REPEATABLE READ");
    const Answer head = admin.query("SELECT coalesce(max(size), 0) FROM curfew.checkpoint", {});
    const std::int64_t size = head.number(0, 0);
    EXPECT_TRUE(lines == 0 || static_cast<std::int64_t>(last) < size)
        << when << ": an acknowledged key is lost";
    const Answer counts = admin.query(
        "SELECT (SELECT count(*) FROM curfew.entry), (SELECT coalesce(max(sequence) + 1, 0) FROM "
        "curfew.entry), (SELECT "
        "coalesce(sum(length(keys)) / 24, 0)::bigint FROM curfew.idempotency), (SELECT count(*) FROM "
        "curfew.reference), (SELECT "
        "coalesce(sum(read), 0)::bigint FROM curfew.cursor), (SELECT count(DISTINCT facts) FROM "
        "curfew.entry)",
        {});
    admin.execute("COMMIT");
    EXPECT_EQ(counts.number(0, 0), size) << when;
    EXPECT_EQ(counts.number(0, 1), size) << when;
    EXPECT_EQ(counts.number(0, 2), size) << when << ": idempotency keys";
    EXPECT_EQ(counts.number(0, 3), (size + 2) / 4) << when << ": references";
    EXPECT_EQ(counts.number(0, 4), size) << when << ": cursor totals";
    EXPECT_EQ(counts.number(0, 5), size) << when << ": a key is stored twice";
    const StoreVerdict verdict = verify_store(database.application, {});
    EXPECT_TRUE(verdict.intact()) << when << "\n" << to_json(verdict);
  }
  support::Cluster cluster_{true};
  support::TemporaryDirectory folder_;
};

TEST_F(Kill, WhatWasAcknowledgedSurvivesADeathAtEachPointOfAnAppend) {
  const support::Database database = cluster_.fresh_database();
  {
    Store reader(database.application, Role::Reader);
    EXPECT_TRUE(reader.durability_problems().empty()) << reader.durability_problems()[0];
  }
  const std::string acknowledged = (folder_.path() / "acknowledged").string();
  const std::vector<std::string> points{"store.before_copy",  "store.after_entries",  "store.before_commit",
                                        "store.after_commit", "client.before_answer", ""};
  const auto seed = static_cast<std::uint64_t>(std::random_device{}());
  std::mt19937_64 random(seed);
  std::map<std::string, int> hits;
  const int wanted = kills_wanted();
  for (int i = 0; i < wanted; ++i) {
    std::string point = points[static_cast<std::size_t>(i) % points.size()];
    const std::uint64_t pass = 1 + random() % 12;
    const pid_t child = launch(database.application, acknowledged, random(),
                               point.empty() ? "" : point + ":" + std::to_string(pass));
    if (point.empty()) {
      // At no named point: whenever the clock says.
      point = "anywhere";
      std::this_thread::sleep_for(std::chrono::milliseconds(20 + random() % 400));
      kill(child, SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        << point << ": it ended by itself, status " << status;
    ++hits[point];
    expect_nothing_lost(database, acknowledged,
                        point + ", pass " + std::to_string(pass) + ", seed " + std::to_string(seed));
    if (HasFailure()) break;
  }
  std::cout << "seed " << seed << "; killed";
  for (const auto& [point, count] : hits) std::cout << "  " << point << ": " << count;
  std::cout << "\n";
}

TEST_F(Kill, WhatWasAcknowledgedSurvivesTheDeathOfTheServersProcesses) {
  const support::Database database = cluster_.fresh_database();
  const std::string acknowledged = (folder_.path() / "acknowledged").string();
  const auto seed = static_cast<std::uint64_t>(std::random_device{}());
  std::mt19937_64 random(seed);
  const int wanted = std::max(1, kills_wanted() / 3);
  const pid_t child = launch(database.application, acknowledged, seed, "");
  const auto acknowledged_size = [&] {
    std::error_code missing;
    const auto size = std::filesystem::file_size(acknowledged, missing);
    return missing ? 0 : size;
  };
  for (int i = 0; i < wanted; ++i) {
    // Something must have gone on since the last one.
    const auto before = acknowledged_size();
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (acknowledged_size() == before && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(1ms);
    ASSERT_GT(acknowledged_size(), before) << "the appender came to a halt; seed " << seed;
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 50));
    // A backend dies by SIGTERM, in the middle of whatever it does: the writer must find out what became of
    // its commit.
    ServerConnection admin(database.owner);
    admin.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> "
        "pg_backend_pid()",
        {Parameter::text(database.name)});
  }
  kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the appender gave up, status " << status << ", seed " << seed;
  expect_nothing_lost(database, acknowledged, "server killed, seed " + std::to_string(seed));
  std::cout << "seed " << seed << "; connections killed " << wanted << " times\n";
}

}  // namespace
}  // namespace curfew::store
