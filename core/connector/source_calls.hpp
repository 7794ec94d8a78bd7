// What a thread that is inside of a plugin carries with it. Private to the source's files.
//
// Threads: an InFlight is shared between its caller and the watchdog under the source's mutex, `alive` apart.
#pragma once

#include <atomic>

#include "core/connector/source.hpp"

namespace curfew::connector {

struct Source::InFlight {
  InFlight(Call which, Clock::duration most) : call(which), limit(most), alive(Clock::now()) {}
  const Call call;
  const Clock::duration limit;
  std::atomic<Clock::time_point> alive;  // its begin, or the plugin's last sign of life
  bool abandoned = false;
};

// A request's own sums: is everything that it emitted with us?
struct Source::Request {
  Clock::time_point deadline;
  bool complete = true;
};

// The call that this thread is in.
struct Source::Scope {
  Scope(Source* which, InFlight* entry) : source(which), in_flight(entry), outer(current) { current = this; }
  ~Scope() { current = outer; }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  Source* source;
  InFlight* in_flight;
  Request* request = nullptr;
  std::vector<ListedSession>* listed = nullptr;
  Scope* outer;
  static constinit thread_local Scope* current;
};

// The functions that the plugin calls.
struct Source::Callbacks {
  static curfew_host table(Source& source);
};

}  // namespace curfew::connector
