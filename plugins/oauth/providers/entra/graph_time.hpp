// Times as Microsoft Graph writes them (ISO 8601, up to twelve digits of a second, Z or an offset), and as
// its filters want them.
//
//   graph_time("2020-03-13T19:15:41.6195833Z");
//   to_graph(time);                             // "2020-03-13T19:15:41.619583Z"
//   azure_time("3/13/2020 7:15:41 PM");
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

// As Azure's diagnostic logs, their exports and their tools have it: as Graph; with a space for the T;
// without a zone (it is UTC then); "10/18/2019, 9:45:48.072 AM" and its like, month first; seconds or
// milliseconds since 1970.
[[nodiscard]] std::optional<plugin::Time> azure_time(std::string_view text);

}  // namespace curfew::oauth::entra
