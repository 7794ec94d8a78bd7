// Failed sign-ins of the recent past, by identifier.
//
//   failures.add(identifier, occurred_at, now, 3); failures.count(identifier, from, to) == 3
//
// Names that nobody has are failed too, so nothing is kept of them past the longest window, and at most
// `most_kept` records in all and `most_of_one` of one identifier: what is dropped beyond that is counted.
// Threads: one. Owns: the records.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <deque>
#include <vector>

#include "core/base/time.hpp"
#include "core/model/ref.hpp"
#include "core/model/state_bytes.hpp"

namespace curfew::policy {

class Failures {
 public:
  static constexpr std::size_t most_kept = 1'000'000;
  static constexpr std::size_t most_of_one = 1'000;

  void add(model::Ref identifier, Time occurred_at, Time now, std::uint32_t count);
  // Forgets what was told before `horizon` (engine time).
  void forget_before(Time horizon);
  // Failures that occurred in [from, to].
  [[nodiscard]] std::uint64_t count(model::Ref identifier, Time from, Time to) const;
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

  void save(model::StateWriter& writer) const;
  void load(model::StateReader& reader);

 private:
  struct Failure {
    Time occurred_at{};
    std::uint32_t count = 0;
  };
  struct Told {
    Time at{};
    model::Ref identifier;
  };
  void forget_oldest();

  absl::flat_hash_map<std::uint64_t, std::vector<Failure>> by_identifier_;  // in the order of telling
  std::deque<Told> told_;
  std::uint64_t dropped_ = 0;
};

}  // namespace curfew::policy
