// How long a call may still take: the host's deadline, cut to the caller's own limit. And what enforces it
// where a library only knows time limits for each single read: its connection is shut down.
//
//   const Patience patience(deadline, options.statement_timeout);
//   const Watchdog::Guard guard = watchdog.cut_off(mysql_get_socket(handle), patience);
//
// Threads: Patience is a value; Watchdog any. Owns: Watchdog its thread. A guard must end before its socket
// is closed. Fails: std::system_error when there is no thread to be had.
#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "curfew/plugin/connector.hpp"

namespace curfew::web {

class Patience {
 public:
  using Clock = std::chrono::steady_clock;
  Patience(plugin::Time deadline, plugin::Duration limit)
      : end_(Clock::now() + std::min<plugin::Duration>(limit, until(deadline))) {}

  [[nodiscard]] Clock::time_point end() const { return end_; }
  [[nodiscard]] bool over() const { return Clock::now() >= end_; }
  // Never negative.
  [[nodiscard]] std::chrono::milliseconds left() const {
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(end_ - Clock::now());
    return std::max(rest, std::chrono::milliseconds(0));
  }
  // The same end, or sooner.
  [[nodiscard]] Patience at_most(plugin::Duration limit) const {
    Patience shorter = *this;
    shorter.end_ = std::min(end_, Clock::now() + limit);
    return shorter;
  }

 private:
  // A deadline that says nothing is no deadline.
  static plugin::Duration until(plugin::Time deadline) {
    if (deadline == plugin::Time{}) return std::chrono::hours(1);
    return deadline - std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now());
  }
  Clock::time_point end_;
};

class Watchdog {
  struct Watched {
    int socket;
    Patience::Clock::time_point end;
  };

 public:
  Watchdog() = default;
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  class Guard {
   public:
    Guard(Watchdog& dog, std::list<Watched>::iterator at) : dog_(dog), at_(at) {}
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    Watchdog& dog_;
    std::list<Watched>::iterator at_;
  };
  [[nodiscard]] Guard cut_off(int socket, const Patience& patience);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Watched> watched_;
  bool ending_ = false;
  std::thread thread_;  // from the first connection on
};

}  // namespace curfew::web
