// The gate's time: the wall clock, and whether deadlines may be judged by it. After a jump ahead they rest
// for a while: what the jump alone would end waits for somebody, and the engine's entries say so soon.
//
//   app::GateClock clock(settings.clock_jump, 30s);
//   const api::GateTime time = clock.read(base::wall_clock_now(), std::chrono::steady_clock::now());
//
// Threads: any, without a lock. Owns: three numbers. Fails: never.
#pragma once

#include <atomic>
#include <chrono>

#include "core/api/gate_judge.hpp"

namespace curfew::app {

class GateClock {
 public:
  using Steady = std::chrono::steady_clock::time_point;

  GateClock(Duration jump, Duration rest) : jump_(jump), rest_(rest) {}

  api::GateTime read(Time wall, Steady steady) {
    const std::int64_t since = std::chrono::duration_cast<Duration>(steady.time_since_epoch()).count();
    const std::int64_t ahead = base::to_micros(wall) - since;
    const std::int64_t known = ahead_.load(std::memory_order_relaxed);
    if (known != unset && ahead - known > jump_.count())
      rests_until_.store(since + rest_.count(), std::memory_order_relaxed);
    // A clock that is slewed, or was set back, is followed.
    if (ahead != known) ahead_.store(ahead, std::memory_order_relaxed);
    return {wall, since >= rests_until_.load(std::memory_order_relaxed)};
  }

 private:
  static constexpr std::int64_t unset = INT64_MIN;
  const Duration jump_;
  const Duration rest_;
  std::atomic<std::int64_t> ahead_{unset};            // wall less steady, at the last look
  std::atomic<std::int64_t> rests_until_{INT64_MIN};  // steady
};

}  // namespace curfew::app
