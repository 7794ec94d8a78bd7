// A PostgreSQL server for the tests of one binary, and a fresh database, with the schema, for each test.
//
//   auto database = support::Cluster::instance().fresh_database();
//   store::Store store(database.application, store::Role::Writer);
//
// The server starts at the first use and ends with the process. Threads: one. Owns: the server. Fails: Error.
#pragma once

#include <memory>
#include <string>

#include "core/store/embedded_cluster.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::support {

struct Database {
  std::string name;
  store::ConnectionInfo owner;        // a superuser
  store::ConnectionInfo application;  // may become writer and auditor
};

class Cluster {
 public:
  // Durable: with fsync on, for tests that kill and for benchmarks.
  explicit Cluster(bool durable = false);
  static Cluster& instance();
  // A copy of another database, to which nobody may be connected; by default of one with the empty schema.
  Database fresh_database(const std::string& model = "curfew");
  [[nodiscard]] store::EmbeddedCluster& server() { return *server_; }

 private:
  TemporaryDirectory folder_;
  std::unique_ptr<store::EmbeddedCluster> server_;
  int next_ = 1;
};

}  // namespace curfew::support
