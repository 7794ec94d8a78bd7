// What a stream of the ledger is made of: its identity, its key, its sealed batches.
//
// A stream has one writer, one key, one Merkle tree: realm + node + epoch. Its origin, the first line of its
// checkpoints, is "curfew/<realm>/<node>/<epoch>". docs/ledger-format.md is the specification; this code
// follows it.
//
// Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/digest.hpp"
#include "core/base/time.hpp"
#include "core/model/entry.hpp"

namespace curfew::ledger {

struct StreamId {
  std::string realm;
  std::string node;
  std::uint32_t epoch = 1;
  friend bool operator==(const StreamId&, const StreamId&) = default;
};
// Realm and node are 1 to 64 of A-Z a-z 0-9 . _ -, the epoch is at least 1: the origin is also the name of
// the stream's key, in which spaces and '+' can't be. Fails: Error(Configuration) naming what is wrong.
void check_stream_id(const StreamId& id);
[[nodiscard]] std::string origin_of(const StreamId& id);
// The stream of an origin; nullopt when it isn't one of ours.
[[nodiscard]] std::optional<StreamId> parse_origin(std::string_view origin);

// A row of the ledger as it is stored; leaf_bytes(row, stream) rebuilds the leaf, so the leaf itself is not
// stored.
struct SealedEntry {
  std::uint64_t sequence = 0;  // 0-based index in the tree
  Time recorded_at{};
  model::Entry entry;
  std::string commitment;  // 32 bytes, or empty if the entry has no personal values
  std::string salt;        // 16 bytes, or empty
};

// A full tile of the tree (C2SP tlog-tiles): 256 hashes, 8192 bytes.
struct Tile {
  std::uint32_t level = 0;
  std::uint64_t index = 0;
  std::string bytes;
};

// Order, salts, leaves and root are fixed here, before the first attempt to store it; it is never changed
// after.
struct SealedBatch {
  std::uint64_t first = 0;  // tree size before
  std::vector<SealedEntry> entries;
  std::vector<Tile> tiles;  // the full tiles that this batch completed
  Digest32 root_before{};
  Digest32 root{};         // after
  std::string checkpoint;  // signed note over the tree after this batch
  [[nodiscard]] std::uint64_t size() const { return first + entries.size(); }
};

}  // namespace curfew::ledger
