// Scheduled reports of the configuration, on the daemon's ledger and store.
//
//   std::unique_ptr<ScheduledReports> reports = app::make_scheduled_reports(settings, …);     // none: off
//
// Threads: one. Owns: what it returns. Fails: Error(Configuration) for the mail server's password.
#pragma once

#include <memory>

#include "core/app/pipeline.hpp"
#include "core/app/readers.hpp"
#include "core/app/scheduled_reports.hpp"

namespace curfew::app {

[[nodiscard]] std::unique_ptr<ScheduledReports> make_scheduled_reports(const Settings& settings,
                                                                       const store::ConnectionInfo& database,
                                                                       Pipeline& pipeline, Readers& readers,
                                                                       metrics::Registry& registry, Log& log);

}  // namespace curfew::app
