#include "tests/support/movable_clock.hpp"

#include <fstream>
#include <stdexcept>

namespace curfew::support {

namespace fs = std::filesystem;

fs::path MovableClock::library() { return "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"; }

MovableClock::MovableClock(const fs::path& folder) : file_(folder / "clock") { ahead({}); }

std::map<std::string, std::string> MovableClock::environment() const {
  return {{"LD_PRELOAD", library().string()},
          {"FAKETIME_TIMESTAMP_FILE", file_.string()},
          {"FAKETIME_CACHE_DURATION", "1"},
          {"FAKETIME_DONT_FAKE_MONOTONIC", "1"}};
}

void MovableClock::ahead(std::chrono::seconds by) {
  // Read by others at any time: replaced, never half written.
  const fs::path next = file_.string() + ".next";
  std::ofstream out(next);
  out << (by.count() < 0 ? "" : "+") << by.count() << "\n";
  out.close();
  if (!out) throw std::runtime_error(next.string() + " can't be written");
  fs::permissions(next, fs::perms(0644));
  fs::rename(next, file_);
}

}  // namespace curfew::support
