#include "core/base/time.hpp"

#include <array>
#include <cstdio>

namespace curfew::base {
namespace {

constexpr std::int64_t micros_per_second = 1'000'000;
constexpr std::int64_t seconds_per_day = 86'400;

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  [[nodiscard]] bool done() const { return at_ == text_.size(); }
  [[nodiscard]] char peek() const { return done() ? '\0' : text_[at_]; }
  bool take(char c) {
    if (peek() != c || done()) return false;
    ++at_;
    return true;
  }
  std::optional<std::int64_t> digits(std::size_t count) {
    if (text_.size() - at_ < count) return std::nullopt;
    std::int64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const char c = text_[at_ + i];
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    at_ += count;
    return value;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

unsigned days_in_month(std::int64_t year, unsigned month) {
  static constexpr std::array<unsigned, 12> lengths{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : lengths[month - 1];
}

std::optional<std::int64_t> read_fraction_micros(Reader& in) {
  std::int64_t micros = 0;
  int digits = 0;
  for (; in.peek() >= '0' && in.peek() <= '9' && !in.done(); ++digits) {
    if (digits == 9) return std::nullopt;
    const auto digit = in.digits(1);
    if (digits < 6) micros = micros * 10 + *digit;
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 6; ++digits) micros *= 10;
  return micros;
}

std::optional<std::int64_t> read_zone_seconds(Reader& in) {
  if (in.take('Z') || in.take('z')) return 0;
  const bool negative = in.peek() == '-';
  if (!in.take('+') && !in.take('-')) return std::nullopt;
  const auto hours = in.digits(2);
  in.take(':');
  const auto minutes = in.digits(2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::int64_t offset = *hours * 3600 + *minutes * 60;
  return negative ? -offset : offset;
}

}  // namespace

CivilDate civil_from_days(std::int64_t days) noexcept {
  // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": eras of 400 years from March 1st, year 0.
  const std::int64_t shifted = days + 719'468;
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const std::int64_t day_of_era = shifted - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const auto day = static_cast<unsigned>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  const auto month =
      static_cast<unsigned>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

std::int64_t days_from_civil(CivilDate date) noexcept {
  const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t month_from_march = date.month > 2 ? date.month - 3 : date.month + 9;
  const std::int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
  const std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

std::string format_rfc3339(Time time) {
  std::int64_t micros = to_micros(time);
  std::int64_t seconds = micros / micros_per_second;
  micros %= micros_per_second;
  if (micros < 0) {
    micros += micros_per_second;
    --seconds;
  }
  std::int64_t days = seconds / seconds_per_day;
  seconds %= seconds_per_day;
  if (seconds < 0) {
    seconds += seconds_per_day;
    --days;
  }
  const CivilDate date = civil_from_days(days);
  std::array<char, 64> text{};
  const int length =
      std::snprintf(text.data(), text.size(), "%04lld-%02u-%02uT%02lld:%02lld:%02lld.%06lldZ",
                    static_cast<long long>(date.year), date.month, date.day,
                    static_cast<long long>(seconds / 3600), static_cast<long long>(seconds / 60 % 60),
                    static_cast<long long>(seconds % 60), static_cast<long long>(micros));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::optional<Time> parse_rfc3339(std::string_view text) {
  Reader in(text);
  const auto year = in.digits(4);
  if (!year || !in.take('-')) return std::nullopt;
  const auto month = in.digits(2);
  if (!month || *month < 1 || *month > 12 || !in.take('-')) return std::nullopt;
  const auto day = in.digits(2);
  if (!day || *day < 1 || *day > days_in_month(*year, static_cast<unsigned>(*month))) return std::nullopt;
  if (!in.take('T') && !in.take('t') && !in.take(' ')) return std::nullopt;
  const auto hour = in.digits(2);
  if (!hour || *hour > 23 || !in.take(':')) return std::nullopt;
  const auto minute = in.digits(2);
  if (!minute || *minute > 59 || !in.take(':')) return std::nullopt;
  const auto second = in.digits(2);
  if (!second || *second > 60) return std::nullopt;
  std::int64_t micros = 0;
  if (in.take('.') || in.take(',')) {
    const auto fraction = read_fraction_micros(in);
    if (!fraction) return std::nullopt;
    micros = *fraction;
  }
  const auto offset = read_zone_seconds(in);
  if (!offset || !in.done()) return std::nullopt;
  const std::int64_t days =
      days_from_civil({*year, static_cast<unsigned>(*month), static_cast<unsigned>(*day)});
  const std::int64_t seconds = days * seconds_per_day + *hour * 3600 + *minute * 60 + *second - *offset;
  return from_micros(seconds * micros_per_second + micros);
}

namespace {

struct Unit {
  std::string_view name;
  std::int64_t micros;
};
constexpr std::array<Unit, 6> units{{{"d", 86'400'000'000},
                                     {"h", 3'600'000'000},
                                     {"m", 60'000'000},
                                     {"s", 1'000'000},
                                     {"ms", 1'000},
                                     {"us", 1}}};

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  constexpr std::int64_t limit =
      std::int64_t{100} * 366 * 86'400'000'000;  // a century: anything longer is a slip
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  while (!text.empty()) {
    std::int64_t number = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
      number = number * 10 + (text[digits] - '0');
      if (number > limit) return std::nullopt;
    }
    if (digits == 0) return std::nullopt;
    text.remove_prefix(digits);
    std::size_t letters = 0;
    while (letters < text.size() && text[letters] >= 'a' && text[letters] <= 'z') ++letters;
    const Unit* found = nullptr;
    for (const Unit& unit : units) {
      if (unit.name == text.substr(0, letters)) found = &unit;
    }
    if (found == nullptr || number > limit / found->micros) return std::nullopt;
    total += number * found->micros;
    if (total > limit) return std::nullopt;
    text.remove_prefix(letters);
  }
  return Duration{total};
}

std::string format_duration(Duration duration) {
  std::int64_t rest = duration.count();
  if (rest == 0) return "0s";
  std::string text;
  if (rest < 0) {
    text = "-";
    rest = -rest;
  }
  for (const Unit& unit : units) {
    if (rest < unit.micros) continue;
    text += std::to_string(rest / unit.micros);
    text += unit.name;
    rest %= unit.micros;
  }
  return text;
}

Time wall_clock_now() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

}  // namespace curfew::base
