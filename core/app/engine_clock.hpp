// Engine time from the wall clock: it never goes back, and a jump ahead is seen.
//
//   app::EngineClock clock(engine.now(), settings.clock_jump);
//   if (const auto jump = clock.advance(base::wall_clock_now(), steady_now)) machine.take(clock.now(),
//   *jump);
//
// A clock that steps back freezes engine time until it is passed again. A jump is what the wall clock gained
// on the steady one since the last look. Threads: one. Owns: two readings. Fails: never.
#pragma once

#include <chrono>
#include <optional>

#include "core/base/time.hpp"
#include "core/model/input.hpp"

namespace curfew::app {

class EngineClock {
 public:
  using Steady = std::chrono::steady_clock::time_point;

  EngineClock(Time start, Duration jump) : now_(start), jump_(jump) {}

  // The jump that lies between this reading and the last, if it is one.
  std::optional<model::ClockInput> advance(Time wall, Steady steady) {
    std::optional<model::ClockInput> jumped;
    if (last_) {
      const auto passed = std::chrono::duration_cast<Duration>(steady - last_->steady);
      const Time expected = std::max(last_->wall + passed, now_);
      if (wall - expected > jump_) jumped = model::ClockInput{.from = expected, .to = wall};
    }
    last_ = Reading{wall, steady};
    now_ = std::max(now_, wall);
    return jumped;
  }
  [[nodiscard]] Time now() const { return now_; }
  // Whether the wall clock is behind engine time: it was set back.
  [[nodiscard]] bool is_frozen() const { return last_ && last_->wall < now_; }

 private:
  struct Reading {
    Time wall;
    Steady steady;
  };
  Time now_;
  Duration jump_;
  std::optional<Reading> last_;
};

}  // namespace curfew::app
