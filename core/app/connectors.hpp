// The connectors of a configuration: each source's plugin, described.
//
//   app::Capabilities capabilities = app::describe_connectors(settings);
//
// Threads: one. Owns: nothing. Fails: Error(Configuration) with the source's place, and the names of the
// connectors that are there.
#pragma once

#include <string>
#include <vector>

#include "core/app/configuration.hpp"

namespace curfew::app {

// Runs their one exported function. What a connector can do only by some settings, a source can that has
// them.
[[nodiscard]] Capabilities describe_connectors(const Settings& settings);
// Only that each is there: before root is left, no code of a plugin's runs.
void find_connectors(const Settings& settings);
// Paths of the plugins in a folder, sorted.
[[nodiscard]] std::vector<std::string> plugins_in(const std::string& folder);

}  // namespace curfew::app
