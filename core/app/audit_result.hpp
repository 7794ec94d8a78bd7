// What an audit found, gathered from its database: rows, gaps, failed sign-ins, coverage, and the verdict on
// its own ledger.
//
// Threads: one, after the pipeline has stopped. Owns: nothing. Fails: Error(Unavailable) when the database is
// away.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/app/database.hpp"
#include "core/app/pipeline.hpp"
#include "core/report/audit_report.hpp"

namespace curfew::app {

[[nodiscard]] report::AuditReport audit_result(Pipeline& pipeline, const Database& database,
                                               const Capabilities& capabilities,
                                               const std::vector<std::string>& inputs,
                                               const std::function<void(const std::string&)>& progress);

// What the same records show of the controls of a framework, or of all.
void add_compliance(report::AuditReport& result, const Database& database, const std::string& framework,
                    const std::function<void(const std::string&)>& progress);

}  // namespace curfew::app
