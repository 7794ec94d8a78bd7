// What verification reads: rows, personal values, tiles and checkpoints of a stream, each in order and
// without holding them all.
//
//   OneSnapshot snapshot(info);
//   Personal personal(snapshot.personal, stream);
//   for (; personal.row() != nullptr; personal.advance()) …
//
// Threads: one. Owns: connections; a few tiles and checkpoints that were read ahead. Fails: as
// ServerConnection; what the columns beside a signed note say wrongly goes into the problems given.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/ledger/verify.hpp"
#include "core/store/binary_copy.hpp"
#include "core/store/server_connection.hpp"

namespace curfew::store {

// Several connections that see the same snapshot of the database.
struct OneSnapshot {
  explicit OneSnapshot(const ConnectionInfo& info);
  ServerConnection entries;
  ServerConnection personal;
  ServerConnection rest;
};

// Level 0 is asked for in order: a few tiles are read ahead.
class Tiles {
 public:
  Tiles(ServerConnection& connection, std::int64_t stream) : connection_(connection), stream_(stream) {}
  std::optional<std::string> read(std::uint32_t level, std::uint64_t index);

 private:
  void fetch(std::uint64_t index);
  ServerConnection& connection_;
  std::int64_t stream_;
  std::uint64_t from_ = 0;
  std::uint64_t to_ = 0;
  std::vector<std::pair<std::uint64_t, std::string>> ahead_;
};

// Ascending; also holds the columns that are beside the signed note to what the note says.
class Checkpoints {
 public:
  Checkpoints(ServerConnection& connection, std::int64_t stream, ledger::Problems& problems)
      : connection_(connection), stream_(stream), problems_(problems) {}
  std::optional<ledger::StoredCheckpoint> next();

 private:
  void fetch();
  void check_root(const std::string& note, std::string_view root, const std::string& where,
                  std::uint64_t size);
  ServerConnection& connection_;
  std::int64_t stream_;
  ledger::Problems& problems_;
  std::int64_t last_ = std::numeric_limits<std::int64_t>::min();
  std::deque<ledger::StoredCheckpoint> waiting_;
};

// Personal rows in order, one at a time: sequence, salt, value.
class Personal {
 public:
  Personal(ServerConnection& connection, std::int64_t stream);
  [[nodiscard]] const BinaryRow* row() const { return row_; }
  [[nodiscard]] std::int64_t sequence() const { return row_->number(0); }
  void advance();

 private:
  ServerConnection& connection_;
  BinaryReader reader_;
  const BinaryRow* row_ = nullptr;
};

}  // namespace curfew::store
