// Times as providers' JSON has them (ISO 8601, up to twelve digits of a second, Z or an offset), and as the
// filters of their APIs want them. How logs write them is events/event_time.hpp's.
//
//   iso_time("2020-03-13T19:15:41.6195833Z");
//   to_iso_time(time);                             // "2020-03-13T19:15:41.619583Z"
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

}  // namespace curfew::oauth
