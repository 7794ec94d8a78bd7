// Since when this process has found sessions to be gone at their provider: what was given out at the last
// moment is accepted for so much longer. After a restart the time begins anew.
//
//   if (it_is_listed) gone.lives(id);
//   else if (!gone.has_found_any()) …        // whether the provider finds our ids at all isn't known
//   else if (now - gone.since(id, now) < window) …
//
// Threads: any. Owns: at most `most_kept` times; of more the oldest are forgotten, and begin anew.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>

#include "curfew/plugin/connector.hpp"

namespace curfew::oauth {

class GoneSince {
 public:
  static constexpr std::size_t most_kept = 100'000;

  [[nodiscard]] plugin::Time since(const std::string& id, plugin::Time now) {
    const std::lock_guard lock(mutex_);
    const auto [found, is_new] = times_.emplace(id, now);
    if (!is_new) return found->second;
    order_.push_back(id);
    if (order_.size() > most_kept) {
      times_.erase(order_.front());
      order_.pop_front();
    }
    return now;
  }
  void lives(const std::string& id) {
    const std::lock_guard lock(mutex_);
    found_any_ = true;
    if (times_.erase(id) == 0) return;
    for (auto one = order_.begin(); one != order_.end(); ++one) {
      if (*one != id) continue;
      order_.erase(one);
      return;
    }
  }

  // Once one was found by an id of the log, that another isn't found says that it is gone.
  [[nodiscard]] bool has_found_any() const {
    const std::lock_guard lock(mutex_);
    return found_any_;
  }

 private:
  mutable std::mutex mutex_;
  bool found_any_ = false;
  std::map<std::string, plugin::Time> times_;
  std::deque<std::string> order_;
};

}  // namespace curfew::oauth
