// Text and times as logs write them.
//
//   parse_time("2021-04-29T07:55:53.423761600Z")  // microseconds, UTC; the rest is cut
//
// Threads: pure functions. Owns: nothing. Fails: parse_time is empty for what is no time, or has no zone.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "curfew/plugin/text.hpp"

namespace curfew::files {

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

// A moment of the Gregorian calendar in UTC; nothing when there is no such (a 61st second there is).
struct Civil {
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0;
};
[[nodiscard]] std::optional<Time> to_time(const Civil& civil);
// "Jan" is 1; 0 for what is none.
[[nodiscard]] int month_of(std::string_view english);
// "+0130", "-01:30", "Z": seconds east of Greenwich.
[[nodiscard]] std::optional<int> parse_zone(std::string_view text);
// "500ms", "5s", "2m", "1h".
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);

}  // namespace curfew::files
