// The scheduled reports of a configuration, as lists show them: what is made when, and what became of it.
//
//   for (const report::ScheduledReport& one : app::scheduled_reports(settings, readers)) …
//
// It reads what the scheduler stored and asks it nothing, so the list is there whatever it is doing.
// Threads: any. Owns: nothing. Fails: Error(Unavailable) when the database is away.
#pragma once

#include <optional>
#include <vector>

#include "core/app/readers.hpp"
#include "core/app/settings.hpp"
#include "core/report/listing.hpp"

namespace curfew::app {

// `row`: as stored; none: it was never looked at.
[[nodiscard]] report::ScheduledReport listed(const ReportSettings& report, const std::string& data,
                                             const std::optional<store::OutletRow>& row, Time now);
// In the configuration's order.
[[nodiscard]] std::vector<report::ScheduledReport> scheduled_reports(const Settings& settings,
                                                                     Readers& readers);

}  // namespace curfew::app
