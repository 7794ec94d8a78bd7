#include "core/app/listener.hpp"

#include "core/app/gates.hpp"
#include "core/app/yaml_reader.hpp"

namespace curfew::app {
namespace {

api::Tls::Blame blame(const std::string& listener, const Settings& settings) {
  return [listener, &settings](const std::string& key, const std::string& text) {
    return error_at(settings.marks, listener + "." + key, text);
  };
}

std::unique_ptr<api::Tls> tls_of(const std::string& key, const ListenerSettings& listener,
                                 const Settings& settings) {
  if (listener.tls_certificate.empty()) return nullptr;
  return std::make_unique<api::Tls>(api::TlsFiles{.certificate = listener.tls_certificate,
                                                  .key = listener.tls_key,
                                                  .client_ca = listener.tls_client_ca},
                                    blame(key, settings));
}

}  // namespace

void Listener::take(const std::string& name, const ListenerSettings& settings, const Settings& all,
                    metrics::Registry* metrics, Log& log) {
  if (settings.port == 0) return;
  key = "listeners." + name;
  tls = tls_of(key, settings, all);
  api::ServerSettings wanted;
  wanted.name = name;
  wanted.address = address_of(settings);
  wanted.per_address = static_cast<int>(settings.connections_per_address);
  wanted.tls = tls.get();
  wanted.metrics = metrics;
  server = std::make_unique<api::Server>(std::move(wanted));
  server->bind();
  log.info("address taken",
           {{"listener", name},
            {"address", address_of(settings)},
            {"certificate", tls ? "until " + base::format_rfc3339(tls->valid_until()) : "none"}});
}

void Listener::reload(const Settings& settings, Log& log) const {
  if (!tls) return;
  try {
    tls->reload(blame(key, settings));
  } catch (const Error& error) {
    log.error("the old certificate stays in use", {{"listener", key}, {"reason", error.what()}});
  }
}

std::string address_of(const ListenerSettings& listener) {
  const bool bare_ipv6 = listener.address.find(':') != std::string::npos && listener.address.front() != '[';
  return (bare_ipv6 ? "[" + listener.address + "]" : listener.address) + ":" + std::to_string(listener.port);
}

void check_tls(const Settings& settings) {
  (void)tls_of("listeners.operator", settings.listeners.operator_listener, settings);
  (void)tls_of("listeners.sources", settings.listeners.sources, settings);
  check_gate_tls(settings);
}

}  // namespace curfew::app
