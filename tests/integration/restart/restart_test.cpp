// A start finds what a fold over the whole ledger finds, from a snapshot and a tail that is never long.
// CURFEW_FULL: ten million entries and a million live sessions, ready in time.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <random>
#include <thread>

#include "core/store/server_connection.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/pushed_ledger.hpp"

namespace curfew {
namespace {

using support::PushedWorld;

// Of a batch that is filled, one that waits and one that is stored, with what was decided.
constexpr std::uint64_t under_way = 20'000;

class Restart : public testing::Test {
 protected:
  // Returns the signal that ended the process; 0: it stopped.
  int fill(std::uint64_t from, std::uint64_t to, const char* end) {
    const std::vector<std::string> arguments{CURFEW_RESTART_FILLER,
                                             database_.application.conninfo,
                                             folder_.path().string(),
                                             std::to_string(base::to_micros(world_.began)),
                                             std::to_string(world_.sessions),
                                             std::to_string(world_.snapshot_every),
                                             std::to_string(from),
                                             std::to_string(to),
                                             end};
    std::vector<const char*> pointers;
    for (const std::string& argument : arguments) pointers.push_back(argument.c_str());
    pointers.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      ::execv(pointers[0], const_cast<char* const*>(pointers.data()));
      ::_exit(127);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << WEXITSTATUS(status);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }

  struct Found {
    std::uint64_t entries = 0;
    std::uint64_t snapshot_at = 0;
    std::uint64_t replayed = 0;
    std::size_t live = 0;
    bool another_format = false;
    double seconds = 0;
  };

  Found expect_start_equals_full_fold() {
    Found found;
    const Time at = base::wall_clock_now() + std::chrono::hours(1);
    std::string recovered_digest;
    {
      const auto begun = std::chrono::steady_clock::now();
      model::Symbols symbols;
      connector::Admission admission({}, symbols);
      const app::Settings settings =
          support::options_for(world_, folder_.path().string(), database_.application).settings;
      for (const app::SourceSettings& source : settings.sources)
        admission.add_source(source.name, source.retry_window);
      store::Store writer(database_.application, store::Role::Writer);
      app::Recovered recovered = app::recover(writer, database_.application, settings, symbols, admission);
      found = {recovered.head.size,
               recovered.snapshot_at,
               recovered.replayed,
               recovered.engine.counts().active,
               recovered.snapshot_of_another_format,
               std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count()};
      recovered_digest = support::state_digest(recovered.engine, at);
    }
    EXPECT_EQ(found.snapshot_at + found.replayed, found.entries);
    EXPECT_LE(found.replayed, world_.snapshot_every + under_way) << "the tail is not bounded";
    store::Store reader(database_.application, store::Role::Reader);
    model::Symbols symbols;
    engine::Engine folded = support::full_fold(reader, symbols);
    EXPECT_EQ(folded.counts().active, found.live);
    EXPECT_EQ(support::state_digest(folded, at), recovered_digest);
    return found;
  }

  support::Database database_ = support::Cluster::instance().fresh_database();
  support::TemporaryDirectory folder_;
  PushedWorld world_{.sessions = 2'000, .observations = 0, .snapshot_every = 10'000};
};

TEST_F(Restart, AfterAStopIsTheFullFoldWithoutATail) {
  ASSERT_EQ(fill(0, 25'000, "stop"), 0);
  const Found found = expect_start_equals_full_fold();
  EXPECT_GE(found.entries, 25'000U);
  EXPECT_EQ(found.replayed, 0U);
  EXPECT_GT(found.live, world_.sessions / 2);
  store::Store reader(database_.application, store::Role::Reader);
  EXPECT_FALSE(reader.violations({.policy = "one-billing-session"}).empty())
      << "the world should give the engine something to decide";
}

TEST_F(Restart, AfterAKillIsTheFullFoldWithABoundedTail) {
  std::random_device device;
  const auto seed = device();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::uint64_t to = 0;
  std::uint64_t entries = 0;
  for (int kill = 0; kill < 4; ++kill) {
    SCOPED_TRACE("kill " + std::to_string(kill));
    // Whatever was not durable is sent again, and what was is recognised.
    const std::uint64_t from = to > 15'000 ? to - 15'000 : 0;
    to += 5'000 + random() % 20'000;
    ASSERT_EQ(fill(from, to, "kill"), SIGKILL);
    const Found found = expect_start_equals_full_fold();
    EXPECT_GT(found.entries, entries);
    entries = found.entries;
  }
  ASSERT_EQ(fill(to > 15'000 ? to - 15'000 : 0, to, "stop"), 0);
  EXPECT_EQ(expect_start_equals_full_fold().replayed, 0U);
}

// Nothing else of its source comes for a while, and nobody waits for it.
TEST_F(Restart, FindsWhatASourceRememberedAndSaidNothingBesides) {
  app::Log log(app::LogLevel::Error);
  app::Pipeline pipeline(support::options_for(world_, folder_.path().string(), database_.application), log);
  pipeline.start();
  const Time until = base::wall_clock_now() + std::chrono::hours(1);
  EXPECT_EQ(pipeline.intake().remembered("crm", "order/1", "known", until), connector::Taken::Yes);
  store::Store reader(database_.application, store::Role::Reader);
  std::vector<store::MemoryUpdate> found;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while ((found = reader.memory()).empty() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // between two looks
  EXPECT_EQ(found.size(), 1U);
  pipeline.stop(std::chrono::minutes(1));
}

// What a damaged newest snapshot costs is a longer tail, never another state.
TEST_F(Restart, WithADamagedNewestSnapshotGoesOnFromTheOneBefore) {
  ASSERT_EQ(fill(0, 35'000, "stop"), 0);
  store::ServerConnection owner(database_.owner);
  owner.execute(
      "UPDATE curfew.snapshot_part SET bytes = set_byte(bytes, 100, get_byte(bytes, 100) # 1) WHERE size = "
      "(SELECT max(size) FROM curfew.snapshot) AND part = 0");
  world_.snapshot_every *= 2;
  EXPECT_GT(expect_start_equals_full_fold().replayed, 0U);
}

// A version that writes another format reads the ledger, which says all that a snapshot says.
TEST_F(Restart, BesideSnapshotsOfAnotherFormatFoldsTheLedger) {
  ASSERT_EQ(fill(0, 25'000, "stop"), 0);
  {
    store::Store reader(database_.application, store::Role::Reader);
    const store::StreamHead stream = reader.streams().back();
    store::Store::Snapshot snapshot = reader.newest_snapshot(stream.stream).value();
    const std::size_t format = snapshot.bytes.find("curfew-engine-");
    ASSERT_LT(format, 16U);
    snapshot.bytes[format] = 'C';
    store::ServerConnection(database_.owner).execute("DELETE FROM curfew.snapshot");
    store::Store writer(database_.application, store::Role::Writer);
    writer.save_snapshot(stream, snapshot.size, snapshot.policy_digest,
                         [&](const auto& put) { put(snapshot.bytes); });
  }
  world_.snapshot_every = 1'000'000;
  const Found found = expect_start_equals_full_fold();
  EXPECT_TRUE(found.another_format);
  EXPECT_EQ(found.snapshot_at, 0U);
  EXPECT_EQ(found.replayed, found.entries);
}

// At its full size only optimised, without a sanitizer, and when asked for.
TEST_F(Restart, IsReadyInHalfAMinute) {
#if defined(NDEBUG)
  const bool full = std::getenv("CURFEW_FULL") != nullptr;
#else
  const bool full = false;
#endif
  world_ = {.sessions = full ? 1'000'000U : 20'000U, .observations = 0};
  const std::uint64_t entries = full ? 10'000'000 : 60'000;
  ASSERT_EQ(fill(0, entries, "kill"), SIGKILL);
  const Found found = expect_start_equals_full_fold();
  std::cout << found.entries << " entries, " << found.live << " live sessions, " << found.replayed
            << " entries after the snapshot: " << found.seconds << " s\n";
  if (full) {
    EXPECT_GE(found.live, world_.sessions * 9 / 10);
  }
  EXPECT_LT(found.seconds, 30.0);
}

}  // namespace
}  // namespace curfew
