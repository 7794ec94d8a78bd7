// An evidence bundle: a report, the records that it rests on, and what proves that these are in the signed
// tree; one file that is checked without the ledger (docs/ledger-format.md, section 12).
//
//   BundleVerdict verdict = verify_bundle(bytes, {.keys = {VerifierKey::parse(vkey)}, .checkpoints =
//   {note}}); for (const BundleProblem& problem : verdict.problems) print(describe(problem));
//
// Threads: pure functions. Owns: nothing of `bytes`. Fails: verify_bundle never throws for what is in the
// bundle, which is judged; Error(Input) for an outside checkpoint that is none. Memory: the bundle, which is
// bounded by largest_bundle, and a few words for each record.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/ledger/archive.hpp"
#include "core/ledger/note.hpp"
#include "core/ledger/proof.hpp"
#include "core/ledger/stream.hpp"
#include "core/model/vocabulary.hpp"

namespace curfew::ledger {

inline constexpr std::size_t largest_bundle = 64U << 20U;
inline constexpr std::size_t most_bundle_streams = 256;

enum class BundleProblemKind : std::uint8_t {
  Archive,           // not the one form of an archive; what is behind it was not read
  Seal,              // the manifest's signature: wrong, or of no known key
  Manifest,          // not the one that was sealed, or malformed
  MemberMissing,     // the manifest names it
  MemberChanged,     // another size or digest than the manifest says
  MemberUnexpected,  // not in the manifest, or nothing that a bundle has
  Contents,          // bundle.json is malformed, or says something else than is there
  Key,               // no key of this stream
  Checkpoint,        // malformed, of another stream or size, or signed by no known key
  Tile,              // missing, unneeded, or not of the signed tree
  Record,            // malformed, out of order, missing, or not of the signed tree
  Personal,          // not what the record committed to; missing without an erasure; unasked
  Report,            // cites what is not there, or says something else than the records
  Outside,           // an outside checkpoint contradicts, or can't be compared
};

}  // namespace curfew::ledger

template <>
struct curfew::model::Names<curfew::ledger::BundleProblemKind> {
  static constexpr std::array<std::string_view, 14> all{
      "archive",  "seal",   "manifest",   "member_missing", "member_changed", "member_unexpected",
      "contents", "key",    "checkpoint", "tile",           "record",         "personal",
      "report",   "outside"};
};

namespace curfew::ledger {

struct BundleProblem {
  BundleProblemKind kind{};
  std::string member;                     // of the archive; empty: the bundle as a whole
  std::optional<std::uint64_t> sequence;  // of a record
  std::string text;
};
// "record in streams/1/leaves at 17: …"
[[nodiscard]] std::string describe(const BundleProblem& problem);

// A list with a limit.
struct BundleProblems {
  std::vector<BundleProblem> listed;
  std::uint64_t count = 0;
  std::size_t most_listed = 100;
  void add(BundleProblemKind kind, std::string member, std::optional<std::uint64_t> sequence,
           std::string text);
};

struct BundleOptions {
  std::vector<VerifierKey> keys;  // from outside; empty: those in the bundle are believed, and that is said
  std::vector<std::string> checkpoints;  // outside checkpoints of any of its streams
  std::size_t most_problems = 100;
};

struct BundleStream {
  std::int64_t number = 0;  // by which the report cites it
  std::string origin;
  std::uint64_t size = 0;
  Digest32 root{};
  std::string key;            // vkey
  std::string fingerprint;    // hex SHA-256 of the vkey
  std::uint64_t records = 0;  // in the bundle, proven to be in the tree
  bool has_run = false;       // all from `first` to `last` are there, both inside
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t outside_size = 0;  // of the newest outside checkpoint that agrees; 0: none
};

struct BundleVerdict {
  BundleProblems problems;
  std::string sealed_by;  // name of the key; empty: of none
  std::string from;       // the report's period, as it says it
  std::string to;
  std::vector<BundleStream> streams;
  std::uint64_t cited = 0;             // records that the report cites
  std::uint64_t compared_figures = 0;  // of the report, recomputed from the records
  bool names = false;
  std::uint64_t personal_values = 0;  // that match their commitments
  std::uint64_t erased_values = 0;    // covered by an erasure entry in the bundle
  std::vector<std::string> not_excluded;
  [[nodiscard]] bool intact() const { return problems.count == 0; }
};

[[nodiscard]] BundleVerdict verify_bundle(std::string_view bytes, const BundleOptions& options);

// For machines; names of keys, counts and places, no personal value.
[[nodiscard]] std::string to_json(const BundleVerdict& verdict);
// For a terminal.
[[nodiscard]] std::vector<std::string> sentences(const BundleVerdict& verdict);

// ---- what making a bundle shares with checking it ----

// Where a tile is in a tree; one that isn't full has a width below 256.
struct TilePlace {
  std::uint32_t level = 0;
  std::uint64_t index = 0;
  std::uint32_t width = tile_width;
  friend auto operator<=>(const TilePlace&, const TilePlace&) = default;
};

// Full tiles and the right edge that prove these entries in a tree of this size.
[[nodiscard]] std::set<TilePlace> tiles_for(std::uint64_t size, std::span<const std::uint64_t> sequences);
// "streams/1/": where a stream's members are.
[[nodiscard]] std::string bundle_folder(std::int64_t stream);
[[nodiscard]] std::string fingerprint_of(const VerifierKey& key);

// The witness protocol's form: "old <size>", the proof's hashes, an empty line, the checkpoint.
[[nodiscard]] std::string format_consistency(std::uint64_t old_size, std::span<const Digest32> proof,
                                             std::string_view checkpoint);

// The archive of these members behind its seal and manifest, in their order. The seal's first line is no
// stream's origin and its second no size, so it is never taken for a checkpoint, nor a checkpoint for it.
struct BundleMember {
  std::string name;
  std::string content;
};
[[nodiscard]] std::string seal_bundle(std::span<const BundleMember> members, const SigningKey& key);

}  // namespace curfew::ledger
