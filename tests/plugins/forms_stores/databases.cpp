#include "tests/plugins/forms_stores/databases.hpp"

#include "core/store/server_connection.hpp"
#include "tests/plugins/forms_stores/mariadb_server.hpp"
#include "tests/support/cluster.hpp"

namespace curfew::forms_test {
namespace {

constexpr const char* password = "looker's password";

class Postgresql final : public Database {
 public:
  Postgresql()
      : database_(support::Cluster::instance().fresh_database("template1")), owner_(database_.owner) {
    run("DO $$ BEGIN CREATE ROLE looker LOGIN PASSWORD 'looker''s password'; EXCEPTION WHEN duplicate_object "
        "THEN NULL; END $$");
    proxy_ = std::make_unique<support::FaultyProxy>(support::FaultyProxy::Between{
        .server_path = support::Cluster::instance().server().socket_directory() / ".s.PGSQL.5432",
        .server_port = 0,
        .listen_path = folder_.path() / ".s.PGSQL.5432"});
  }
  void run(const std::string& sql) override { owner_.execute(sql); }
  std::string ask(const std::string& sql) override { return std::string(owner_.query(sql, {}).text(0, 0)); }
  nlohmann::json settings() override {
    return {{"kind", "postgresql"},       {"host", folder_.path().string()},
            {"database", database_.name}, {"user", "looker"},
            {"password", password},       {"statement_timeout", "1s"},
            {"connect_timeout", "1s"}};
  }
  std::string sleeping(int seconds) override { return "SELECT pg_sleep(" + std::to_string(seconds) + ")"; }
  void be_read_only(bool on) override {
    run("ALTER DATABASE " + database_.name + " SET default_transaction_read_only = " + (on ? "on" : "off"));
  }

 private:
  support::TemporaryDirectory folder_;
  support::Database database_;
  store::ServerConnection owner_;
};

class Mariadb final : public Database {
 public:
  Mariadb() : server_(MariadbServer::instance()), name_("test_" + std::to_string(next_++)) {
    server_.run("CREATE DATABASE " + name_ + " CHARACTER SET utf8mb4");
    server_.run("CREATE USER IF NOT EXISTS looker IDENTIFIED BY 'looker''s password'");
    proxy_ = std::make_unique<support::FaultyProxy>(support::FaultyProxy::Between{
        .server_path = server_.socket(), .server_port = 0, .listen_path = folder_.path() / "s"});
  }
  ~Mariadb() override { server_.run("SET GLOBAL read_only = 0; DROP DATABASE " + name_); }
  void run(const std::string& sql) override { server_.run("USE " + name_ + "; " + sql); }
  std::string ask(const std::string& sql) override {
    const std::string out = server_.run("USE " + name_ + "; " + sql);
    return out.substr(0, out.find_first_of("\t\n"));
  }
  nlohmann::json settings() override {
    return {{"kind", "mariadb"},      {"host", (folder_.path() / "s").string()},
            {"database", name_},      {"user", "looker"},
            {"password", password},   {"statement_timeout", "1s"},
            {"connect_timeout", "1s"}};
  }
  std::string sleeping(int seconds) override { return "SELECT SLEEP(" + std::to_string(seconds) + ")"; }
  void be_read_only(bool on) override {
    server_.run(std::string("SET GLOBAL read_only = ") + (on ? "1" : "0"));
  }

 private:
  static inline int next_ = 1;
  support::TemporaryDirectory folder_;
  MariadbServer& server_;
  std::string name_;
};

}  // namespace

void Database::fill() {
  run("CREATE TABLE app_session (id varchar(200) PRIMARY KEY, person varchar(100) NOT NULL, "
      "started decimal(20,6) NOT NULL, seen decimal(20,6))");
  run("INSERT INTO app_session VALUES ('a1', 'alice', 1795290000.5, 1795290100), ('a2', 'alice', 1795290001, "
      "NULL), ('b1', 'bob', 1795290002, 1795290200)");
  run("GRANT SELECT, DELETE ON app_session TO looker");
}

nlohmann::json Database::table_settings() {
  nlohmann::json all = settings();
  all["list"] =
      "SELECT id AS session_id, person AS subject, started AS started_at, seen AS last_activity_at FROM "
      "app_session";
  all["delete"] = "DELETE FROM app_session WHERE id = {session}";
  all["delete_subject"] = "DELETE FROM app_session WHERE person = {subject}";
  all["prove"] = "SELECT 1 FROM app_session WHERE id = {session}";
  return all;
}

std::unique_ptr<Database> fresh(Kind kind) {
  if (kind == Kind::Postgresql) return std::make_unique<Postgresql>();
  if (!MariadbServer::is_installed()) return nullptr;
  return std::make_unique<Mariadb>();
}

plugin::Time in(plugin::Duration time) {
  return std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now()) + time;
}

}  // namespace curfew::forms_test
