// Verification of every stream in a database.
//
//   app::LedgerCheck check = app::check_ledger(store, {.checkpoints = read_checkpoints(file)});
//   check.intact()
//
// Threads: one. Owns: nothing afterwards. Fails: Error(Unavailable) when the database is away; what is wrong
// with the ledger is in the verdicts.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/ledger/verify.hpp"
#include "core/store/store.hpp"

namespace curfew::app {

struct LedgerCheckOptions {
  std::vector<std::string> checkpoints;  // signed notes from outside
  // Told of every entry, for who wants more than the verdict.
  std::function<void(const store::StreamHead&, const ledger::SealedEntry&)> see;
  std::function<void(std::uint64_t done, std::uint64_t of)> progress;
};

struct LedgerCheck {
  std::vector<store::StreamHead> heads;
  std::vector<ledger::StreamVerdict> streams;
  std::vector<std::string> problems;  // that belong to no stream: an outside checkpoint that fits none
  [[nodiscard]] bool intact() const;
};

[[nodiscard]] LedgerCheck check_ledger(store::Store& store, const LedgerCheckOptions& options);

// The signed notes in a file, as `serve` appends them.
[[nodiscard]] std::vector<std::string> read_checkpoints(const std::string& file);

// The verdict in lines for a terminal.
[[nodiscard]] std::vector<std::string> sentences(const LedgerCheck& check);

}  // namespace curfew::app
