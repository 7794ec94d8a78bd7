#include "core/report/compliance_html.hpp"

#include "core/report/compliance_document.hpp"
#include "core/report/compliance_sections.hpp"
#include "core/report/document_html.hpp"

namespace curfew::report {

std::string controls_html(const ComplianceReport& report) {
  std::string out = html_of(results_blocks(report));
  for (const Framework* framework : report.frameworks)
    out += html_of(framework_section(report, *framework, {}));
  return out + "<h3>How to read it</h3>" + html_of(reading_blocks());
}

std::string to_html(const ComplianceReport& report) { return html_of(compliance_document(report, {})); }

}  // namespace curfew::report
