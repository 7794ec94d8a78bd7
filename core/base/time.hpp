// Points in time and durations: microseconds, UTC, signed 64 bits. No local time anywhere in the core.
//
//   Time t = base::parse_rfc3339("2026-11-21T20:58:00.5Z").value();
//   base::format_rfc3339(t)  == "2026-11-21T20:58:00.500000Z"
//
// Threads: values and pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace curfew {

using Duration = std::chrono::microseconds;
using Time = std::chrono::sys_time<Duration>;

namespace base {

// Observations outside these bounds (years 1990 to 2200) are refused: an absurd time would move every
// deadline.
inline constexpr Time earliest_time{Duration{631'152'000'000'000}};
inline constexpr Time latest_time{Duration{7'258'118'400'000'000}};

[[nodiscard]] constexpr std::int64_t to_micros(Time time) noexcept { return time.time_since_epoch().count(); }
[[nodiscard]] constexpr Time from_micros(std::int64_t micros) noexcept { return Time{Duration{micros}}; }

// Always six fractional digits and 'Z', so that texts sort as times do.
[[nodiscard]] std::string format_rfc3339(Time time);

// Accepts 0 to 9 fractional digits (cut, not rounded, to microseconds), 'T' or a blank, and 'Z', +hh:mm,
// +hhmm or -hh:mm. Without a zone: nullopt, because a guessed zone would be a false time.
[[nodiscard]] std::optional<Time> parse_rfc3339(std::string_view text);

// "90s", "15m", "12h", "30d", "250ms"; several may follow each other ("1h30m"). Nothing else.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);
// The shortest text that parse_duration reads back: 5400 s is "1h30m".
[[nodiscard]] std::string format_duration(Duration duration);

// Civil date from days since 1970-01-01 and back (proleptic Gregorian), as GCC 12's <chrono> has no calendar
// I/O.
struct CivilDate {
  std::int64_t year;
  unsigned month;
  unsigned day;
};
[[nodiscard]] CivilDate civil_from_days(std::int64_t days) noexcept;
[[nodiscard]] std::int64_t days_from_civil(CivilDate date) noexcept;

// The wall clock. Only core/app and core/store call it: everything else is told the time.
[[nodiscard]] Time wall_clock_now();

}  // namespace base
}  // namespace curfew
