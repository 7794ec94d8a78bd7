// Makes a compliance report from a store, reading it in order: configurations and gaps first, then the
// observations of the period, then sessions, violations and sign-outs, at last the places of exceptions.
//
//   report::ComplianceRequest request{.frameworks = report::frameworks_of("pci-dss"), .from = …, .to = …};
//   report::ComplianceReport report = report::read_compliance(store, request);
//
// Memory: what SessionTracks and the lists' bounds allow, whatever the size of the ledger.
//
// Threads: one. Owns: nothing. Fails: Error(Unavailable) when the database is away, Error(Input) for a store
// without a ledger or a period that is none, Error(Corrupt) for entries that can't be read.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/report/compliance_report.hpp"
#include "core/store/store.hpp"

namespace curfew::report {

struct ComplianceRequest {
  std::vector<const Framework*> frameworks;
  Time from{};  // epoch: where the records begin
  Time to{};    // epoch: where they end
  ReportScope scope;
  Time at{};  // also who was on then; epoch: not asked
  Time now{};
  std::optional<LedgerFinding> ledger;  // if it was verified
  std::function<void(const std::string&)> progress;
  bool places = true;  // look up where in the ledger the exceptions are, which reads it again
  // Called every few thousand rows that came: may wait, and throws what is to end the reading.
  std::function<void()> pace;
};

// "all", or the id of one; Error(Usage) names them.
[[nodiscard]] std::vector<const Framework*> frameworks_of(const std::string& id);
[[nodiscard]] ComplianceReport read_compliance(store::Store& store, const ComplianceRequest& request);

}  // namespace curfew::report
