// A clock that can be set ahead while programs run by it (libfaketime): hours of idleness without the wait.
//
//   MovableClock clock(folder);
//   ServerProcess apache({…}, clock.environment(), output);
//   clock.ahead(std::chrono::minutes(5));   // for each of these programs, within about a second
//
// Only the time of day moves: timeouts and waits run on. Threads: one. Owns: a file. Fails:
// std::runtime_error.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>

namespace curfew::support {

class MovableClock {
 public:
  // The library; it may not be installed.
  static std::filesystem::path library();
  // Under a sanitizer a program of ours may wait for itself for good: what allocates there asks for the time,
  // and what the library does then allocates.
  static bool stops_this_build();

  // `folder` must be one that the programs' users can enter.
  explicit MovableClock(const std::filesystem::path& folder);
  [[nodiscard]] std::map<std::string, std::string> environment() const;
  // Of the machine's own clock; behind it if negative.
  void ahead(std::chrono::seconds by);

 private:
  std::filesystem::path file_;
};

}  // namespace curfew::support
