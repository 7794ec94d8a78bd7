#include "core/policy/concurrency.hpp"

#include <absl/container/flat_hash_set.h>

#include <algorithm>

namespace curfew::policy {

Overlap overlap(std::span<const Interval> group, const Interval& newest) {
  std::vector<Interval> lived;
  for (const Interval& other : group) {
    const bool began = other.number == newest.number || began_before(other, newest);
    const bool ended = other.end != Time{} && other.end <= newest.start && other.number != newest.number;
    if (began && !ended) lived.push_back(other);
  }
  std::sort(lived.begin(), lived.end(), began_before);
  Overlap result;
  absl::flat_hash_set<model::SessionNumber> sign_ins;
  absl::flat_hash_set<model::SessionNumber> same_identifier;
  for (const Interval& session : lived) {
    if (session.identifier == newest.identifier) same_identifier.insert(session.sign_in);
    if (sign_ins.insert(session.sign_in).second) result.sessions.push_back(session.number);
  }
  result.count = static_cast<std::uint32_t>(sign_ins.size());
  result.of_same_identifier = static_cast<std::uint32_t>(same_identifier.size());
  return result;
}

}  // namespace curfew::policy
