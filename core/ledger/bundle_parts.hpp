// The parts of a bundle's verification: each stream's evidence, personal values, the report against the
// records. Internal to bundle.cpp, which reads the archive and joins them.
//
// Threads: pure functions. Owns: records view into the bundle's bytes. Fails: never; what is wrong goes into
// `problems`.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/ledger/bundle.hpp"
#include "core/ledger/erasure.hpp"
#include "core/ledger/leaf.hpp"

namespace curfew::ledger {

using BundleMembers = std::map<std::string_view, std::string_view>;

struct BundleRecord {
  std::uint64_t sequence = 0;
  LeafFields fields;
};

// A stream's evidence as far as it could be read.
struct StreamPart {
  BundleStream said;
  StreamId id;
  std::optional<VerifierKey> key;  // the bundle's own
  std::optional<Checkpoint> head;  // of a note that a known key signed
  std::string note;
  std::vector<BundleRecord> records;  // ascending

  [[nodiscard]] const BundleRecord* record(std::uint64_t sequence) const;
};

// `keys`: those known from outside, or empty.
[[nodiscard]] StreamPart check_stream(const BundleStream& said, const BundleMembers& members,
                                      std::span<const VerifierKey> keys, BundleProblems& problems);

// What the erasure entries in the bundle cover, by origin.
using BundleCoverage = std::map<std::string, std::vector<SequenceRange>>;
[[nodiscard]] BundleCoverage coverage_in(const std::vector<StreamPart>& streams, BundleProblems& problems);
[[nodiscard]] bool is_covered(const BundleCoverage& coverage, const std::string& origin,
                              std::uint64_t sequence);

void check_personal(const std::vector<StreamPart>& streams, const BundleMembers& members,
                    const BundleCoverage& coverage, BundleVerdict& verdict);

// That the report rests on these records and no others.
void check_report(std::string_view report, const std::vector<StreamPart>& streams, BundleVerdict& verdict);

void check_outside(const std::vector<std::string>& notes, std::span<const VerifierKey> keys,
                   const std::vector<StreamPart>& streams, const BundleMembers& members,
                   BundleVerdict& verdict);

}  // namespace curfew::ledger
