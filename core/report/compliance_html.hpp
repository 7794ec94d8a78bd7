// What other pages take over of the compliance report's.
//
// Threads: pure functions. Fails: never.
#pragma once

#include <string>

#include "core/report/compliance_report.hpp"

namespace curfew::report {

// Results by framework, and each control: the part that an audit takes over.
[[nodiscard]] std::string controls_html(const ComplianceReport& report);

}  // namespace curfew::report
