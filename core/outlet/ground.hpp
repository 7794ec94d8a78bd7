// What every outlet stands on: the ledger to read, the clock, the log. The daemon fills it in.
//
// Threads: every function is called from many. Owns: nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "core/base/time.hpp"
#include "core/metrics/registry.hpp"
#include "core/store/store.hpp"

namespace curfew::outlet {

enum class Severity : std::uint8_t { Info, Warning };

struct Ground {
  std::string realm;
  store::ConnectionInfo database;  // for the connection that cursors are written by
  // Calls `read` with a reading connection that is its own for so long. Throws what it throws.
  std::function<void(const std::function<void(store::Store&)>& read)> with_store;
  std::function<Time()> now;
  // By which pauses go by.
  std::function<std::chrono::steady_clock::time_point()> steady_now = &std::chrono::steady_clock::now;
  std::function<void(Severity, const std::string& text)> log;
  metrics::Registry* metrics = nullptr;
};

}  // namespace curfew::outlet
