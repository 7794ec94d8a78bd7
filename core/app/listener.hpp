// A configured listener. Its address is taken early, while the daemon may still be root; it answers late,
// when there is something to answer with.
//
//   app::Listener listener;
//   listener.take("operator", settings.listeners.operator_listener, settings, &registry, log);
//   if (listener.server) listener.server->start(dispatcher);
//
// Threads: one. Owns: certificate, key, server. Fails: Error(Configuration) with the place of the key at
// fault.
#pragma once

#include <memory>
#include <string>

#include "core/api/server.hpp"
#include "core/api/tls.hpp"
#include "core/app/log.hpp"
#include "core/app/settings.hpp"

namespace curfew::app {

struct Listener {
  std::string key;  // in the configuration
  std::unique_ptr<api::Tls> tls;
  std::unique_ptr<api::Server> server;  // none: off

  void take(const std::string& name, const ListenerSettings& settings, const Settings& all,
            metrics::Registry* metrics, Log& log);
  // The certificate's files, read again; what is wrong with them is logged, and the old ones stay in use.
  void reload(const Settings& settings, Log& log) const;
};

// "127.0.0.1:8470", "[::1]:8470".
[[nodiscard]] std::string address_of(const ListenerSettings& listener);
// Certificate and key can be read and belong together; for `config check`.
void check_tls(const Settings& settings);

}  // namespace curfew::app
