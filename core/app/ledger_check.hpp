// What `verify` and `audit` say of a ledger, and the file in which `serve` keeps checkpoints outside of it.
//
//   store::StoreVerdict verdict = store::verify_store(info, {.outside_checkpoints =
//   app::read_checkpoints(file)}); for (const std::string& line : app::sentences(verdict))
//   std::puts(line.c_str());
//
// Threads: pure functions. Owns: nothing. Fails: Error(Input) for a file without checkpoints.
#pragma once

#include <string>
#include <vector>

#include "core/ledger/export.hpp"
#include "core/report/compliance_facts.hpp"
#include "core/store/verify_store.hpp"

namespace curfew::app {

// The signed notes in a file, as `serve` appends them.
[[nodiscard]] std::vector<std::string> read_checkpoints(const std::string& file);

// The verdict in lines for a terminal.
[[nodiscard]] std::vector<std::string> sentences(const store::StoreVerdict& verdict);
[[nodiscard]] std::vector<std::string> sentences(const ledger::ExportVerdict& verdict);

// The same as a report holds it.
[[nodiscard]] report::LedgerFinding finding_of(const store::StoreVerdict& verdict);

}  // namespace curfew::app
