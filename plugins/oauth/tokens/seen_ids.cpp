#include "plugins/oauth/tokens/seen_ids.hpp"

namespace curfew::oauth {

bool SeenIds::take(const std::string& id, plugin::Time until, plugin::Time now) {
  const std::lock_guard lock(mutex_);
  while (!by_end_.empty() && (by_end_.begin()->first <= now || ids_.size() >= most)) {
    ids_.erase(by_end_.begin()->second);
    by_end_.erase(by_end_.begin());
  }
  if (!ids_.emplace(id, until).second) return false;
  by_end_.emplace(until, id);
  return true;
}

bool SeenIds::knows(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  return ids_.contains(id);
}

void SeenIds::forget(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = ids_.find(id);
  if (found == ids_.end()) return;
  auto [at, end] = by_end_.equal_range(found->second);
  while (at != end && at->second != id) ++at;
  if (at != end) by_end_.erase(at);
  ids_.erase(found);
}

}  // namespace curfew::oauth
