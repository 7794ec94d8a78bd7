#include "plugins/web/http_time.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

namespace curfew::web {
namespace {

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<int> digits(std::string_view text) {
  int value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text.front() == '-' || read.ec != std::errc() || read.ptr != text.data() + text.size())
    return std::nullopt;
  return value;
}

// Smaller values are seconds to wait, not a time.
constexpr std::int64_t least_epoch = 1'000'000'000;
constexpr std::int64_t largest_epoch = 32'503'680'000;  // the year 3000

// When more calls are taken, in seconds since 1970 or from now: what services say who send no Retry-After.
plugin::Duration until_reset(const HttpReply& reply, plugin::Time now) {
  for (const char* name : {"x-rate-limit-reset", "x-ratelimit-reset"}) {
    const std::string_view text = reply.header(name);
    std::int64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size() || value < 0 ||
        value > largest_epoch)
      continue;
    if (value < least_epoch) return std::chrono::seconds(value);
    return plugin::Time(std::chrono::seconds(value)) - http_time(reply.header("date")).value_or(now);
  }
  return plugin::Duration{0};
}

}  // namespace

std::optional<plugin::Time> http_time(std::string_view text) {
  if (text.size() != 29 || text.substr(3, 2) != ", " || text[7] != ' ' || text[11] != ' ' ||
      text[16] != ' ' || text[19] != ':' || text[22] != ':' || text.substr(25) != " GMT")
    return std::nullopt;
  const auto* const month = std::find(months.begin(), months.end(), text.substr(8, 3));
  const auto day = digits(text.substr(5, 2)), year = digits(text.substr(12, 4)),
             hour = digits(text.substr(17, 2)), minute = digits(text.substr(20, 2)),
             second = digits(text.substr(23, 2));
  if (month == months.end() || !day || !year || !hour || !minute || !second || *day < 1 || *day > 31 ||
      *hour > 23 || *minute > 59 || *second > 60 || *year < 1970)
    return std::nullopt;
  std::tm parts{};
  parts.tm_year = *year - 1900;
  parts.tm_mon = static_cast<int>(month - months.begin());
  parts.tm_mday = *day;
  parts.tm_hour = *hour;
  parts.tm_min = *minute;
  parts.tm_sec = *second;
  return plugin::Time(std::chrono::seconds(timegm(&parts)));
}

plugin::Duration retry_after(const HttpReply& reply, plugin::Time now) {
  const std::string_view text = reply.header("retry-after");
  std::int64_t seconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  plugin::Duration wait{0};
  if (read.ec == std::errc() && read.ptr == text.data() + text.size()) {
    wait = std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, 3600));
  } else if (read.ec == std::errc::result_out_of_range) {
    wait = longest_retry_after;
  } else if (const auto until = http_time(text)) {
    wait = *until - http_time(reply.header("date")).value_or(now);
  }
  // Who says it says it in each answer; only of a 429 it is meant.
  if (text.empty() && reply.status == 429) wait = until_reset(reply, now);
  return std::clamp<plugin::Duration>(wait, plugin::Duration{0}, longest_retry_after);
}

}  // namespace curfew::web
