// How many sessions there were at once when one of them began.
//
//   Overlap o = overlap(group, 2);       // of group[2]: how many lived at its start, itself included
//
// Sessions of one sign-in (joined) count once. Threads: pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/model/rows.hpp"

namespace curfew::policy {

struct Interval {
  model::SessionNumber number = 0;
  model::SessionNumber sign_in = 0;  // the same for joined sessions
  model::Ref identifier;             // by which the session itself was known
  Time start{};
  Time end{};  // epoch: lives
};

struct Overlap {
  std::vector<model::SessionNumber> sessions;  // that lived then, by start, the newest last; one a sign-in
  std::uint32_t count = 0;
  std::uint32_t of_same_identifier = 0;  // what it would be without links between identifiers
};

// Of two sessions that start at the same time the lower number is the older one.
[[nodiscard]] inline bool began_before(const Interval& a, const Interval& b) {
  return a.start != b.start ? a.start < b.start : a.number < b.number;
}
[[nodiscard]] Overlap overlap(std::span<const Interval> group, const Interval& newest);

}  // namespace curfew::policy
