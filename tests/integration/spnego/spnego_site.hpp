// A web site with integrated authentication: a real Apache with mod_auth_gssapi, whose keys are in the
// domain.
//
//   SpnegoSite site(domain, folder, SpnegoSite::Check::SessionAlone);
//   source.settings = site.connector_settings();
//
// /app wants a ticket once, and then takes its own cookie for as long as the ticket held; /app/signed-out
// takes the cookie away and asks for nothing. With Check::Directory each request also asks the directory
// whether the account is enabled. Threads: one. Owns: the server. Fails: std::runtime_error.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/samba_domain.hpp"
#include "tests/support/server_process.hpp"

namespace curfew::spnego_test {

class SpnegoSite {
 public:
  enum class Check : std::uint8_t { SessionAlone, Directory };
  inline static const std::string host = "web.corp.test";
  inline static const std::string marker = "Orders that only who is signed in sees";

  // What it needs and is not installed; empty: nothing.
  static std::filesystem::path missing();

  SpnegoSite(support::SambaDomain& domain, std::filesystem::path folder, Check check);

  [[nodiscard]] nlohmann::json connector_settings() const;
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string log() const { return (folder_ / "logs/access.log").string(); }
  // What the server said of itself.
  [[nodiscard]] std::string errors() const;

 private:
  void make_pages() const;
  void write_configuration(Check check) const;
  void start();

  support::SambaDomain& domain_;
  std::filesystem::path folder_;
  int port_ = support::free_port();
  std::unique_ptr<support::ServerProcess> process_;
};

// The keys of HTTP/web.corp.test in the domain, made at the first call.
[[nodiscard]] std::filesystem::path web_keytab(support::SambaDomain& domain);

}  // namespace curfew::spnego_test
