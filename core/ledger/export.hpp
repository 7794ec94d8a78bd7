// An exported ledger: a directory of CSV files as PostgreSQL's COPY writes them (docs/ledger-format.md,
// section 9). It can be verified without a database, by us or by others.
//
//   ExportWriter writer("/var/tmp/ledger"); writer.stream(1, id, vkey); writer.entry(1, row); …
//   writer.finish(); ExportVerdict verdict = verify_export("/var/tmp/ledger", {.keys = {…}, .checkpoints =
//   {note}});
//
// Threads: one. Owns: the open files. Fails: Error(Unavailable) when files can't be written, Error(Input)
// when an export can't be read, with file and row.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "core/ledger/note.hpp"
#include "core/ledger/stream.hpp"
#include "core/ledger/verdict.hpp"
#include "core/ledger/verify.hpp"

namespace curfew::ledger {

class ExportWriter {
 public:
  // Creates the directory; refuses one that has an export already.
  explicit ExportWriter(const std::string& directory);

  // Each kind ascending: by stream, then by sequence, level and index, or size.
  void stream(std::int64_t number, const StreamId& id, const std::string& verifier_key);
  // The entry, and its personal value if it has one.
  void entry(std::int64_t stream, const SealedEntry& row);
  void reference(const model::PersonalValue& value);
  void tile(std::int64_t stream, const Tile& tile);
  // Root and previous size are taken from the note and from the call before.
  void checkpoint(std::int64_t stream, const StoredCheckpoint& checkpoint);
  // Flushes; throws if anything could not be written.
  void finish();

 private:
  std::string directory_;
  std::ofstream streams_, entries_, personal_, references_, tiles_, checkpoints_;
  std::int64_t last_stream_ = 0;
  std::uint64_t last_size_ = 0;
};

struct ExportOptions {
  std::vector<VerifierKey> keys;  // from outside; empty: those in the export are believed, and that is said
  std::vector<std::string> checkpoints;  // outside checkpoints of any of its streams
  std::size_t most_problems = 100;
};

struct ExportVerdict {
  std::vector<StreamVerdict> streams;
  Problems problems;  // about no stream alone: references, rows of unknown streams, heads of missing streams
  [[nodiscard]] bool intact() const;
  [[nodiscard]] bool complete() const;
};

[[nodiscard]] ExportVerdict verify_export(const std::string& directory, const ExportOptions& options);

// For machines.
[[nodiscard]] std::string to_json(const ExportVerdict& verdict);

}  // namespace curfew::ledger
