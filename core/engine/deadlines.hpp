// A queue of (time, number) that gives the earliest first, equal times by number.
//
//   deadlines.push(t, session); while (auto due = deadlines.pop_until(now)) …
//
// Entries lie in buckets of about a second; only the bucket at the front is kept in order. There is no way to
// take an entry out: whoever pushed it knows whether it still counts. Threads: one. Owns: the entries.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

#include "core/base/time.hpp"

namespace curfew::engine {

struct Due {
  Time at{};
  std::uint64_t number = 0;
  friend auto operator<=>(const Due&, const Due&) = default;
};

class Deadlines {
 public:
  void push(Time at, std::uint64_t number);
  [[nodiscard]] std::optional<Time> earliest();
  std::optional<Due> pop_until(Time until);
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  static std::int64_t bucket_of(Time at) { return base::to_micros(at) >> 20; }
  void open_next();

  std::vector<Due> front_;  // a heap
  std::int64_t front_bucket_ = INT64_MIN;
  absl::flat_hash_map<std::int64_t, std::vector<Due>> buckets_;
  std::priority_queue<std::int64_t, std::vector<std::int64_t>, std::greater<>> order_;
  std::size_t size_ = 0;
};

}  // namespace curfew::engine
