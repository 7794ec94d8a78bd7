// A report with something in every section: two weeks of an office, with one name that is an attack.
//
// Threads: pure function.
#pragma once

#include "core/report/audit_report.hpp"

namespace curfew::report {

[[nodiscard]] AuditReport sample_report();

inline constexpr const char* hostile_name = "<script>alert('x')</script>&\"";

}  // namespace curfew::report
