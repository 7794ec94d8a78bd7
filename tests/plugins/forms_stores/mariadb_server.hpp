// A MariaDB server of the test's own: its folder, a unix socket, no network.
//
//   MariadbServer& server = MariadbServer::instance();
//   server.run("CREATE DATABASE one");
//   … {"host": server.socket(), "user": "looker", "password": …} …
//
// Threads: one. Owns: the process and the folder. Fails: std::runtime_error; `is_installed` says whether it
// can.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/temporary_directory.hpp"

namespace curfew::forms_test {

class MariadbServer {
 public:
  static bool is_installed();
  static MariadbServer& instance();
  // More words for its command line.
  explicit MariadbServer(const std::vector<std::string>& more = {"--skip-networking"});
  ~MariadbServer();
  MariadbServer(const MariadbServer&) = delete;
  MariadbServer& operator=(const MariadbServer&) = delete;

  // As root, in no database; what it printed.
  std::string run(const std::string& sql) const;
  [[nodiscard]] std::string socket() const { return (folder_.path() / "s").string(); }

 private:
  support::TemporaryDirectory folder_;
  pid_t process_ = -1;
};

}  // namespace curfew::forms_test
