#include "core/app/report_schedule.hpp"

#include <date/tz.h>

#include <cstdint>

#include "core/base/error.hpp"

namespace curfew::app {
namespace {

using date::days;
using date::local_days;
using date::months;
using date::year_month_day;

struct Local {
  local_days from;
  local_days to;
  std::string label;
};

std::string digits(std::int64_t number, std::size_t width) {
  std::string text = std::to_string(number);
  return text.size() < width ? std::string(width - text.size(), '0') + text : text;
}

local_days first_of(date::year_month month) { return local_days{month / 1}; }

Local around(const std::string& period, local_days day) {
  const year_month_day date{day};
  const int year = static_cast<int>(date.year());
  const unsigned month = static_cast<unsigned>(date.month());
  const std::string year_digits = digits(year, 4);
  if (period == "day")
    return {day, day + days(1),
            year_digits + "-" + digits(month, 2) + "-" + digits(static_cast<unsigned>(date.day()), 2)};
  if (period == "week") {
    const local_days monday = day - (date::weekday{day} - date::Monday);
    // A week belongs to the year of its Thursday.
    const local_days thursday = monday + days(3);
    const date::year of = year_month_day{thursday}.year();
    const auto number = (thursday - local_days{of / 1 / 1}).count() / 7 + 1;
    return {monday, monday + days(7), digits(static_cast<int>(of), 4) + "-W" + digits(number, 2)};
  }
  if (period == "quarter") {
    const unsigned quarter = (month - 1) / 3;
    const date::year_month first = date.year() / date::month(quarter * 3 + 1);
    return {first_of(first), first_of(first + months(3)), year_digits + "-Q" + std::to_string(quarter + 1)};
  }
  const date::year_month first = date.year() / date.month();
  return {first_of(first), first_of(first + months(1)), year_digits + "-" + digits(month, 2)};
}

const date::time_zone* zone_of(const std::string& name) {
  try {
    return date::locate_zone(name.empty() ? "Etc/UTC" : name);
  } catch (const std::exception&) {
    throw Error(ErrorKind::Configuration,
                "time zone '" + name + "' is not known; name one like Europe/Berlin");
  }
}

}  // namespace

ReportPeriod period_at(const ReportSettings& settings, Time at) {
  const date::time_zone* zone = zone_of(settings.time_zone);
  const date::sys_time<Duration> moment{at.time_since_epoch()};
  const Local local = around(settings.period, date::floor<days>(zone->to_local(moment)));
  const auto utc = [&](local_days day, Duration clock) {
    // A time that the clock leaves out is the moment after it; one that comes twice, the first.
    const date::local_time<Duration> time{day.time_since_epoch() + clock};
    return Time{zone->to_sys(time, date::choose::earliest).time_since_epoch()};
  };
  const Duration clock = std::chrono::hours((settings.at[0] - '0') * 10 + settings.at[1] - '0') +
                         std::chrono::minutes((settings.at[3] - '0') * 10 + settings.at[4] - '0');
  return {local.label, utc(local.from, Duration{0}), utc(local.to, Duration{0}),
          utc(local.to + days(static_cast<int>(settings.day) - 1), clock)};
}

ReportPeriod period_before(const ReportSettings& settings, Time now) {
  return period_at(settings, period_at(settings, now).from - Duration(1));
}

}  // namespace curfew::app
