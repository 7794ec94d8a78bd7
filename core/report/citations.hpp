// The entries of the ledger that a compliance report's JSON cites: of exceptions, of losses of records, of
// policies in force.
//
// Threads: pure functions. Fails: never.
#pragma once

#include <vector>

#include "core/report/compliance_report.hpp"

namespace curfew::report {

[[nodiscard]] std::vector<Place> cited_in(const ComplianceReport& report);

}  // namespace curfew::report
