#include "tests/support/cluster.hpp"

#include "core/store/migrations.hpp"
#include "core/store/server_connection.hpp"

namespace curfew::support {

Cluster::Cluster(bool durable)
    : server_(std::make_unique<store::EmbeddedCluster>(
          store::ClusterOptions{.data_directory = folder_.path() / "postgres",
                                .throwaway = !durable,
                                .grace = std::chrono::seconds(0),
                                .start_patience = std::chrono::seconds(60)})) {
  store::migrate(server_->owner());
}

Cluster& Cluster::instance() {
  static Cluster cluster;
  return cluster;
}

Database Cluster::fresh_database(const std::string& model) {
  Database database;
  database.name = "test_" + std::to_string(next_++);
  store::ServerConnection connection(server_->owner("postgres"));
  connection.execute("CREATE DATABASE " + database.name + " TEMPLATE " + model);
  // A template's own privileges are not copied.
  connection.execute("REVOKE TEMPORARY ON DATABASE " + database.name + " FROM PUBLIC");
  connection.execute("GRANT TEMPORARY ON DATABASE " + database.name + " TO curfew_writer");
  database.owner = server_->owner(database.name);
  database.application = server_->application(database.name);
  return database;
}

}  // namespace curfew::support
