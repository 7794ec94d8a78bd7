// The compliance report as a document. What is told, in which words and in which order, is decided here and
// in compliance_sections.cpp, for HTML and PDF alike.
//
// Threads: pure functions. Fails: never; lists are cut at their bounds, and the cut is said.
#pragma once

#include "core/report/compliance_report.hpp"
#include "core/report/document.hpp"

namespace curfew::report {

struct DocumentBounds {
  std::size_t exceptions = most_exceptions;  // listed for each control
  std::size_t on = 1'000;                    // listed of who was on
  std::size_t rows = 60;                     // of tables by application and by group
  bool says_when_made = true;                // else only what it rests on is dated
};

[[nodiscard]] Document compliance_document(const ComplianceReport& report, const DocumentBounds& bounds);
// Results by framework, and each control: the part that an audit takes over.
[[nodiscard]] std::vector<Block> results_blocks(const ComplianceReport& report);
[[nodiscard]] Section framework_section(const ComplianceReport& report, const Framework& framework,
                                        const DocumentBounds& bounds);

}  // namespace curfew::report
