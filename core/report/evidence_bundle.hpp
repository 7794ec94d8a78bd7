// Makes an evidence bundle of a compliance report: the report in several forms, the records that it rests on,
// and what proves that they are in the signed ledger (docs/ledger-format.md, section 12).
//
//   report::BundleRequest request{.report = report, .key = key};
//   std::string file = report::make_bundle(store, request);         // a tar
//
// Without names there is no personal value in it. With them, who asked must have been recorded before.
//
// Threads: one. Owns: nothing; the bundle is in memory, at most ledger::largest_bundle. Fails: Error(Input)
// for more than fits and for an outside checkpoint that is not this ledger's; Error(Corrupt) when the ledger
// contradicts itself; Error(Unavailable) when it changed under the report: a bundle is verified before it is
// given out.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/ledger/bundle.hpp"
#include "core/report/compliance_report.hpp"
#include "core/store/personal_values.hpp"
#include "core/store/store.hpp"

namespace curfew::report {

enum class BundleRecords : std::uint8_t {
  Fitting,  // all of the period, if they fit most_run_bytes; else the cited ones
  All,      // all of the period
  Cited,    // those that the report cites
};

}  // namespace curfew::report

template <>
struct curfew::model::Names<curfew::report::BundleRecords> {
  static constexpr std::array<std::string_view, 3> all{"fitting", "all", "cited"};
};

namespace curfew::report {

// Of the leaves of a period: some 80,000 records.
inline constexpr std::size_t most_run_bytes = 32U << 20U;

// A size that the tree once had, of which somebody keeps the root.
struct EarlierHead {
  std::string origin;
  std::uint64_t size = 0;
};
// Of outside checkpoints: the newest of each stream, checked against the ledger's key. Fails: Error(Input).
[[nodiscard]] std::vector<EarlierHead> earlier_heads(const ComplianceReport& report,
                                                     const std::vector<std::string>& checkpoints);

struct BundleRequest {
  const ComplianceReport& report;
  const ledger::SigningKey& key;  // of one of its streams
  BundleRecords records = BundleRecords::Fitting;
  // Reads personal values; empty: none are put in.
  std::function<void(std::int64_t stream, const std::vector<std::uint64_t>& sequences,
                     const std::function<void(store::PersonalRow&&)>& take)>
      personal = {};
  std::vector<EarlierHead> earlier = {};  // consistency is proven from these
  std::function<void(const std::string&)> progress = {};
};

[[nodiscard]] std::string make_bundle(store::Store& store, const BundleRequest& request);

}  // namespace curfew::report
