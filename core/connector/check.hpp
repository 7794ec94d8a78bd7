// The conformance kit: `curfew plugin check FILE.so`, for our plugins and for strangers'.
//
//   connector::Check check = connector::check_plugin("/opt/acme/acme.so", R"({"server":"…"})");
//   check.faults.empty()      // it may be listed in a configuration
//
// The file, its description, and a life from create to destroy with polls between, in a child process. What
// the plugin emits is held against the same checks as in the daemon.
//
// Threads: any. Owns: nothing. Fails: Error(Configuration, Unavailable) when nothing could be tried at all;
// what is wrong with the plugin is a fault, not an error.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/connector/host.hpp"

namespace curfew::connector {

struct Check {
  std::vector<std::string> faults;   // each says what to do
  std::vector<std::string> notes;    // what could not be tried, and why
  std::optional<PluginInfo> plugin;  // only without faults: then it is safe to be described
};

// `settings`: a source's settings as JSON, to try more than a description.
[[nodiscard]] Check check_plugin(const std::string& path, std::string_view settings = "{}",
                                 Duration call_limit = std::chrono::seconds(10));

}  // namespace curfew::connector
