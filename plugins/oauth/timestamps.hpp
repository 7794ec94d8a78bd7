// Times as providers' JSON has them (ISO 8601, up to twelve digits of a second, Z or an offset), and as the
// filters of their APIs want them.
//
//   iso_time("2020-03-13T19:15:41.6195833Z");
//   to_iso_time(time);                             // "2020-03-13T19:15:41.619583Z"
//   azure_time("3/13/2020 7:15:41 PM");
//
// Threads: pure functions. Owns: nothing. Fails: never; what can't be read is nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "curfew/plugin/connector.hpp"

namespace curfew::oauth {

// From the year 2000 to 2999; cut to microseconds.
[[nodiscard]] std::optional<plugin::Time> iso_time(std::string_view text);
[[nodiscard]] std::string to_iso_time(plugin::Time time);

// As Azure's diagnostic logs, their exports and their tools have it: as ISO 8601; with a space for the T;
// without a zone (it is UTC then); "10/18/2019, 9:45:48.072 AM" and its like, month first; seconds or
// milliseconds since 1970.
[[nodiscard]] std::optional<plugin::Time> azure_time(std::string_view text);

}  // namespace curfew::oauth
