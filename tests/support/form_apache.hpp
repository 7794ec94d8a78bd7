// Apache with a sign-in form (mod_auth_form) and its sessions in PostgreSQL (mod_session_dbd), as packaged.
//
//   FormApache apache(folder);  apache.start();
//   Client alice(apache.port());  alice.post("/dologin", FormApache::credentials("alice"));
//   EXPECT_TRUE(alice.sees("/app/index.html", FormApache::marker));
//   source.settings = apache.connector_settings();
//
// alice and bob may sign in; what is below /app is for them. Threads: one. Owns: the server, a database of
// the shared cluster. Fails: std::runtime_error.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "core/store/server_connection.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/faulty_proxy.hpp"
#include "tests/support/server_process.hpp"

namespace curfew::support {

class FormApache {
 public:
  inline static const std::string marker = "Notes that only who is signed in sees";

  // What it needs and is not installed; empty: nothing.
  static std::filesystem::path missing();
  // The form's fields as somebody sends them.
  static std::string credentials(const std::string& name);

  explicit FormApache(std::filesystem::path folder);
  // Again: stopped before.
  void start(const std::map<std::string, std::string>& environment = {});
  // Below the document root: "app/page.html".
  void write_page(const std::string& path, const std::string& html) const;

  // Of the forms connector: the log and, by an account that can't read passwords, the store.
  [[nodiscard]] nlohmann::json connector_settings() const;
  [[nodiscard]] FaultyProxy& between_curfew_and_database() { return *for_curfew_; }
  // Of this session cookie.
  [[nodiscard]] std::int64_t rows(const std::string& cookie);
  [[nodiscard]] store::ServerConnection& database() { return *owner_; }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::filesystem::path log() const { return folder_ / "logs/access.log"; }

 private:
  void make_database();
  void make_pages() const;
  void make_users() const;
  void write_configuration() const;

  std::filesystem::path folder_;
  Database database_;
  std::unique_ptr<store::ServerConnection> owner_;
  std::unique_ptr<FaultyProxy> for_apache_, for_curfew_;
  int port_ = free_port();
  std::unique_ptr<ServerProcess> process_;
};

}  // namespace curfew::support
