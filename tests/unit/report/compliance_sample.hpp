// Facts of a quiet month with one source, a policy and nothing missing, for tests to spoil.
//
// Threads: pure functions.
#pragma once

#include "core/report/compliance_report.hpp"

namespace curfew::report {

[[nodiscard]] Time at(const char* text);
// A person's session of that length from 9 o'clock on the tenth, stated to have been signed out.
[[nodiscard]] model::SessionRow session_of(Duration length, model::SessionNumber number = 1);
// November 2026; a policy set with one observing policy of this rule and limit, in force since October.
[[nodiscard]] ComplianceFacts quiet_month(model::Rule rule, Duration limit, std::uint32_t most = 0);
// A control of this test with nothing else set.
[[nodiscard]] Control control_of(Check test, std::vector<model::Rule> rules = {}, Duration limit = {});
[[nodiscard]] const Framework& some_framework();

// A report with every kind of result, a hostile name, a hostile policy and a hostile source.
[[nodiscard]] ComplianceReport sample_compliance();
inline constexpr const char* hostile_source = "=cmd|' /C calc'!A0<script>";

}  // namespace curfew::report
