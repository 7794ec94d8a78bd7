// The Merkle tree of RFC 6962, grown leaf by leaf, and its C2SP tlog-tiles.
//
//   Tree tree; std::vector<Tile> full;
//   tree.append(leaf_hash(bytes), full);       // `full` gets the tiles that this leaf completed
//   tree.root()                                // at any time, O(log n)
//
// Threads: a Tree belongs to one thread at a time; functions are pure. Owns: the right edge, at most 255
// hashes for each of 8 levels; the tree itself lives in its tiles. Fails: Error(Corrupt) when tiles to
// restore from are missing or have a wrong size.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/digest.hpp"
#include "core/ledger/stream.hpp"

namespace curfew::ledger {

inline constexpr std::size_t hash_bytes = 32;
inline constexpr std::uint64_t tile_width = 256;
inline constexpr std::size_t tile_bytes = tile_width * hash_bytes;

// SHA-256(0x00 ‖ entry), SHA-256(0x01 ‖ left ‖ right), SHA-256("").
[[nodiscard]] Digest32 leaf_hash(std::string_view entry);
[[nodiscard]] Digest32 node_hash(const Digest32& left, const Digest32& right);
[[nodiscard]] const Digest32& empty_root();

[[nodiscard]] Digest32 digest_from_bytes(std::string_view bytes);

// At least the first `width` hashes of a tile, 32 bytes each; nullopt when it isn't there. A full tile has
// width 256.
using TileReader =
    std::function<std::optional<std::string>(std::uint32_t level, std::uint64_t index, std::uint32_t width)>;

class Tree {
 public:
  Tree() = default;
  // Rebuilds the right edge of a tree of `size` leaves: level 0 from `leaf_hashes` (those of the last
  // size % 256 leaves), the levels above from full tiles.
  static Tree restore(std::uint64_t size, const std::vector<Digest32>& leaf_hashes,
                      const TileReader& read_full_tile);
  // The same from the partial tiles of each level (level 0 first), as `partial_tile` gave them.
  static Tree from_edge(std::uint64_t size, std::vector<std::string> partial_tiles);

  void append(const Digest32& leaf, std::vector<Tile>& full_tiles);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] Digest32 root() const;
  // The hashes of a level that fill no tile yet: (size >> 8 level) % 256 of them.
  [[nodiscard]] std::string partial_tile(std::uint32_t level) const;
  [[nodiscard]] std::vector<std::string> edge() const { return partial_; }

 private:
  std::uint64_t size_ = 0;
  // peaks_[h] is the complete subtree of height h that ends the tree, where bit h of size_ is set.
  std::array<Digest32, 64> peaks_{};
  std::vector<std::string> partial_;
};

// Full tiles from `stored`, the right edge from `tree`, which must outlive the reader.
[[nodiscard]] TileReader tiles_of(const Tree& tree, TileReader stored);

// "tile/0/x001/x234/067", with ".p/5" for the first 5 hashes of a tile that isn't full.
[[nodiscard]] std::string tile_path(std::uint32_t level, std::uint64_t index, std::uint32_t width = 256);
[[nodiscard]] std::string entries_path(std::uint64_t index, std::uint32_t width = 256);
struct TilePath {
  bool entries = false;
  std::uint32_t level = 0;
  std::uint64_t index = 0;
  std::uint32_t width = 256;
  friend bool operator==(const TilePath&, const TilePath&) = default;
};
// The reverse, without a leading '/'. Only canonical paths.
[[nodiscard]] std::optional<TilePath> parse_tile_path(std::string_view path);

// A tlog-tiles entry bundle: each leaf behind its length, two bytes big-endian.
void append_to_bundle(std::string& bundle, std::string_view leaf);

}  // namespace curfew::ledger
