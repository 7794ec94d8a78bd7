#include "core/policy/hours.hpp"

#include <algorithm>
#include <string>

#include "core/base/error.hpp"

namespace curfew::policy {
namespace {

constexpr Duration a_day{std::chrono::hours(24)};

// "08:00"; "24:00" is allowed as an end.
Duration time_of_day(const std::string& text, bool is_end) {
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  if (text.size() == 5 && text[2] == ':' && digit(0) && digit(1) && digit(3) && digit(4)) {
    const int hour = (text[0] - '0') * 10 + (text[1] - '0');
    const int minute = (text[3] - '0') * 10 + (text[4] - '0');
    if (minute < 60 && (hour < 24 || (is_end && hour == 24 && minute == 0)))
      return std::chrono::hours(hour) + std::chrono::minutes(minute);
  }
  throw Error(ErrorKind::Configuration, "'" + text +
                                            "' is no time of day: write hours and minutes, like \"08:00\"" +
                                            (is_end ? " or, for the end of the day, \"24:00\"" : ""));
}

std::int64_t day_of(Duration local) {
  return local.count() >= 0 ? local / a_day : -((-local.count() + a_day.count() - 1) / a_day.count());
}

}  // namespace

Hours::Hours(const std::vector<model::Shift>& shifts, const std::vector<model::ZoneOffset>& offsets)
    : offsets_(offsets) {
  for (const model::Shift& shift : shifts) {
    Window window;
    window.from = time_of_day(shift.from, false);
    window.to = time_of_day(shift.to, true);
    if (window.from == window.to)
      throw Error(ErrorKind::Configuration, "hours from " + shift.from + " to " + shift.to +
                                                " are none; the whole day is \"00:00\" to \"24:00\"");
    if (window.to < window.from) window.to += a_day;
    for (int day = 0; day < 7; ++day) {
      const bool is_in = shift.days.empty() ||
                         std::find(shift.days.begin(), shift.days.end(), static_cast<model::Weekday>(day)) !=
                             shift.days.end();
      window.day = day;
      if (is_in) windows_.push_back(window);
    }
  }
}

Duration Hours::offset_at(Time utc) const {
  const auto after = std::upper_bound(offsets_.begin(), offsets_.end(), utc,
                                      [](Time at, const model::ZoneOffset& one) { return at < one.from; });
  if (offsets_.empty()) return Duration{0};
  return after == offsets_.begin() ? offsets_.front().offset : std::prev(after)->offset;
}

Time Hours::to_utc(Duration clock, bool latest) const {
  if (offsets_.empty()) return Time{clock};
  // An end is the moment after the last one that belongs to the shift, which a clock that is set back to the
  // end itself doesn't show again.
  const Duration beyond{latest ? 1 : 0};
  const Duration local = clock - beyond;
  const auto after = std::upper_bound(offsets_.begin(), offsets_.end(), Time{local},
                                      [](Time at, const model::ZoneOffset& one) { return at < one.from; });
  const auto near = after - offsets_.begin();
  const auto size = static_cast<std::ptrdiff_t>(offsets_.size());
  Time gap = Time::max();
  Time found = Time::max();
  // A zone is less than a day from UTC, and changes less than once a day.
  for (std::ptrdiff_t i = std::max<std::ptrdiff_t>(near - 2, 0); i < std::min(near + 1, size); ++i) {
    const auto& one = offsets_[static_cast<std::size_t>(i)];
    const Time begin = i == 0 ? Time::min() : one.from;
    const Time end = i + 1 == size ? Time::max() : offsets_[static_cast<std::size_t>(i) + 1].from;
    const Time utc = Time{local} - one.offset;
    if (utc >= begin && utc < end && (found == Time::max() || latest)) found = utc;
    if (utc >= end && gap == Time::max() &&
        Time{local} - offsets_[static_cast<std::size_t>(i) + 1].offset < end)
      gap = end;
  }
  return found != Time::max() ? found + beyond : gap;
}

std::vector<Hours::Span> Hours::open_around(Time at) const {
  std::vector<Span> open;
  const std::int64_t today = day_of(at.time_since_epoch() + offset_at(at));
  for (std::int64_t day = today - 2; day <= today + 9; ++day) {
    const int weekday = static_cast<int>(((day + 3) % 7 + 7) % 7);  // the first day of all was a Thursday
    for (const Window& window : windows_) {
      if (window.day != weekday) continue;
      const Span span{to_utc(day * a_day + window.from, false), to_utc(day * a_day + window.to, true)};
      if (span.first < span.second) open.push_back(span);
    }
  }
  std::sort(open.begin(), open.end());
  std::vector<Span> merged;
  for (const Span& span : open) {
    if (merged.empty() || span.first > merged.back().second)
      merged.push_back(span);
    else
      merged.back().second = std::max(merged.back().second, span.second);
  }
  return merged;
}

Time Hours::first_closed(Time from) const {
  for (const Span& span : open_around(from)) {
    // Who is open for more than a week never closes.
    if (span.first <= from && from < span.second)
      return span.second - from > 8 * a_day ? Time::max() : span.second;
  }
  return from;
}

Time Hours::next_open(Time from) const {
  for (const Span& span : open_around(from)) {
    if (from < span.second) return std::max(span.first, from);
  }
  return Time::max();
}

}  // namespace curfew::policy
