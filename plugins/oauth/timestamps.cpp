#include "plugins/oauth/timestamps.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

namespace curfew::oauth {
namespace {

constexpr std::size_t seconds_end = 19;  // of "2020-03-13T19:15:41"
constexpr std::size_t most_digits = 12;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// All of it digits; else -1.
int number(std::string_view text) {
  int value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return -1;
    value = value * 10 + (c - '0');
  }
  return text.empty() ? -1 : value;
}

bool within(int value, int least, int most) { return value >= least && value <= most; }

// What follows the seconds: Z, or +02:00.
std::optional<std::chrono::minutes> offset_of(std::string_view text) {
  if (text == "Z") return std::chrono::minutes(0);
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const int hours = number(text.substr(1, 2)), minutes = number(text.substr(4, 2));
  if (!within(hours, 0, 14) || !within(minutes, 0, 59)) return std::nullopt;
  return std::chrono::minutes((hours * 60 + minutes) * (text[0] == '-' ? -1 : 1));
}

bool is_a_day(int year, int month, int day) {
  constexpr std::array<int, 12> days{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (!within(year, 2000, 2999) || !within(month, 1, 12)) return false;
  const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return within(day, 1, month == 2 && !is_leap ? 28 : days[static_cast<std::size_t>(month) - 1]);
}

}  // namespace

std::optional<plugin::Time> iso_time(std::string_view text) {
  if (text.size() <= seconds_end || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text[16] != ':')
    return std::nullopt;
  const int year = number(text.substr(0, 4)), month = number(text.substr(5, 2)),
            day = number(text.substr(8, 2)), hour = number(text.substr(11, 2)),
            minute = number(text.substr(14, 2)), second = number(text.substr(17, 2));
  if (!is_a_day(year, month, day) || !within(hour, 0, 23) || !within(minute, 0, 59) || !within(second, 0, 60))
    return std::nullopt;
  std::string_view rest = text.substr(seconds_end);
  std::int64_t micros = 0;
  if (rest.front() == '.') {
    rest.remove_prefix(1);
    std::size_t digits = 0;
    while (digits < rest.size() && is_digit(rest[digits])) ++digits;
    if (digits == 0 || digits > most_digits) return std::nullopt;
    for (std::size_t i = 0; i < 6; ++i) micros = micros * 10 + (i < digits ? rest[i] - '0' : 0);
    rest.remove_prefix(digits);
  }
  const auto offset = offset_of(rest);
  if (!offset) return std::nullopt;
  std::tm parts{};
  parts.tm_year = year - 1900;
  parts.tm_mon = month - 1;
  parts.tm_mday = day;
  parts.tm_hour = hour;
  parts.tm_min = minute;
  parts.tm_sec = second;
  return plugin::Time(std::chrono::seconds(timegm(&parts))) + std::chrono::microseconds(micros) - *offset;
}

std::string to_iso_time(plugin::Time time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t seconds = whole.time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 48> text{};
  std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  const int more = std::snprintf(text.data() + size, text.size() - size, ".%06dZ",
                                 static_cast<int>((time - whole).count()));
  size += static_cast<std::size_t>(std::max(more, 0));
  return {text.data(), std::min(size, text.size() - 1)};
}

}  // namespace curfew::oauth
