// Fills a LogLine, whatever named its parts: a variable of nginx, a directive of Apache, a field of W3C or
// JSON.
//
//   LineBuilder builder(line, settings);
//   builder.set(Slot::Status, "status", "302") && builder.finish(why)
//
// Several parts may tell the time (date, fraction, zone; or the same twice): the most precise one counts.
//
// Threads: one line on one thread. Owns: what was told of the time. Fails: set and finish are false for what
// isn't what its name says.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/forms/logs/log_line.hpp"

namespace curfew::forms {

enum class Slot : std::uint8_t {
  Field,  // known by its own name alone
  Method,
  Path,
  Query,  // with or without "?"
  Uri,    // path and query
  Request,
  User,
  Address,
  UserAgent,
  Host,
  Location,
  Cookies,
  OneCookie,
  SetCookies,
  Status,
  Bytes,
  Microseconds,
  Milliseconds,
  Seconds,
  TimeAny,  // RFC 3339, seconds since 1970 (or thousandths, millionths), or as Apache's %t
  TimeClf,  // 21/Nov/2026:20:11:03 +0000
  EpochSeconds,
  EpochMilliseconds,
  EpochMicroseconds,
  FractionMilliseconds,
  FractionMicroseconds,
  TimeFormat,  // as strftime writes it
  Date,
  TimeOfDay,
};

struct LineSettings {
  int zone_seconds = 0;                        // of times without a zone
  std::map<std::string, std::string> cookies;  // fields that are cookies: field to cookie
};

class LineBuilder {
 public:
  LineBuilder(LogLine& line, const LineSettings& settings) : line_(line), settings_(settings) {}

  // `name`: the format's own. An empty value or "-" sets nothing.
  bool set(Slot slot, std::string_view name, std::string_view value);
  // Consumes what strftime would write; how many bytes, or nothing when it doesn't fit.
  [[nodiscard]] std::optional<std::size_t> take_time(std::string_view format, std::string_view text);
  // False when no time was told.
  bool finish(std::string& why);
  [[nodiscard]] std::string_view keep(std::string text) { return line_.keep(std::move(text)); }

 private:
  bool set_time(Slot slot, std::string_view value);
  void set_uri(std::string_view uri);

  LogLine& line_;
  const LineSettings& settings_;
  std::optional<Time> precise_, whole_;
  files::Civil civil_;
  bool has_date_ = false, has_clock_ = false, is_afternoon_ = false, is_twelve_hours_ = false;
  std::optional<int> zone_;
  std::optional<std::int64_t> fraction_;  // microseconds
};

// Whether `format` holds only what take_time knows; else what it doesn't.
[[nodiscard]] bool is_known_time_format(std::string_view format, std::string& why);

}  // namespace curfew::forms
