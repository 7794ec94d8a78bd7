#include "core/app/commit_listeners.hpp"

#include <utility>

namespace curfew::app {

CommitListeners::Listening::~Listening() {
  const std::lock_guard lock(of_.mutex_);  // a call that runs is waited for
  of_.told_.erase(place_);
}

std::unique_ptr<CommitListeners::Listening> CommitListeners::listen(std::function<void()> told) {
  const std::lock_guard lock(mutex_);
  return std::make_unique<Listening>(*this, told_.insert(told_.end(), std::move(told)));
}

void CommitListeners::tell() {
  const std::lock_guard lock(mutex_);
  for (const std::function<void()>& told : told_) told();
}

}  // namespace curfew::app
