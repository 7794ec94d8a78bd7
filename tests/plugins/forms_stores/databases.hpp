// The two databases that keep sessions, as the tests see them: a table of sessions in each, behind a proxy
// that can spoil its answers. Threads: one. Owns: the database of the test, the proxy. Fails: std::exception.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "plugins/forms/stores/store.hpp"
#include "tests/support/faulty_proxy.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::forms_test {

class Database {
 public:
  Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  virtual ~Database() = default;

  virtual void run(const std::string& sql) = 0;
  // The first value of the first row.
  virtual std::string ask(const std::string& sql) = 0;
  // How a store gets there, through the proxy; without queries.
  virtual nlohmann::json settings() = 0;
  // A statement that takes so long.
  virtual std::string sleeping(int seconds) = 0;
  virtual void be_read_only(bool on) = 0;

  support::FaultyProxy& proxy() { return *proxy_; }
  // Table app_session (id, person, started, seen) with alice's a1 and a2, and bob's b1.
  void fill();
  [[nodiscard]] nlohmann::json table_settings();

 protected:
  std::unique_ptr<support::FaultyProxy> proxy_;
};

enum class Kind { Postgresql, Mariadb };
// Null: not installed.
std::unique_ptr<Database> fresh(Kind kind);

// Wall clock.
plugin::Time in(plugin::Duration time);

}  // namespace curfew::forms_test
