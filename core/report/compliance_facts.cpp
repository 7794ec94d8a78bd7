#include "core/report/compliance_facts.hpp"

#include <algorithm>

namespace curfew::report {

bool ReportScope::holds_source(const std::string& source) const {
  return sources.empty() || std::find(sources.begin(), sources.end(), source) != sources.end();
}

bool ReportScope::holds(const model::SessionRow& row) const {
  return holds_source(row.source) &&
         (applications.empty() ||
          std::find(applications.begin(), applications.end(), row.application) != applications.end()) &&
         (account_types.empty() ||
          std::find(account_types.begin(), account_types.end(), row.account_type) != account_types.end());
}

const model::SourcePolicy* ComplianceFacts::source(const std::string& name) const {
  for (auto version = versions.rbegin(); version != versions.rend(); ++version) {
    for (const model::SourcePolicy& one : version->set.sources) {
      if (one.name == name) return &one;
    }
  }
  return nullptr;
}

}  // namespace curfew::report
