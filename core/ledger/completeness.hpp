// Counts what the entries themselves say is missing: `gap` observations and sources that went away.
//
// Threads: one. Owns: a few counters for each source, at most max_sources of them. Fails: never; facts that
// can't be read are gaps of an unknown size, because a gap must not hide behind bad text.
#pragma once

#include <string_view>

#include "core/ledger/leaf.hpp"
#include "core/ledger/verdict.hpp"

namespace curfew::ledger {

class CompletenessCounter {
 public:
  void count(const LeafFields& row);
  [[nodiscard]] const Completeness& result() const { return result_; }

 private:
  SourceGaps& of(const LeafFields& row);
  Completeness result_;
};

}  // namespace curfew::ledger
