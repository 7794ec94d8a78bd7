#include "plugins/files/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace curfew::files {
namespace {

// Two to four digits at `at`; negative when they aren't digits.
int digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0'; }

// Days since 1970-01-01 of a Gregorian date: years are counted from March, so that leap days come last.
std::int64_t days_from(int year, int month, int day) {
  const std::int64_t y = month <= 2 ? year - 1 : year;
  const std::int64_t shifted = month <= 2 ? month + 9 : month - 3;
  return 365 * y + y / 4 - y / 100 + y / 400 + (153 * shifted + 2) / 5 + day - 1 - 719468;
}

}  // namespace

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

void append_code_point(std::string& out, std::uint32_t code) {
  if (code >= 0x110000 || (code >= 0xD800 && code < 0xE000)) code = 0xFFFD;
  if (code < 0x80) {
    out += static_cast<char>(code);
    return;
  }
  const auto tail = [&](unsigned shift) { return static_cast<char>(0x80U | ((code >> shift) & 0x3FU)); };
  if (code < 0x800) {
    out += static_cast<char>(0xC0U | (code >> 6U));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0U | (code >> 12U));
    out += tail(6);
  } else {
    out += static_cast<char>(0xF0U | (code >> 18U));
    out += tail(12);
    out += tail(6);
  }
  out += tail(0);
}

std::optional<Time> to_time(const Civil& civil) {
  constexpr std::array<int, 12> lengths{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (civil.year < 1601 || civil.year > 9999 || civil.month < 1 || civil.month > 12 || civil.day < 1 ||
      civil.day > lengths[static_cast<std::size_t>(civil.month - 1)] || civil.hour < 0 || civil.hour > 23 ||
      civil.minute < 0 || civil.minute > 59 || civil.second < 0 || civil.second > 60)
    return std::nullopt;
  const bool is_leap = civil.year % 4 == 0 && (civil.year % 100 != 0 || civil.year % 400 == 0);
  if (civil.month == 2 && civil.day == 29 && !is_leap) return std::nullopt;
  const std::int64_t seconds = days_from(civil.year, civil.month, civil.day) * 86'400 + civil.hour * 3600 +
                               civil.minute * 60 + civil.second;
  return Time{std::chrono::seconds(seconds)};
}

int month_of(std::string_view english) {
  constexpr std::array<std::string_view, 12> names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (equal_ignoring_case(names[i], english)) return static_cast<int>(i) + 1;
  }
  return 0;
}

std::optional<int> parse_zone(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const bool colon = text.size() == 6 && text[3] == ':';
  if (!colon && text.size() != 5) return std::nullopt;
  const int hours = digits(text, 1, 2), minutes = digits(text, colon ? 4 : 3, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  return (hours * 3600 + minutes * 60) * (text[0] == '+' ? 1 : -1);
}

std::optional<Duration> parse_duration(std::string_view text) {
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || number < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  Duration unit{};
  if (text == "ms") unit = std::chrono::milliseconds(1);
  if (text == "s") unit = std::chrono::seconds(1);
  if (text == "m") unit = std::chrono::minutes(1);
  if (text == "h") unit = std::chrono::hours(1);
  if (unit == Duration{} || number > Duration::max() / unit) return std::nullopt;
  return unit * number;
}

std::optional<Time> parse_time(std::string_view text, bool zoneless) {
  const auto time = to_time({digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2), digits(text, 11, 2),
                             digits(text, 14, 2), digits(text, 17, 2)});
  if (!time) return std::nullopt;
  if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != ' ') || text[13] != ':' ||
      text[16] != ':')
    return std::nullopt;
  text.remove_prefix(19);
  std::int64_t micros = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    std::int64_t unit = 100'000;
    std::size_t count = 0;
    for (; count < text.size() && text[count] >= '0' && text[count] <= '9'; ++count) {
      micros += (text[count] - '0') * unit;
      unit /= 10;
    }
    if (count == 0 || count > 9) return std::nullopt;
    text.remove_prefix(count);
  }
  if (text.empty() && zoneless) return *time + Duration{micros};
  const auto zone = parse_zone(text);
  if (!zone) return std::nullopt;
  return *time - std::chrono::seconds(*zone) + Duration{micros};
}

std::string format_time(Time time) {
  const std::int64_t micros = time.time_since_epoch().count();
  std::int64_t seconds = micros / 1'000'000, fraction = micros % 1'000'000;
  if (fraction < 0) {
    fraction += 1'000'000;
    --seconds;
  }
  std::int64_t days = seconds / 86'400, rest = seconds % 86'400;
  if (rest < 0) {
    rest += 86'400;
    --days;
  }
  // The inverse of days_from.
  const std::int64_t z = days + 719468;
  const std::int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  const std::int64_t of_era = z - era * 146097;
  const std::int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const std::int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted = (5 * of_year + 2) / 153;
  const std::int64_t day = of_year - (153 * shifted + 2) / 5 + 1;
  const std::int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  char text[64];
  const int size =
      std::snprintf(text, sizeof text, "%04lld-%02lld-%02lldT%02lld:%02lld:%02lld.%06lldZ",
                    static_cast<long long>(year), static_cast<long long>(month), static_cast<long long>(day),
                    static_cast<long long>(rest / 3600), static_cast<long long>(rest / 60 % 60),
                    static_cast<long long>(rest % 60), static_cast<long long>(fraction));
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace curfew::files
