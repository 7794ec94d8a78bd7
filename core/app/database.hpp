// The database of a configuration: a server by URL, or the embedded cluster in the data directory.
//
//   app::Database database = app::open_database(settings, log);
//   store::Store store(database.connection(), store::Role::Writer);
//
// Threads: one; the connection info may be used from any. Owns: the embedded cluster, which it stops at the
// end. Fails: Error(Configuration) when the schema is not this program's; Error(Unavailable) when the server
// is away.
#pragma once

#include <memory>
#include <string>

#include "core/app/log.hpp"
#include "core/app/settings.hpp"
#include "core/store/embedded_cluster.hpp"
#include "core/store/store.hpp"

namespace curfew::app {

class Database {
 public:
  explicit Database(store::ConnectionInfo server) : server_(std::move(server)) {}
  explicit Database(std::unique_ptr<store::EmbeddedCluster> cluster) : cluster_(std::move(cluster)) {}

  [[nodiscard]] store::ConnectionInfo connection() const;
  // With the rights to migrate.
  [[nodiscard]] store::ConnectionInfo owner() const;
  [[nodiscard]] bool is_embedded() const { return cluster_ != nullptr; }
  // Starts an embedded server again that has ended by itself; true when it had to.
  bool revive() { return cluster_ && cluster_->revive(); }
  // Null: a server by URL.
  [[nodiscard]] store::EmbeddedCluster* cluster() const { return cluster_.get(); }
  void stop() {
    if (cluster_) cluster_->stop();
  }

 private:
  store::ConnectionInfo server_;
  std::unique_ptr<store::EmbeddedCluster> cluster_;
};

// For the daemon: migrates the embedded cluster; a server must be migrated already.
[[nodiscard]] Database open_database(const Settings& settings, Log& log);
// A cluster without fsync in `folder`, migrated.
[[nodiscard]] Database throwaway_database(const std::string& folder);
// Where `curfew verify`, `replay` and `db` look: --database, or the configuration.
[[nodiscard]] Database ledger_database(const std::string& config, const std::string& url);

}  // namespace curfew::app
