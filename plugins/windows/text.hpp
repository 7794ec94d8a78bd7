// Text and times as Windows records write them.
//
//   parse_time("2021-04-29T07:55:53.423761600Z")  // microseconds, UTC; the rest is cut
//
// Threads: pure functions. Fails: parse_time is empty for what is no time, or has no zone.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "curfew/plugin/text.hpp"

namespace curfew::windows {

using Duration = std::chrono::microseconds;
using Time = std::chrono::sys_time<Duration>;

[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] char lower(char c);
[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

using plugin::append_json_string;
using plugin::is_clean_utf8;
using plugin::to_clean_utf8;
void append_code_point(std::string& out, std::uint32_t code);

// RFC 3339, with 'T' or a blank; zone 'Z', +hh:mm, +hhmm or -hh:mm. `zoneless`: none, taken as UTC.
[[nodiscard]] std::optional<Time> parse_time(std::string_view text, bool zoneless = false);
[[nodiscard]] std::string format_time(Time time);

}  // namespace curfew::windows
