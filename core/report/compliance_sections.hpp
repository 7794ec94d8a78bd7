// Sections of the compliance report's page.
//
// Threads: pure functions. Fails: never.
#pragma once

#include <string>

#include "core/report/compliance_report.hpp"

namespace curfew::report {

// The name, if the report may show it, else the reference; isolated from the text around it.
[[nodiscard]] std::string who(const ComplianceReport& report, model::Ref ref);
// "violation 3, session 7, ledger entry 1/31"
[[nodiscard]] std::string evidence_of(const ControlException& exception);

// Results by framework, and each control: the part that an audit takes over.
[[nodiscard]] std::string controls_html(const ComplianceReport& report);
[[nodiscard]] std::string habits_html(const ComplianceReport& report);
[[nodiscard]] std::string on_html(const ComplianceReport& report);
[[nodiscard]] std::string pictures_html(const ComplianceReport& report);
[[nodiscard]] std::string sources_html(const ComplianceReport& report);
[[nodiscard]] std::string versions_html(const ComplianceReport& report);
[[nodiscard]] std::string ledger_html(const ComplianceReport& report);
[[nodiscard]] std::string reading_html();

}  // namespace curfew::report
