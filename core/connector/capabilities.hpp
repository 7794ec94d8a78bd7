// What a source can do by its own settings. A connector declares what it can do at all; where a part of that
// hangs on settings, its config_schema says on which, by the keyword `x-curfew-capabilities`:
//
//   "x-curfew-capabilities": {"prove": ["/store/prove", "/store/kind=lemonldap"]}
//
// is: it can prove where store.prove says something, or store.kind is lemonldap. Whatever isn't named there
// doesn't hang on settings.
//
//   PluginInfo info = connector::with_settings(connector::Host::describe(path), settings_json);
//
// No code of the plugin's runs for it. Threads: pure functions. Owns: nothing. Fails: never; settings that
// are no JSON object say nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/connector/host.hpp"

namespace curfew::connector {

[[nodiscard]] PluginInfo with_settings(PluginInfo info, std::string_view settings);

// What is wrong with the keyword, each with its remedy; empty: nothing. `declared`: the connector's own bits.
[[nodiscard]] std::vector<std::string> faults_of_conditions(std::string_view schema, std::uint64_t declared);

}  // namespace curfew::connector
