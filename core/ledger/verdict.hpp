// What verification found. Integrity and completeness are two verdicts: a ledger can be untouched and still
// not have been told everything.
//
//   if (!verdict.intact()) for (const Problem& p : verdict.problems) print(describe(p));
//
// Threads: values.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ledger/opening.hpp"
#include "core/ledger/stream.hpp"
#include "core/model/vocabulary.hpp"

namespace curfew::ledger {

enum class ProblemKind : std::uint8_t {
  RowMissing,            // entries that the tree has are not stored
  RowRepeated,           // a sequence came twice, or out of order
  RowChanged,            // a row isn't what was sealed there
  RowUnsigned,           // rows behind the last checkpoint
  RowTooLong,            // makes no leaf
  TileMissing,           // a full tile is not stored
  TileChanged,           // a tile's hashes are not those of the tree
  TileUnexpected,        // a tile beyond the tree's end
  RowOrTileChanged,      // they differ, and no checkpoint decides which is right
  CheckpointMalformed,   // none of this stream, of another size than its row says, or out of order
  CheckpointSignature,   // no known key signed it, or the signature is wrong
  CheckpointRoot,        // signed another root than these rows have
  CheckpointUnreached,   // signed more entries than there are, or rows before it are missing
  HeadDiffers,           // a head known from elsewhere contradicts the rows
  TailCut,               // a head known from elsewhere has more entries than there are
  OpeningWrong,          // the first entry doesn't open this stream
  PersonalMissing,       // a personal value is gone, and no erasure covers it
  PersonalChanged,       // a personal value or its salt isn't what was committed to
  PersonalUnexpected,    // a personal value for an entry that has none
  PersonalNotErased,     // an erasure covers it, and it is still there
  ErasureMalformed,      // an erasure entry that can't be read
  ReferenceUnexplained,  // a reference that no intact entry introduced with this value
  ReferenceMissing,      // an entry introduced it, and it is not stored
  CheckpointMissing,     // a checkpoint names another one before it than is stored
};

}  // namespace curfew::ledger

template <>
struct curfew::model::Names<curfew::ledger::ProblemKind> {
  static constexpr std::array<std::string_view, 24> all{
      "row_missing",           "row_repeated",         "row_changed",
      "row_unsigned",          "row_too_long",         "tile_missing",
      "tile_changed",          "tile_unexpected",      "row_or_tile_changed",
      "checkpoint_malformed",  "checkpoint_signature", "checkpoint_root",
      "checkpoint_unreached",  "head_differs",         "tail_cut",
      "opening_wrong",         "personal_missing",     "personal_changed",
      "personal_unexpected",   "personal_not_erased",  "erasure_malformed",
      "reference_unexplained", "reference_missing",    "checkpoint_missing"};
};

namespace curfew::ledger {

struct Problem {
  ProblemKind kind{};
  // The entries concerned, both ends inside; nullopt: it is about no single place.
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> last;
  std::string text;  // a sentence: what, and what it means
};
// "row_changed at 17: …"
[[nodiscard]] std::string describe(const Problem& problem);

// Problems with a limit: a ledger with another key has one for each checkpoint.
struct Problems {
  std::vector<Problem> listed;
  std::uint64_t count = 0;  // also of those that are not listed
  std::map<ProblemKind, std::uint64_t> by_kind;
  std::size_t most_listed = 100;
  void add(ProblemKind kind, std::optional<std::uint64_t> first, std::optional<std::uint64_t> last,
           std::string text);
};

// What one source did not tell, as far as the ledger knows.
struct SourceGaps {
  std::uint64_t gaps = 0;             // `gap` observations: lost records, cleared logs
  std::uint64_t records_missing = 0;  // by their counts
  std::uint64_t uncounted = 0;        // gaps that don't know how many
  std::uint64_t outages = 0;          // the source went silent, down, or was quarantined
  std::map<std::string, std::uint64_t, std::less<>> reasons;  // of gaps and outages
  std::uint64_t first_sequence = 0;                           // where the first of them is
};

struct Completeness {
  std::map<std::string, SourceGaps, std::less<>> sources;  // only those with gaps or outages
  [[nodiscard]] bool complete() const { return sources.empty(); }
};

struct StreamVerdict {
  StreamId id;
  std::uint64_t size = 0;  // rows seen, up to the last
  Digest32 root{};         // recomputed from them; meaningless when rows are missing
  std::uint64_t problem_count = 0;
  std::vector<Problem> problems;  // at most the limit
  std::map<ProblemKind, std::uint64_t> by_kind;
  Completeness completeness;
  std::optional<KnownHead> predecessor;
  std::uint64_t checkpoints = 0;          // verified: signature, size and root
  std::uint64_t tiles = 0;                // compared
  std::uint64_t personal_values = 0;      // that match their commitment
  std::uint64_t erased_values = 0;        // covered by an erasure entry
  std::uint64_t outside_size = 0;         // largest outside checkpoint that agrees; 0: none
  std::vector<std::string> not_excluded;  // what this verification can't rule out, in sentences
  [[nodiscard]] bool intact() const { return problem_count == 0; }
};

// For machines; times, names and counts only, no personal value.
[[nodiscard]] std::string to_json(const StreamVerdict& verdict);

}  // namespace curfew::ledger
