// nginx between clients and an application, asking a gate for each request: docs/proxies/nginx.conf as
// shipped; only where things are differs, and TLS if there is a certificate.
//
//   GateNginx nginx(folder, {.gate = gate_port, .application = apache.port()});
//   Client alice(nginx.port());
//
// Threads: one. Owns: the server. Fails: std::runtime_error.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "tests/support/authority.hpp"
#include "tests/support/server_process.hpp"

namespace curfew::support {

struct GateNginxPlaces {
  int gate = 0;
  int application = 0;
  std::optional<Certificate> certificate;
  int port = free_port();
};

class GateNginx {
 public:
  static constexpr const char* program = "/usr/sbin/nginx";

  // `folder`: for its configuration and logs, which may be shared with others.
  GateNginx(const std::filesystem::path& folder, const GateNginxPlaces& places);
  [[nodiscard]] int port() const { return port_; }

 private:
  int port_;
  std::unique_ptr<ServerProcess> process_;
};

}  // namespace curfew::support
