// Verification of a stream, row by row, with what else is stored: tiles, checkpoints, personal values.
//
//   VerifyOptions options{.id = id, .keys = {VerifierKey::parse(vkey)}, .stored_size = head.size};
//   options.heads.push_back(outside_head(note, options.keys));
//   StreamVerifier verifier(std::move(options), read_tile, next_checkpoint);
//   while (…) verifier.feed(fields, personal);
//   StreamVerdict verdict = verifier.finish();
//
// Several streams of a realm: read each one's first entry beforehand and give its predecessor a head to hold
// (successor_head); feed all; hand each one's erasures on (erasures → cover); then finish all.
//
// Threads: one for each verifier. Owns: right edges, and two bits for each row (is a personal value due, is
// it there): 10 million rows are 2.5 MB. Fails: what is wrong is in the verdict; exceptions come only from
// the readers.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ledger/completeness.hpp"
#include "core/ledger/erasure.hpp"
#include "core/ledger/leaf.hpp"
#include "core/ledger/note.hpp"
#include "core/ledger/references.hpp"
#include "core/ledger/spine.hpp"
#include "core/ledger/verdict.hpp"

namespace curfew::ledger {

struct StoredCheckpoint {
  std::uint64_t size = 0;
  std::string note;
  std::string root;  // the root column; empty: there is none
  std::optional<std::uint64_t> previous_size;
};
// Ascending by size; nullopt at the end.
using CheckpointReader = std::function<std::optional<StoredCheckpoint>()>;

struct PersonalView {
  std::string_view salt;
  std::string_view value;
};

// A size and root that the stream must have had, known from elsewhere than its own tables.
struct ExpectedHead {
  enum class From : std::uint8_t { Outside, Successor, StreamTable };
  From from = From::Outside;
  std::uint64_t size = 0;
  Digest32 root{};
};

struct VerifyOptions {
  StreamId id;
  std::vector<VerifierKey> keys;  // all that may sign: several after a rotation
  bool keys_from_outside = false;
  std::optional<std::uint64_t> stored_size;   // the stream table's, if it says one
  std::optional<std::uint64_t> stored_tiles;  // how many rows the table of tiles has for it, if counted
  std::vector<ExpectedHead> heads;
  ReferenceCheck* references = nullptr;  // told of every intact personal value
  std::size_t most_problems = 100;
};

// Opens an outside checkpoint. Fails: Error(Input) when no known key signed it or it is of another stream.
[[nodiscard]] ExpectedHead outside_head(std::string_view note, const StreamId& id,
                                        std::span<const VerifierKey> keys);
// What `opening` says of `predecessor`; nullopt when it names another stream or none.
[[nodiscard]] std::optional<ExpectedHead> successor_head(const Opening& opening, const StreamId& predecessor);

class StreamVerifier {
 public:
  StreamVerifier(VerifyOptions options, TileReader stored_tiles, CheckpointReader next_checkpoint);

  // The next row in ascending sequence; realm and stream in `row` are not looked at. `personal`: its personal
  // row, if there is one.
  void feed(const LeafFields& row, const std::optional<PersonalView>& personal);
  void feed(const SealedEntry& row);
  // A personal row for which there is no entry at all.
  void stray_personal(std::uint64_t sequence);

  // What erasure entries of this stream cover, in whatever stream; and what others' cover here.
  [[nodiscard]] const std::vector<Coverage>& erasures() const { return erasures_; }
  void cover(const Coverage& coverage);

  // All rows were fed: reads what is left of checkpoints and tiles. finish() does it too; call it before when
  // the readers don't live as long as the verifier.
  void end_of_rows();
  [[nodiscard]] StreamVerdict finish();

 private:
  void check_first(const LeafFields& row);
  void take_erasure(std::uint64_t sequence, std::vector<Coverage> covered);
  void check_personal(const LeafFields& row, const std::optional<PersonalView>& personal);
  void check_heads();
  void check_checkpoint(const StoredCheckpoint& stored);
  void check_columns(const StoredCheckpoint& stored, const Checkpoint& checkpoint);
  void read_checkpoint();
  void finish_personal();
  void finish_heads();
  void note_presence(std::uint64_t sequence, bool due, bool there);

  VerifyOptions options_;
  std::string origin_;
  LeafEncoder encoder_;
  CheckpointReader next_checkpoint_;
  std::optional<StoredCheckpoint> checkpoint_;
  Problems problems_;
  Spine spine_;
  CompletenessCounter completeness_;
  std::vector<Coverage> erasures_;
  std::vector<SequenceRange> covered_;
  std::vector<bool> due_;              // by sequence: the leaf has a commitment …
  std::vector<bool> there_;            // … and a personal row exists
  std::uint64_t signed_size_ = 0;      // of the newest checkpoint that agreed
  std::uint64_t last_checkpoint_ = 0;  // size of the one before this
  std::uint64_t mismatches_ = 0;       // checkpoints in a row that didn't
  std::size_t next_head_ = 0;          // of options_.heads, ascending by size
  std::uint64_t rows_ = 0;
  bool ended_ = false;
  StreamVerdict verdict_;
};

}  // namespace curfew::ledger
