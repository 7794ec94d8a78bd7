// Named places at which a test may kill the process, to see that what was acknowledged survives.
//
//   base::kill_point("store.before_commit");
//   CURFEW_KILL_POINT=store.before_commit:17 build/dev/bin/…     dies by SIGKILL when passing there the 17th
//   time
//
// Threads: any. Owns: nothing. Fails: never; without the variable it costs one relaxed load.
#pragma once

#include <atomic>
#include <string_view>

namespace curfew::base {

namespace detail {
extern std::atomic<bool> kill_points_armed;
void pass_kill_point(std::string_view name);
}  // namespace detail

// Reads CURFEW_KILL_POINT ("name:count"); call once at the start of main. Returns whether one is armed.
bool arm_kill_points();

inline void kill_point(std::string_view name) {
  if (detail::kill_points_armed.load(std::memory_order_relaxed)) detail::pass_kill_point(name);
}

}  // namespace curfew::base
