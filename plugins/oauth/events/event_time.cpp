#include "plugins/oauth/events/event_time.hpp"

#include <charconv>
#include <string>

#include "plugins/files/text.hpp"

namespace curfew::oauth::events {
namespace {

using files::Civil;
using plugin::Duration;
using plugin::Time;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes what it reads off the text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool number(int& value, std::size_t least, std::size_t most) {
    std::size_t digits = 0;
    value = 0;
    while (digits < most && digits < rest_.size() && is_digit(rest_[digits])) {
      value = value * 10 + (rest_[digits] - '0');
      ++digits;
    }
    rest_.remove_prefix(digits);
    return digits >= least;
  }
  [[nodiscard]] bool take(char wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void blanks() {
    while (take(' ')) {
    }
  }
  // Cut to millionths.
  [[nodiscard]] bool fraction(std::int64_t& micros) {
    micros = 0;
    if (!take('.')) return true;
    std::size_t digits = 0;
    for (std::int64_t unit = 100'000; digits < rest_.size() && is_digit(rest_[digits]); ++digits) {
      micros += (rest_[digits] - '0') * unit;
      unit /= 10;
    }
    rest_.remove_prefix(digits);
    return digits > 0 && digits <= 12;
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

std::optional<Time> in_zone(const Civil& civil, std::int64_t micros, std::string_view zone) {
  const auto time = files::to_time(civil);
  if (!time) return std::nullopt;
  if (zone.empty()) return *time + Duration{micros};
  const auto offset = files::parse_zone(zone);
  if (!offset) return std::nullopt;
  return *time - std::chrono::seconds(*offset) + Duration{micros};
}

std::optional<Time> year_first(std::string_view text) {
  Scanner in(text);
  Civil civil;
  std::int64_t micros = 0;
  if (!in.number(civil.year, 4, 4) || !in.take('-') || !in.number(civil.month, 2, 2) || !in.take('-') ||
      !in.number(civil.day, 2, 2) || !(in.take('T') || in.take(' ')) || !in.number(civil.hour, 2, 2) ||
      !in.take(':') || !in.number(civil.minute, 2, 2) || !in.take(':') || !in.number(civil.second, 2, 2) ||
      !in.fraction(micros))
    return std::nullopt;
  in.blanks();
  return in_zone(civil, micros, in.rest());
}

std::optional<Time> month_first(std::string_view text) {
  Scanner in(text);
  Civil civil;
  std::int64_t micros = 0;
  if (!in.number(civil.month, 1, 2) || !in.take('/') || !in.number(civil.day, 1, 2) || !in.take('/') ||
      !in.number(civil.year, 4, 4))
    return std::nullopt;
  (void)in.take(',');
  in.blanks();
  if (!in.number(civil.hour, 1, 2) || !in.take(':') || !in.number(civil.minute, 2, 2) || !in.take(':') ||
      !in.number(civil.second, 2, 2) || !in.fraction(micros))
    return std::nullopt;
  in.blanks();
  std::string_view rest = in.rest();
  if (rest.starts_with("AM") || rest.starts_with("PM")) {
    if (civil.hour < 1 || civil.hour > 12) return std::nullopt;
    civil.hour = civil.hour % 12 + (rest.front() == 'P' ? 12 : 0);
    rest = files::trim(rest.substr(2));
  }
  return in_zone(civil, micros, rest);
}

std::optional<Time> since_1970(std::string_view text) {
  std::int64_t count = 0;
  const std::string_view whole = text.substr(0, text.find('.'));
  const auto read = std::from_chars(whole.data(), whole.data() + whole.size(), count);
  if (read.ec != std::errc() || read.ptr != whole.data() + whole.size()) return std::nullopt;
  // By its digits, which are as many from 2001 to 2286.
  if (whole.size() == 10) {
    std::int64_t micros = 0;
    Scanner in(text.substr(whole.size()));
    if (!in.fraction(micros) || !in.rest().empty()) return std::nullopt;
    return Time{std::chrono::seconds(count)} + Duration{micros};
  }
  if (whole.size() != text.size()) return std::nullopt;
  if (whole.size() == 13) return Time{std::chrono::milliseconds(count)};
  if (whole.size() == 16) return Time{Duration{count}};
  return std::nullopt;
}

}  // namespace

std::optional<Time> event_time(std::string_view text) {
  text = files::trim(text);
  auto time = year_first(text);
  if (!time) time = month_first(text);
  if (!time) time = since_1970(text);
  static const Time earliest = *files::to_time({.year = 2000}), latest = *files::to_time({.year = 3000});
  if (!time || *time < earliest || *time >= latest) return std::nullopt;
  return time;
}

}  // namespace curfew::oauth::events
