#include "tests/support/movable_clock.hpp"

#include <charconv>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace curfew::support {

namespace fs = std::filesystem;

namespace {

// The library names its shared memory by the process, leaves it behind when that is killed, and ends each
// later process of the same number (with code 1, before main).
void remove_what_killed_programs_left() {
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator("/dev/shm", failure)) {
    const std::string name = entry.path().filename();
    const std::size_t number = name.find_last_of('_') + 1;
    const std::string_view kind = std::string_view(name).substr(0, number);
    if (kind != "faketime_shm_" && kind != "sem.faketime_sem_") continue;
    int process = 0;
    std::from_chars(name.data() + number, name.data() + name.size(), process);
    if (process <= 0 || fs::exists("/proc/" + std::to_string(process), failure)) continue;
    fs::remove(entry.path(), failure);  // another test may have been first
  }
}

}  // namespace

bool MovableClock::stops_this_build() {
#if defined(__has_feature)
  return __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
  return false;
#endif
}

fs::path MovableClock::library() { return "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"; }

MovableClock::MovableClock(const fs::path& folder) : file_(folder / "clock") {
  remove_what_killed_programs_left();
  ahead({});
}

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
