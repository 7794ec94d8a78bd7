// A PostgreSQL server of the test's own that listens on an address of loopback, with or without TLS.
//
//   PostgresqlServer server(client_authority.ca());
//   server.serve(&certificate);            // or nullptr: without TLS
//   … {"host": server.address(), "user": "looker" or "certified", "password": "looker's password"} …
//
// `certified` is let in with a client certificate only. Threads: one. Owns: the server. Fails:
// std::exception.
#pragma once

#include <filesystem>
#include <string>

#include "tests/support/authority.hpp"
#include "tests/support/cluster.hpp"

namespace curfew::forms_test {

class PostgresqlServer {
 public:
  explicit PostgresqlServer(const std::string& client_ca);
  void serve(const support::Certificate* certificate);
  [[nodiscard]] std::string address() const { return address_; }

 private:
  [[nodiscard]] std::string ask(const std::string& sql);
  // Into the server's folder, for it alone.
  void put(const std::string& name, const std::string& content);
  void configure(const std::string& tls);

  support::Cluster cluster_;
  std::filesystem::path data_;
  std::string address_;
  int next_ = 1;
};

}  // namespace curfew::forms_test
