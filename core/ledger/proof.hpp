// Inclusion and consistency proofs of RFC 6962, made from tiles; and their checks, which need no tiles.
//
//   auto path = inclusion_proof(index, size, tiles_of(tree, stored));
//   verify_inclusion(index, size, leaf_hash(leaf), path, root)      // true: the leaf is in that tree
//
// Threads: pure functions. Fails: making a proof throws Error(Corrupt) when a tile is missing, Error(Usage)
// when the positions are outside the tree; a check says false.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/digest.hpp"
#include "core/ledger/tree.hpp"

namespace curfew::ledger {

using Proof = std::vector<Digest32>;

// The root of the tree's first `size` leaves.
[[nodiscard]] Digest32 root_at(std::uint64_t size, const TileReader& tiles);
[[nodiscard]] Proof inclusion_proof(std::uint64_t index, std::uint64_t size, const TileReader& tiles);
// That the tree of `size` leaves begins with the tree of `old_size` leaves.
[[nodiscard]] Proof consistency_proof(std::uint64_t old_size, std::uint64_t size, const TileReader& tiles);

[[nodiscard]] bool verify_inclusion(std::uint64_t index, std::uint64_t size, const Digest32& leaf,
                                    std::span<const Digest32> proof, const Digest32& root);
[[nodiscard]] bool verify_consistency(std::uint64_t old_size, std::uint64_t size, const Digest32& old_root,
                                      const Digest32& root, std::span<const Digest32> proof);

// C2SP tlog-proof: an inclusion proof with its checkpoint, as one text to attach to a report.
[[nodiscard]] std::string format_tlog_proof(std::uint64_t index, std::span<const Digest32> proof,
                                            std::string_view checkpoint);
struct TlogProof {
  std::uint64_t index = 0;
  Proof proof;
  std::string checkpoint;
};
// Fails: Error(Input) naming the line.
[[nodiscard]] TlogProof parse_tlog_proof(std::string_view text);

}  // namespace curfew::ledger
