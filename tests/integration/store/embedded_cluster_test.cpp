#include "core/store/embedded_cluster.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <future>
#include <map>

#include "core/base/error.hpp"
#include "core/store/cluster_files.hpp"
#include "core/store/server_connection.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::store {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class Embedded : public testing::Test {
 protected:
  ClusterOptions options(bool throwaway = false) {
    ClusterOptions made;
    made.data_directory = folder_.path() / "postgres";
    made.throwaway = throwaway;
    made.grace = 0s;
    made.start_patience = 60s;
    return made;
  }
  static std::string answer(const EmbeddedCluster& cluster, const std::string& sql) {
    ServerConnection connection(cluster.application());
    return connection.query(sql, {}).text(0, 0);
  }
  // Runs in a child that holds a cluster and dies by SIGKILL once it says that the cluster is up.
  pid_t orphan(ClusterOptions made) {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe(ends.data()), 0);
    const pid_t child = fork();
    if (child == 0) {
      const EmbeddedCluster cluster(std::move(made));
      const pid_t postmaster = cluster.postmaster();
      if (write(ends[1], &postmaster, sizeof postmaster) < 0) _exit(1);
      for (;;) pause();
    }
    pid_t postmaster = 0;
    EXPECT_EQ(read(ends[0], &postmaster, sizeof postmaster), static_cast<ssize_t>(sizeof postmaster));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    close(ends[0]);
    close(ends[1]);
    return postmaster;
  }
  support::TemporaryDirectory folder_;
};

TEST_F(Embedded, IsMadeDurableAndPrivate) {
  EmbeddedCluster cluster(options());
  EXPECT_EQ(cluster.how_started(), HowStarted::Created);
  for (const char* setting : {"fsync", "full_page_writes", "synchronous_commit", "data_checksums"}) {
    EXPECT_EQ(answer(cluster, std::string("SHOW ") + setting), "on") << setting;
  }
  EXPECT_EQ(answer(cluster, "SHOW jit"), "off");
  EXPECT_EQ(answer(cluster, "SHOW listen_addresses"), "");
  struct stat found {};
  // Under root there are three: root, the server's user, and the daemon's, which may pass to the socket.
  const auto server = system_identity("curfew-db");
  const auto client = system_identity("curfew");
  ASSERT_EQ(stat(cluster.socket_directory().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, client ? 0710U : 0700U);
  EXPECT_EQ(found.st_gid, client ? client->group : getegid());
  const std::map<std::string, uid_t> owners{{"admin.pgpass", geteuid()},
                                            {"application.pgpass", client ? client->user : geteuid()},
                                            {"owner.lock", server ? server->user : geteuid()}};
  for (const auto& [file, owner] : owners) {
    ASSERT_EQ(stat((folder_.path() / "postgres" / file).c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600U) << file;
    EXPECT_EQ(found.st_uid, owner) << file;
  }
  // The server's own user, if it is another, can't read what is ours: there the ledger key lies too.
  if (geteuid() == 0) {
    ASSERT_EQ(stat(("/proc/" + std::to_string(cluster.postmaster())).c_str(), &found), 0);
    EXPECT_NE(found.st_uid, 0U);
  }
  const std::string no_password = "host='" + cluster.socket_directory().string() +
                                  "' dbname=postgres user=curfew_admin passfile=/dev/null password=wrong";
  EXPECT_THROW(ServerConnection(ConnectionInfo{no_password}), Error);
}

TEST_F(Embedded, StopsCleanlyAndStartsAgainWithWhatItHeld) {
  pid_t first = 0;
  {
    EmbeddedCluster cluster(options());
    first = cluster.postmaster();
    ServerConnection admin(cluster.owner());
    admin.execute("CREATE TABLE kept AS SELECT 42 AS answer");
  }
  EXPECT_NE(kill(first, 0), 0);
  EXPECT_FALSE(fs::exists(folder_.path() / "postgres/cluster/postmaster.pid"));
  const EmbeddedCluster again(options());
  EXPECT_EQ(again.how_started(), HowStarted::Started);
  ServerConnection admin(again.owner());
  EXPECT_EQ(admin.query("SELECT answer FROM kept", {}).number(0, 0), 42);
}

TEST_F(Embedded, ASecondOwnerIsRefused) {
  const EmbeddedCluster cluster(options());
  try {
    const EmbeddedCluster second(options());
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("another curfew (process " + std::to_string(getpid())),
              std::string::npos)
        << error.what();
  }
  EXPECT_EQ(answer(cluster, "SELECT 'alive'"), "alive");
}

// As a keeper does that stops the cluster while the next daemon starts: first the lock, then the word.
TEST_F(Embedded, AHolderThatHasNotSaidWhatItIsAboutIsWaitedFor) {
  { const EmbeddedCluster first(options()); }
  const fs::path file = folder_.path() / "postgres" / "owner.lock";
  fs::resize_file(file, 0);
  const int lock = open(file.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(flock(lock, LOCK_EX | LOCK_NB), 0);
  auto second = std::async(std::launch::async, [&] { return EmbeddedCluster(options()).how_started(); });
  EXPECT_EQ(second.wait_for(std::chrono::milliseconds(300)), std::future_status::timeout);
  close(lock);
  EXPECT_EQ(second.get(), HowStarted::Started);
}

TEST_F(Embedded, ALivingServerOfOursIsAdopted) {
  ClusterOptions patient = options();
  patient.grace = 60s;
  const pid_t postmaster = orphan(patient);
  EmbeddedCluster cluster(options());
  EXPECT_EQ(cluster.how_started(), HowStarted::Adopted);
  EXPECT_EQ(cluster.postmaster(), postmaster);
  EXPECT_EQ(answer(cluster, "SELECT 'alive'"), "alive");
  cluster.stop();
  EXPECT_FALSE(works_in(postmaster, folder_.path() / "postgres/cluster"));
}

TEST_F(Embedded, TheKeeperStopsAServerWhoseOwnerDied) {
  const pid_t postmaster = orphan(options());
  const int descriptor = open_process(postmaster);
  if (descriptor >= 0) {
    EXPECT_TRUE(wait_for_end(descriptor, 60s));
    close(descriptor);
  }
  // The next owner waits for the keeper, if it is still at it.
  const EmbeddedCluster cluster(options());
  EXPECT_EQ(cluster.how_started(), HowStarted::Started);
}

TEST_F(Embedded, AThrowAwayClusterLeavesNothing) {
  fs::path where;
  {
    const EmbeddedCluster cluster(options(true));
    EXPECT_FALSE(cluster.durable());
    EXPECT_EQ(answer(cluster, "SHOW fsync"), "off");
    where = folder_.path() / "postgres";
    EXPECT_TRUE(fs::exists(where));
  }
  EXPECT_FALSE(fs::exists(where));
}

TEST_F(Embedded, AThrowAwayClusterIsRemovedAlsoWhenItsOwnerWasKilled) {
  orphan(options(true));
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (fs::exists(folder_.path() / "postgres") && std::chrono::steady_clock::now() < deadline) {
    EXPECT_EQ(poll(nullptr, 0, 10), 0);
  }
  EXPECT_FALSE(fs::exists(folder_.path() / "postgres"));
}

TEST_F(Embedded, AServerThatWasKilledRecovers) {
  EmbeddedCluster first(options());
  {
    ServerConnection admin(first.owner());
    admin.execute("CREATE TABLE kept AS SELECT 42 AS answer");
  }
  kill(first.postmaster(), SIGKILL);
  first.stop();
  EXPECT_TRUE(fs::exists(folder_.path() / "postgres/cluster/postmaster.pid"));
  const EmbeddedCluster again(options());
  ServerConnection admin(again.owner());
  EXPECT_EQ(admin.query("SELECT answer FROM kept", {}).number(0, 0), 42);
}

TEST_F(Embedded, AStaleLockWhoseNumberNowBelongsToAnotherProcessIsRemoved) {
  { const EmbeddedCluster cluster(options()); }
  // This test's own process: alive, and no server.
  std::ofstream(folder_.path() / "postgres/cluster/postmaster.pid")
      << getpid() << "\n"
      << (folder_.path() / "postgres/cluster").string() << "\n1700000000\n5432\n"
      << (folder_.path() / "postgres/run").string() << "\n\n  1234 5678\nready   \n";
  const EmbeddedCluster again(options());
  EXPECT_EQ(again.how_started(), HowStarted::Started);
  EXPECT_EQ(answer(again, "SELECT 'alive'"), "alive");
}

TEST_F(Embedded, AForeignServerOnOurFilesIsRefused) {
  { const EmbeddedCluster cluster(options()); }
  const fs::path data = folder_.path() / "postgres/cluster";
  const fs::path elsewhere = folder_.path() / "postgres/run/other";
  const auto identity = system_identity("curfew-db");
  make_private_directory(elsewhere, identity);
  const pid_t foreign =
      start({.arguments = {(find_binaries(std::nullopt) / "postgres").string(), "-D", data.string(), "-c",
                           "unix_socket_directories=" + elsewhere.string()},
             .identity = identity,
             .output_file = {},
             .own_session = true});
  const int descriptor = open_process(foreign);
  for (int i = 0; i < 3000; ++i) {
    const auto lock = read_postmaster_lock(data);
    if (lock && lock->status == "ready") break;
    ASSERT_FALSE(wait_for_end(descriptor, 10ms));
  }
  try {
    const EmbeddedCluster cluster(options());
    ADD_FAILURE() << "took over a foreign server";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("did not start it"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("pg_ctl"), std::string::npos);
  }
  EXPECT_FALSE(wait_for_end(descriptor, 0ms)) << "a refused server must not be stopped";
  kill(foreign, SIGINT);
  waitpid(foreign, nullptr, 0);
  close(descriptor);
}

TEST_F(Embedded, ADataDirectoryOfAnotherMajorVersionIsRefusedWithTheCommandThatMovesIt) {
  { const EmbeddedCluster cluster(options()); }
  std::ofstream(folder_.path() / "postgres/cluster/PG_VERSION") << "13\n";
  try {
    const EmbeddedCluster cluster(options());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Configuration);
    EXPECT_NE(std::string(error.what()).find("pg_upgrade --old-bindir=/usr/lib/postgresql/13/bin"),
              std::string::npos)
        << error.what();
  }
}

TEST_F(Embedded, AHalfMadeClusterIsMadeAgain) {
  fs::create_directories(folder_.path() / "postgres");
  const auto identity = system_identity("curfew-db");
  fs::permissions(folder_.path() / "postgres", fs::perms::owner_all);
  if (identity) {
    ASSERT_EQ(chown((folder_.path() / "postgres").c_str(), identity->user, identity->group), 0);
  }
  fs::create_directories(folder_.path() / "postgres/cluster.new/base");
  const EmbeddedCluster cluster(options(true));
  EXPECT_EQ(cluster.how_started(), HowStarted::Created);
}

TEST_F(Embedded, ALongPathGetsAShortSocketFolder) {
  ClusterOptions deep = options(true);
  deep.data_directory = folder_.path() / std::string(60, 'a') / std::string(60, 'b') / "postgres";
  fs::create_directories(deep.data_directory.parent_path());
  const EmbeddedCluster cluster(deep);
  EXPECT_LT(cluster.socket_directory().string().size(), 60U);
  EXPECT_EQ(answer(cluster, "SELECT 'alive'"), "alive");
}

TEST_F(Embedded, AsRootAFolderThatTheServerCannotEnterIsRefusedWithTheRemedy) {
  if (geteuid() != 0) GTEST_SKIP() << "only root runs the server as another user";
  fs::create_directories(folder_.path() / "closed");
  fs::permissions(folder_.path() / "closed", fs::perms::owner_all);
  ClusterOptions closed = options(true);
  closed.data_directory = folder_.path() / "closed/postgres";
  try {
    const EmbeddedCluster cluster(closed);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("chmod o+x"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace curfew::store
