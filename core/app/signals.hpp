// Signals as values: blocked in every thread, taken by one that waits.
//
//   const app::Signals signals({SIGTERM, SIGINT, SIGHUP});        // before any thread is made
//   switch (signals.wait(1s)) { case SIGTERM: ... }
//
// Threads: made by main before others; wait from one. Owns: nothing. Fails: never.
#pragma once

#include <chrono>
#include <csignal>
#include <initializer_list>

namespace curfew::app {

class Signals {
 public:
  Signals(std::initializer_list<int> wanted) {
    ::sigemptyset(&set_);
    for (const int signal : wanted) ::sigaddset(&set_, signal);
    ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  // 0: `patience` passed.
  [[nodiscard]] int wait(std::chrono::milliseconds patience) const {
    const timespec limit{.tv_sec = patience.count() / 1000, .tv_nsec = (patience.count() % 1000) * 1'000'000};
    const int signal = ::sigtimedwait(&set_, nullptr, &limit);
    return signal > 0 ? signal : 0;
  }

 private:
  sigset_t set_{};
};

}  // namespace curfew::app
