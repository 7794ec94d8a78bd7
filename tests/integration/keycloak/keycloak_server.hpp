// A real Keycloak, one for the program, with the realms of realm.json: `corp`, and `quiet`, which saves no
// events. And its people and applications, as its endpoints show them.
//
//   const KeycloakServer* keycloak = KeycloakServer::shared();      // nullptr: why_not() says why
//   Tokens tokens = keycloak->sign_in("alice", "openid offline_access");
//   keycloak->refresh(tokens).status == 200;
//
// The distribution is $CURFEW_KEYCLOAK (a folder), or what Maven gets of it. Threads: one. Owns: the server's
// process and folder. Fails: std::runtime_error.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/server_process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::keycloak_test {

struct Reply {
  int status = 0;
  std::string body;
  std::string location;

  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
};

struct Tokens {
  int status = 0;
  std::string access;
  std::string refresh;
  std::string session;

  // When the access token is over, as whoever checks it alone sees it.
  [[nodiscard]] std::chrono::sys_seconds expiry() const;
};

// Somebody's browser: it keeps its cookies, and comes from the application `shop`.
class Browser {
 public:
  explicit Browser(int port) : port_(port) {}
  // By the page of Keycloak; the code with which it comes back, or nothing.
  std::string sign_in(const std::string& user);
  // Without a page: the code, or the error.
  [[nodiscard]] std::map<std::string, std::string> come_back(const std::string& client = "shop");

 private:
  Reply go(const std::string& method, const std::string& path, const std::string& form);
  int port_;
  std::map<std::string, std::string> cookies_;
};

class KeycloakServer {
 public:
  // Started by the first who asks.
  static const KeycloakServer* shared();
  static const std::string& why_not();

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  [[nodiscard]] Tokens sign_in(const std::string& user, const std::string& scope = "openid",
                               const std::string& password = {}) const;
  [[nodiscard]] Tokens refresh(const Tokens& tokens) const;
  [[nodiscard]] int user_info(const Tokens& tokens) const;
  [[nodiscard]] bool is_active(const Tokens& tokens) const;
  // The access token alone (RFC 7009).
  [[nodiscard]] int revoke(const Tokens& tokens) const;
  [[nodiscard]] Reply sign_out(const Tokens& tokens) const;
  // The admin API, below the realm, as somebody else than Curfew.
  [[nodiscard]] Reply admin(const std::string& method, const std::string& path,
                            const nlohmann::json& body = {}, const std::string& realm = "corp") const;
  [[nodiscard]] std::string user_id(const std::string& name) const;

 private:
  struct Shared {
    std::string why;
    support::TemporaryDirectory folder;
    std::unique_ptr<KeycloakServer> server;
  };
  explicit KeycloakServer(const std::filesystem::path& distribution);
  static Shared& shared_one();
  [[nodiscard]] Reply post(const std::string& endpoint, std::map<std::string, std::string> form) const;

  support::TemporaryDirectory folder_;
  int port_;
  std::unique_ptr<support::ServerProcess> process_;
};

}  // namespace curfew::keycloak_test
