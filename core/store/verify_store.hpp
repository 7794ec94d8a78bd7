// Verification of everything that the store holds of the ledger: every stream's rows, tiles, checkpoints and
// personal values, the table of references, and rows that belong to no stream.
//
//   StoreVerdict verdict = store::verify_store(info, {.outside_checkpoints = {note}});
//   if (!verdict.intact()) …                 // exit code 4
//
// It reads one snapshot of the database, so a daemon may go on writing. What is derived from the ledger
// (sessions, violations, sign-outs, cursors) it does not look at: `curfew replay` recomputes it.
//
// Threads: one. Owns: three connections while it runs. Fails: Error(Unavailable) when the database goes away,
// Error(Input) for an outside checkpoint that can't be used; what is wrong with the ledger is in the verdict.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/ledger/verify.hpp"
#include "core/store/store.hpp"

namespace curfew::store {

struct VerifyRequest {
  std::vector<std::string> outside_checkpoints;  // signed notes that were kept elsewhere
  // Known from elsewhere; empty: those that the table of streams names, which who rewrites everything
  // rewrites too.
  std::vector<ledger::VerifierKey> keys;
  std::size_t most_problems = 100;
  std::function<void(std::uint64_t rows)> progress;  // called now and then
};

struct StoreVerdict {
  std::vector<ledger::StreamVerdict> streams;
  ledger::Problems references;  // the table of references against the intact personal values
  ledger::Problems tables;      // what no stream accounts for
  std::uint64_t references_matched = 0;
  std::vector<std::string> not_covered;  // sentences: what was not looked at
  [[nodiscard]] bool intact() const;
  [[nodiscard]] bool complete() const;
};

[[nodiscard]] StoreVerdict verify_store(const ConnectionInfo& info, const VerifyRequest& request);

// For machines.
[[nodiscard]] std::string to_json(const StoreVerdict& verdict);

}  // namespace curfew::store
