// Times as logs of identity providers write them.
//
//   event_time("2022-01-24T04:59:49.2279838Z");     event_time("1/24/2022, 4:59:49.227 AM");
//   event_time("1643000389");                       // seconds, thousandths or millionths since 1970
//
// Read are RFC 3339 with T or a blank and up to twelve digits of a second; the same without a zone; month,
// day and year with slashes, with AM and PM or 24 hours, with and without a zone; seconds since 1970. What
// bears no zone is UTC: those logs say so in their documentation, and never write local time.
//
// Threads: pure functions. Owns: nothing. Fails: never; what is no time, or not of the years 2000 to 2999, is
// nothing.
#pragma once

#include <optional>
#include <string_view>

#include "curfew/plugin/connector.hpp"

namespace curfew::oauth::events {

[[nodiscard]] std::optional<plugin::Time> event_time(std::string_view text);

}  // namespace curfew::oauth::events
