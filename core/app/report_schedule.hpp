// When a scheduled report is due, and for which period: calendars of the report's own time zone.
//
//   const ReportPeriod period = period_at(settings, now);          // the one that now lies in
//   if (now >= period.due) … else the one before: period_at(settings, period.from - 1us)
//
// Threads: pure functions. Fails: Error(Configuration) for a zone that is not known.
#pragma once

#include <string>

#include "core/app/settings.hpp"

namespace curfew::app {

struct ReportPeriod {
  std::string label;  // "2026-11-22", "2026-W47", "2026-11", "2026-Q4"
  Time from{};
  Time to{};   // outside
  Time due{};  // when its report is made
};

// The period that holds `at`.
[[nodiscard]] ReportPeriod period_at(const ReportSettings& settings, Time at);
// The newest period that is over; whether it is due is another question.
[[nodiscard]] ReportPeriod period_before(const ReportSettings& settings, Time now);

}  // namespace curfew::app
