#include "core/report/compliance_document.hpp"
#include "core/report/document_pdf.hpp"

namespace curfew::report {
namespace {

// Paper is read; the JSON and CSV reports hold the rest.
constexpr DocumentBounds on_paper{.exceptions = 60, .on = 200, .rows = 60, .says_when_made = false};

}  // namespace

std::string to_pdf(const ComplianceReport& report) { return pdf_of(compliance_document(report, on_paper)); }

}  // namespace curfew::report
