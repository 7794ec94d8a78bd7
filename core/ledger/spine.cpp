#include "core/ledger/spine.hpp"

#include <algorithm>
#include <cstring>

namespace curfew::ledger {
namespace {

// Past this many separate places the last one grows to cover the rest.
constexpr std::size_t most_pending = 10'000;

}  // namespace

std::optional<Digest32> Spine::hash_in_tile() {
  if (!tile_read_) {
    tile_ = stored_tiles_(0, size_ / tile_width, tile_width);
    tile_read_ = true;
    if (tile_ && tile_->size() != tile_bytes) tile_.reset();
  }
  if (!tile_) return std::nullopt;
  Digest32 hash;
  std::memcpy(hash.data(), tile_->data() + size_ % tile_width * hash_bytes, hash_bytes);
  return hash;
}

void Spine::fork() {
  if (tiles_known_ || !rows_known_) return;
  tiles_ = rows_;
  tiles_known_ = true;
}

void Spine::differs() {
  if (!pending_.empty() && (pending_.back().second + 1 == size_ || pending_.size() >= most_pending))
    pending_.back().second = size_;
  else
    pending_.emplace_back(size_, size_);
}

void Spine::append(const std::optional<Digest32>& from_row) {
  const std::optional<Digest32> from_tile = hash_in_tile();
  if (from_tile != from_row && from_tile) {
    fork();
    if (from_row) differs();
  }
  if (!from_row && !from_tile) {
    // Neither tree can go on past a leaf that nobody knows.
    rows_known_ = tiles_known_ = false;
  } else {
    if (tiles_known_) tiles_.append(from_tile ? *from_tile : *from_row, full_from_tiles_);
    if (!from_row)
      rows_known_ = false;
    else if (rows_known_)
      rows_.append(*from_row, full_from_rows_);
  }
  ++size_;
  if (size_ % tile_width != 0) return;
  if (!tile_) {
    problems_.add(ProblemKind::TileMissing, size_ - tile_width, size_ - 1,
                  tile_path(0, size_ / tile_width - 1) + " is not stored, or has not 8192 bytes");
  } else {
    ++tiles_compared_;
  }
  tile_read_ = false;
  compare_upper_tiles();
}

void Spine::compare_upper_tiles() {
  const auto matches = [](const std::vector<Tile>& tiles, const Tile& wanted, const std::string& bytes) {
    return std::any_of(tiles.begin(), tiles.end(), [&](const Tile& tile) {
      return tile.level == wanted.level && tile.index == wanted.index && tile.bytes == bytes;
    });
  };
  for (const Tile& tile : rows_known_ ? full_from_rows_ : full_from_tiles_) {
    if (tile.level == 0) continue;
    const std::uint64_t covers = std::uint64_t{1} << 8 * (tile.level + 1);
    const auto stored = stored_tiles_(tile.level, tile.index, tile_width);
    ++tiles_compared_;
    if (!stored) {
      problems_.add(ProblemKind::TileMissing, tile.index * covers, tile.index * covers + covers - 1,
                    tile_path(tile.level, tile.index) + " is not stored");
    } else if (!matches(full_from_rows_, tile, *stored) && !matches(full_from_tiles_, tile, *stored)) {
      problems_.add(ProblemKind::TileChanged, tile.index * covers, tile.index * covers + covers - 1,
                    tile_path(tile.level, tile.index) + " is not that of the tree below it");
    }
  }
  full_from_rows_.clear();
  full_from_tiles_.clear();
}

void Spine::row(const Digest32& leaf) { append(leaf); }

void Spine::unusable_row() { append(std::nullopt); }

void Spine::missing_until(std::uint64_t end) {
  while (size_ < end && known()) append(std::nullopt);
  // A gap without tiles may be as long as a forged sequence says: no walk over it.
  if (size_ < end) {
    rows_known_ = tiles_known_ = false;
    size_ = end;
    tile_read_ = false;
  }
}

void Spine::tell(ProblemKind kind, const char* text) {
  for (const auto& [first, last] : pending_) problems_.add(kind, first, last, text);
  pending_.clear();
}

bool Spine::settle(const Digest32& root) {
  if (rows_known_ && rows_.root() == root) {
    tell(ProblemKind::TileChanged, "the stored tile has another hash for this entry than the signed tree");
    tiles_known_ = false;
    return true;
  }
  if (tiles_known_ && tiles_.root() == root) {
    tell(ProblemKind::RowChanged,
         "the row is not what was sealed here: its leaf has another hash than the signed tree");
    rows_ = tiles_;
    rows_known_ = true;
    tiles_known_ = false;
    return true;
  }
  return false;
}

void Spine::finish() {
  tell(ProblemKind::RowOrTileChanged,
       "row and stored tile have different hashes, and no signed root decides which is right");
  for (std::uint32_t level = 0; level < 8; ++level) {
    const std::uint64_t end = level == 7 ? 0 : size_ >> 8 * (level + 1);
    if (stored_tiles_(level, end, tile_width)) {
      problems_.add(
          ProblemKind::TileUnexpected, std::nullopt, std::nullopt,
          tile_path(level, end) + " is stored, but the entries don't reach it: were the last ones removed?");
    }
  }
}

}  // namespace curfew::ledger
