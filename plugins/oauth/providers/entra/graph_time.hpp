// Times as Microsoft Graph writes them (ISO 8601, up to twelve digits of a second, Z or an offset), and as
// its filters want them.
//
//   graph_time("2020-03-13T19:15:41.6195833Z");
//   to_graph(time);                             // "2020-03-13T19:15:41.619583Z"
//
// Threads: pure functions. Owns: nothing. Fails: never; what can't be read is nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "curfew/plugin/connector.hpp"

namespace curfew::oauth::entra {

// From the year 2000 to 2999; cut to microseconds.
[[nodiscard]] std::optional<plugin::Time> graph_time(std::string_view text);
[[nodiscard]] std::string to_graph(plugin::Time time);

}  // namespace curfew::oauth::entra
