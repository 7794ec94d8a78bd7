// What systemd is told: ready, reloading, stopping, still alive. Without systemd it says nothing.
//
//   app::SystemdNotice systemd;
//   systemd.say("READY=1\nSTATUS=watching 3 sources");
//   if (systemd.watchdog_is_due()) systemd.say("WATCHDOG=1");
//
// Threads: one. Owns: nothing. Fails: never; a systemd that is not there is not an error.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace curfew::app {

class SystemdNotice {
 public:
  SystemdNotice();
  void say(std::string_view state) const;
  // Half of the time that systemd waits has passed.
  [[nodiscard]] bool watchdog_is_due();

 private:
  std::string socket_;
  std::chrono::microseconds watchdog_{0};
  std::chrono::steady_clock::time_point said_{};
};

}  // namespace curfew::app
