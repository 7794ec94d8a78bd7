#include "core/app/report_listing.hpp"

#include <utility>

#include "core/app/report_schedule.hpp"
#include "core/app/report_state.hpp"

namespace curfew::app {

report::ScheduledReport listed(const ReportSettings& report, const std::string& data,
                               const std::optional<store::OutletRow>& row, Time now) {
  report::ScheduledReport out;
  out.name = report.name;
  out.frameworks = report.frameworks;
  out.sources = report.sources;
  out.applications = report.applications;
  out.every = report.period;
  out.time_zone = report.time_zone;
  out.formats = report.formats;
  out.folder = report_folder(report, data);
  out.mail_to = report.mail_to;
  Time done_until = period_before(report, now).to;
  if (row && !row->state.empty()) {
    ReportState state = ReportState::parse(row->state);
    done_until = state.to;
    if (state.outcome != ReportState::before_the_first) {
      const bool waits = state.phase == "made" && state.attempts > 0;
      out.last_run = report::ReportRun{.period = std::move(state.period),
                                       .from = state.from,
                                       .to = state.to,
                                       .phase = std::move(state.phase),
                                       .outcome = std::move(state.outcome),
                                       .at = row->moved_at,
                                       .attempts = state.attempts,
                                       .next_attempt_at = waits ? state.next : Time{},
                                       .files = std::move(state.files)};
    }
  }
  ReportPeriod next = period_at(report, done_until);
  out.next_period = std::move(next.label);
  out.next_due_at = next.due;
  return out;
}

std::vector<report::ScheduledReport> scheduled_reports(const Settings& settings, Readers& readers) {
  const Time now = base::wall_clock_now();
  return readers.with([&](store::Store& store) {
    std::vector<report::ScheduledReport> rows;
    for (const ReportSettings& report : settings.reports)
      rows.push_back(
          listed(report, settings.data, store.outlet(report_row(settings.realm, report.name)), now));
    return rows;
  });
}

}  // namespace curfew::app
