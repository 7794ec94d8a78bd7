#include "plugins/forms/stores/session_ids.hpp"

namespace curfew::forms {

void SessionIds::put(const plugin::SessionDigest& digest, std::string_view id, std::string_view subject,
                     bool may_evict) {
  const std::lock_guard lock(mutex_);
  if (const auto found = by_digest_.find(digest); found != by_digest_.end()) {
    if (!subject.empty()) found->second->name.subject = subject;
    entries_.splice(entries_.begin(), entries_, found->second);
    return;
  }
  if (entries_.size() >= most_) {
    if (!may_evict) return;
    by_digest_.erase(entries_.back().digest);
    entries_.pop_back();
  }
  entries_.push_front({digest, {std::string(id), std::string(subject)}});
  by_digest_[digest] = entries_.begin();
}

std::optional<SessionName> SessionIds::find(const plugin::SessionDigest& digest) {
  const std::lock_guard lock(mutex_);
  const auto found = by_digest_.find(digest);
  if (found == by_digest_.end()) return std::nullopt;
  return found->second->name;
}

plugin::Duration SessionIds::missing(const plugin::SessionDigest& digest) {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  if (const auto found = missing_.find(digest); found != missing_.end())
    return std::chrono::duration_cast<plugin::Duration>(now - found->second);
  if (missing_.size() >= most_missing) {
    missing_.erase(missing_order_.front());
    missing_order_.pop_front();
  }
  missing_[digest] = now;
  missing_order_.push_back(digest);
  return {};
}

void SessionIds::there(const plugin::SessionDigest& digest) {
  const std::lock_guard lock(mutex_);
  if (missing_.erase(digest) > 0) missing_order_.remove(digest);
}

}  // namespace curfew::forms
