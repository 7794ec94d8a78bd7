// LemonLDAP::NG as packaged, in a folder of the test: a portal with its session server, an OpenID provider
// with the client `shop`, and a handler that might be on another machine, with a cache of its own.
//
//   LemonldapServer server(folder);
//   if (!LemonldapServer::why_not().empty()) GTEST_SKIP() << …;
//   server.start();
//   Client dwho = server.signed_in("dwho");  server.sees(dwho);
//
// Threads: one. Owns: its processes. Fails: gtest failures, and as ServerProcess.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/client.hpp"
#include "tests/support/faulty_proxy.hpp"
#include "tests/support/server_process.hpp"

namespace curfew::forms_test {

class LemonldapServer {
 public:
  static constexpr const char* portal_host = "auth.llng.test";
  static constexpr const char* client_id = "shop";
  static constexpr const char* client_secret = "the-secret-of-the-shop";
  static constexpr const char* back = "http://127.0.0.1:9/back";

  explicit LemonldapServer(std::filesystem::path folder) : folder_(std::move(folder)) {}
  // Empty: it can run here.
  [[nodiscard]] static std::string why_not();
  void start();

  // By the portal's page.
  support::Client signed_in(const std::string& name);
  // What is behind the handler.
  static bool sees(support::Client& client);
  // Curfew's: log and session server.
  [[nodiscard]] nlohmann::json settings(const std::string& settles_after) const;
  // On the way to the session server.
  [[nodiscard]] support::FaultyProxy& proxy() { return *proxy_; }

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string issuer() const {
    return std::string("http://") + portal_host + ":" + std::to_string(port_);
  }
  [[nodiscard]] std::filesystem::path at(const std::string& name) const { return folder_ / name; }
  [[nodiscard]] std::filesystem::path log() const { return at("logs/access.log"); }

 private:
  void write_configuration() const;
  void write_nginx() const;
  [[nodiscard]] std::unique_ptr<support::ServerProcess> fastcgi(const std::string& name,
                                                                const std::string& workers) const;

  std::filesystem::path folder_;
  int port_ = support::free_port();
  int rest_port_ = support::free_port();
  std::unique_ptr<support::ServerProcess> portal_, handler_, nginx_;
  std::unique_ptr<support::FaultyProxy> proxy_;
};

}  // namespace curfew::forms_test
