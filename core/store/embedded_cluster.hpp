// A private PostgreSQL cluster: what Curfew uses when no database is configured.
//
//   store::EmbeddedCluster cluster({.data_directory = "/var/lib/curfew/postgres"});
//   store::migrate(cluster.owner());
//   store::Store store(cluster.application(), store::Role::Writer);
//
// It listens on a unix socket in a folder that only its user may enter, and nowhere else; passwords are
// generated. Started by root it runs as the system user `curfew-db`, which can't read the files of the user
// `curfew`, as which the daemon goes on; that one may pass to the socket and read its own password. A living
// postmaster of ours is adopted, a stale lock removed, a foreign one refused. When this process dies, a small
// keeper process stops the cluster, unless a successor adopts it first (docs/decisions/embedded-cluster.md).
//
// Threads: one. Owns: the postmaster, its lock and its keeper; the destructor stops them. Fails:
// Error(Unavailable) saying what to do; Error(Configuration) when the folder can't be used.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "core/store/keeper.hpp"
#include "core/store/process.hpp"
#include "core/store/store.hpp"

namespace curfew::store {

struct ClusterOptions {
  std::filesystem::path data_directory;  // created if missing; holds cluster/, run/, log/, secrets
  // fsync off, gone at the end: for `audit` and tests. What it holds does not survive a power cut.
  bool throwaway = false;
  // Used as root. The client is who may connect to a lasting cluster beside root.
  std::string server_user = "curfew-db";
  std::string client_user = "curfew";
  std::chrono::seconds grace{10};            // how long the keeper waits for a successor
  std::chrono::seconds start_patience{600};  // crash recovery may take long
};

enum class HowStarted { Created, Started, Adopted };

class EmbeddedCluster {
 public:
  explicit EmbeddedCluster(ClusterOptions options);
  ~EmbeddedCluster();
  EmbeddedCluster(const EmbeddedCluster&) = delete;
  EmbeddedCluster& operator=(const EmbeddedCluster&) = delete;

  // For migrations: a superuser, as event triggers need one.
  [[nodiscard]] ConnectionInfo owner(const std::string& database = "curfew") const;
  // For everything else: may become writer or auditor, nothing more.
  [[nodiscard]] ConnectionInfo application(const std::string& database = "curfew") const;
  [[nodiscard]] HowStarted how_started() const { return how_started_; }
  [[nodiscard]] bool durable() const { return !options_.throwaway; }
  [[nodiscard]] const std::filesystem::path& socket_directory() const { return socket_directory_; }
  [[nodiscard]] std::filesystem::path server_log() const;
  [[nodiscard]] pid_t postmaster() const { return postmaster_; }

  // Starts the server again if it has ended by itself, and says whether it had to; waits for no recovery.
  bool revive();
  // Ends sessions and stops the server; a second call does nothing.
  void stop();

 private:
  void create();
  void write_settings() const;
  void start_postmaster();
  void wait_until_ready();
  void provision();
  void start_keeper();
  void end_postmaster();
  [[nodiscard]] std::optional<Identity> folder_owner() const;
  [[nodiscard]] mode_t folder_mode() const { return client_ ? 0710 : 0700; }

  ClusterOptions options_;
  std::optional<Identity> identity_;  // of the server
  std::optional<Identity> client_;
  std::filesystem::path binaries_;
  std::filesystem::path socket_directory_;
  HowStarted how_started_ = HowStarted::Started;
  int lock_ = -1;
  pid_t postmaster_ = -1;
  int postmaster_descriptor_ = -1;
  bool is_our_child_ = false;
  Keeper keeper_;
};

}  // namespace curfew::store
