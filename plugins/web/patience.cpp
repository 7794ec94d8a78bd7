#include "plugins/web/patience.hpp"

#include <sys/socket.h>

namespace curfew::web {

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

Watchdog::Guard::~Guard() {
  const std::lock_guard lock(dog_.mutex_);
  dog_.watched_.erase(at_);
}

Watchdog::Guard Watchdog::cut_off(int socket, const Patience& patience) {
  const std::lock_guard lock(mutex_);
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  const auto at = watched_.insert(watched_.end(), {socket, patience.end()});
  changed_.notify_all();
  return {*this, at};
}

void Watchdog::run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    const auto now = Patience::Clock::now();
    auto next = Patience::Clock::time_point::max();
    for (Watched& one : watched_) {
      if (one.end <= now) {
        // Under the lock: the guard is still there, so the socket is not another one's yet.
        ::shutdown(one.socket, SHUT_RDWR);
        one.end = Patience::Clock::time_point::max();
      }
      next = std::min(next, one.end);
    }
    if (next == Patience::Clock::time_point::max())
      changed_.wait(lock);
    else
      changed_.wait_until(lock, next);
  }
}

}  // namespace curfew::web
