// Sections of the compliance report, below the controls.
//
// Threads: pure functions. Fails: never.
#pragma once

#include <string>
#include <vector>

#include "core/report/compliance_report.hpp"
#include "core/report/document.hpp"
#include "core/report/json_writer.hpp"

namespace curfew::report {

// The name, if the report may show it, else the reference.
[[nodiscard]] Span who(const ComplianceReport& report, model::Ref ref);
// "violation 3, session 7, ledger entry 1/31"
[[nodiscard]] std::string evidence_of(const ControlException& exception);

[[nodiscard]] std::vector<Block> habits_blocks(const ComplianceReport& report, std::size_t most_rows);
[[nodiscard]] std::vector<Block> on_blocks(const ComplianceReport& report, std::size_t most_rows);
[[nodiscard]] std::vector<Block> pictures_blocks(const ComplianceReport& report);
// Of sessions at once: the last of the pictures; and the same within a JSON object.
[[nodiscard]] std::vector<Block> concurrency_blocks(const ComplianceReport& report);
void write_concurrency(JsonWriter& json, const ComplianceReport& report);
[[nodiscard]] std::vector<Block> coverage_blocks(const ComplianceReport& report);
[[nodiscard]] std::vector<Block> versions_blocks(const ComplianceReport& report);
[[nodiscard]] std::vector<Block> ledger_blocks(const ComplianceReport& report);
[[nodiscard]] std::vector<Block> reading_blocks();

}  // namespace curfew::report
