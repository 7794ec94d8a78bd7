// The README of an evidence bundle: what it is, and how to check it without Curfew.
//
// Threads: pure functions. Fails: never.
#pragma once

#include <string>

#include "core/ledger/note.hpp"
#include "core/report/compliance_report.hpp"

namespace curfew::report {

[[nodiscard]] std::string bundle_readme(const ComplianceReport& report, const ledger::SigningKey& key,
                                        bool names);

}  // namespace curfew::report
