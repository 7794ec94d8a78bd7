#include "core/ledger/tree.hpp"

#include <algorithm>
#include <cstring>

#include "core/base/error.hpp"

namespace curfew::ledger {
namespace {

constexpr std::uint32_t tile_height = 8;

std::uint32_t hashes_in_partial_tile(std::uint64_t size, std::uint32_t level) {
  return level * tile_height >= 64 ? 0 : static_cast<std::uint32_t>(size >> level * tile_height) % tile_width;
}

std::uint32_t levels_of(std::uint64_t size) {
  std::uint32_t levels = 0;
  while (levels * tile_height < 64 && size >> levels * tile_height != 0) ++levels;
  return levels;
}

// The root of 2^n hashes.
Digest32 complete_root(std::string_view hashes) {
  if (hashes.size() == hash_bytes) return digest_from_bytes(hashes);
  const std::size_t half = hashes.size() / 2;
  return node_hash(complete_root(hashes.substr(0, half)), complete_root(hashes.substr(half)));
}

[[noreturn]] void broken_edge(const std::string& why) {
  throw Error(ErrorKind::Corrupt, "ledger: the tree's right edge can't be rebuilt: " + why);
}

}  // namespace

Digest32 leaf_hash(std::string_view entry) {
  thread_local base::Sha256 hash;
  return hash.update(std::string_view("\0", 1)).update(entry).finish();
}

Digest32 node_hash(const Digest32& left, const Digest32& right) {
  thread_local base::Sha256 hash;
  std::array<char, 1 + 2 * hash_bytes> node;
  node[0] = 1;
  std::memcpy(&node[1], left.data(), hash_bytes);
  std::memcpy(&node[1 + hash_bytes], right.data(), hash_bytes);
  return hash.update(std::string_view(node.data(), node.size())).finish();
}

const Digest32& empty_root() {
  static const Digest32 root = base::sha256({});
  return root;
}

Digest32 digest_from_bytes(std::string_view bytes) {
  if (bytes.size() != hash_bytes)
    throw Error(ErrorKind::Corrupt, "ledger: a hash has 32 bytes, not " + std::to_string(bytes.size()));
  Digest32 digest;
  std::memcpy(digest.data(), bytes.data(), hash_bytes);
  return digest;
}

Tree Tree::from_edge(std::uint64_t size, std::vector<std::string> partial_tiles) {
  Tree tree;
  tree.size_ = size;
  tree.partial_ = std::move(partial_tiles);
  const std::uint32_t levels = levels_of(size);
  if (tree.partial_.size() > levels) broken_edge("it has too many levels");
  tree.partial_.resize(levels);
  for (std::uint32_t level = 0; level < levels; ++level) {
    const std::uint32_t count = hashes_in_partial_tile(size, level);
    std::string_view hashes = tree.partial_[level];
    if (hashes.size() != count * hash_bytes) {
      broken_edge("level " + std::to_string(level) + " has " + std::to_string(hashes.size()) +
                  " bytes where " + std::to_string(count) + " hashes belong");
    }
    for (std::uint32_t bit = tile_height; bit-- > 0;) {
      if ((count >> bit & 1) == 0) continue;
      const std::size_t length = hash_bytes << bit;
      tree.peaks_[level * tile_height + bit] = complete_root(hashes.substr(0, length));
      hashes.remove_prefix(length);
    }
  }
  return tree;
}

Tree Tree::restore(std::uint64_t size, const std::vector<Digest32>& leaf_hashes,
                   const TileReader& read_full_tile) {
  std::vector<std::string> edge(levels_of(size));
  if (leaf_hashes.size() != size % tile_width) {
    broken_edge(std::to_string(leaf_hashes.size()) + " leaf hashes were given for its last " +
                std::to_string(size % tile_width) + " leaves");
  }
  for (const Digest32& hash : leaf_hashes) edge[0] += base::as_text(hash);
  for (std::uint32_t level = 1; level < edge.size(); ++level) {
    const std::uint32_t count = hashes_in_partial_tile(size, level);
    const std::uint64_t end = size >> level * tile_height;
    for (std::uint64_t index = end - count; index < end; ++index) {
      const auto tile = read_full_tile(level - 1, index, tile_width);
      if (!tile || tile->size() != tile_bytes)
        broken_edge(tile_path(level - 1, index) + (tile ? " has a wrong size" : " is missing"));
      edge[level] += base::as_text(complete_root(*tile));
    }
  }
  return from_edge(size, std::move(edge));
}

void Tree::append(const Digest32& leaf, std::vector<Tile>& full_tiles) {
  const auto push = [&](std::uint32_t level, const Digest32& hash) {
    if (partial_.size() <= level) partial_.resize(level + 1);
    std::string& hashes = partial_[level];
    if (hashes.empty()) hashes.reserve(tile_bytes);
    hashes += base::as_text(hash);
    if (hashes.size() == tile_bytes) {
      full_tiles.push_back({level, size_ >> (level + 1) * tile_height, std::move(hashes)});
      hashes.clear();
    }
  };
  push(0, leaf);
  Digest32 hash = leaf;
  std::uint32_t height = 0;
  for (; (size_ >> height & 1) != 0; ++height) {
    hash = node_hash(peaks_[height], hash);
    if ((height + 1) % tile_height == 0) push((height + 1) / tile_height, hash);
  }
  peaks_[height] = hash;
  ++size_;
}

Digest32 Tree::root() const {
  if (size_ == 0) return empty_root();
  std::uint32_t height = 0;
  while ((size_ >> height & 1) == 0) ++height;
  Digest32 hash = peaks_[height];
  for (++height; height < 64 && size_ >> height != 0; ++height) {
    if ((size_ >> height & 1) != 0) hash = node_hash(peaks_[height], hash);
  }
  return hash;
}

std::string Tree::partial_tile(std::uint32_t level) const {
  return level < partial_.size() ? partial_[level] : std::string();
}

TileReader tiles_of(const Tree& tree, TileReader stored) {
  return [&tree, stored = std::move(stored)](std::uint32_t level, std::uint64_t index,
                                             std::uint32_t width) -> std::optional<std::string> {
    const std::uint64_t full = (level + 1) * tile_height >= 64 ? 0 : tree.size() >> (level + 1) * tile_height;
    if (index < full) return stored(level, index, tile_width);
    if (index > full) return std::nullopt;
    std::string tile = tree.partial_tile(level);
    if (tile.size() < width * hash_bytes) return std::nullopt;
    return tile;
  };
}

}  // namespace curfew::ledger
