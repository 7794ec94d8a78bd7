// The tree as verification recomputes it, from the rows and, where those contradict the stored tiles, from
// the tiles too, until a signed root tells which of the two is right. That is how a changed row is found by
// its place, and not only by a root that differs.
//
// Threads: one. Owns: two right edges and the differences since the last root that agreed. Fails: never; what
// is wrong goes into `problems`. Internal to verification.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/ledger/erasure.hpp"
#include "core/ledger/tree.hpp"
#include "core/ledger/verdict.hpp"

namespace curfew::ledger {

class Spine {
 public:
  Spine(TileReader stored_tiles, Problems& problems)
      : stored_tiles_(std::move(stored_tiles)), problems_(problems) {}

  // The next leaf, from its row.
  void row(const Digest32& leaf);
  // The next row is there, but makes no leaf.
  void unusable_row();
  // Rows up to `end` are missing; goes on from the tiles as far as they reach.
  void missing_until(std::uint64_t end);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  // False when neither rows nor tiles say what the tree is from here on.
  [[nodiscard]] bool known() const { return rows_known_ || tiles_known_; }
  // Whether the tree has this root now. If so, differences since the last such call are settled and told.
  bool settle(const Digest32& root);
  [[nodiscard]] Digest32 root() const { return rows_known_ ? rows_.root() : tiles_.root(); }
  // Differences that no root settled, and tiles beyond the end.
  void finish();
  [[nodiscard]] std::uint64_t tiles_compared() const { return tiles_compared_; }

 private:
  void append(const std::optional<Digest32>& from_row);
  std::optional<Digest32> hash_in_tile();
  void fork();
  void differs();
  void compare_upper_tiles();
  void tell(ProblemKind kind, const char* text);

  TileReader stored_tiles_;
  Problems& problems_;
  std::uint64_t size_ = 0;
  Tree rows_;
  Tree tiles_;  // only while they differ
  bool rows_known_ = true;
  bool tiles_known_ = false;
  bool tile_read_ = false;
  std::optional<std::string> tile_;     // the stored level-0 tile that size_ is in
  std::vector<SequenceRange> pending_;  // where row and tile differ, not settled yet
  std::vector<Tile> full_from_rows_;
  std::vector<Tile> full_from_tiles_;
  std::uint64_t tiles_compared_ = 0;
};

}  // namespace curfew::ledger
