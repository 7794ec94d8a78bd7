// Evidence bundles as the daemon and `curfew report` make them: the ledger's key from its file, personal
// values from the database.
//
//   std::string file = app::evidence_bundle(store, connection, settings, report, {.names = true});
//
// Threads: one. Owns: nothing; the key is read for each bundle and wiped. Fails: as report::make_bundle;
// Error(Configuration) for the key, Error(Input) when the report has no stream of this node.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/app/settings.hpp"
#include "core/report/evidence_bundle.hpp"

namespace curfew::app {

struct EvidenceOptions {
  report::BundleRecords records = report::BundleRecords::Fitting;
  bool names = false;  // who asked is recorded already
  std::vector<report::EarlierHead> earlier = {};
  std::function<void(const std::string&)> progress = {};
};

// The stream of this node that was opened last, of those that the report rests on.
[[nodiscard]] std::string newest_origin(const Settings& settings, const report::ComplianceReport& report);
[[nodiscard]] std::string evidence_bundle(store::Store& store, const store::ConnectionInfo& connection,
                                          const Settings& settings, const report::ComplianceReport& report,
                                          const EvidenceOptions& options);

}  // namespace curfew::app
