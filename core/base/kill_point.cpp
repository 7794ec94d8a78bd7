#include "core/base/kill_point.hpp"

#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string>

#include "core/base/error.hpp"

namespace curfew::base {
namespace detail {

std::atomic<bool> kill_points_armed{false};

namespace {
struct Target {
  std::string name;
  std::atomic<std::int64_t> passes_left{0};
};
Target& target() {
  static Target one;
  return one;
}
}  // namespace

void pass_kill_point(std::string_view name) {
  Target& armed = target();
  if (name != armed.name) return;
  // SIGKILL, not abort: nothing of this process may run after it, as with a power cut.
  if (armed.passes_left.fetch_sub(1) == 1) ::kill(::getpid(), SIGKILL);
}

}  // namespace detail

bool arm_kill_points() {
  const char* setting = std::getenv("CURFEW_KILL_POINT");
  if (setting == nullptr) return false;
  const std::string_view text(setting);
  const auto colon = text.rfind(':');
  std::int64_t count = 0;
  const char* end = text.data() + text.size();
  if (colon == std::string_view::npos || colon == 0 ||
      std::from_chars(text.data() + colon + 1, end, count).ptr != end || count < 1) {
    throw Error(ErrorKind::Usage, "CURFEW_KILL_POINT must be name:count, such as store.before_commit:17");
  }
  detail::target().name = text.substr(0, colon);
  detail::target().passes_left = count;
  detail::kill_points_armed = true;
  return true;
}

}  // namespace curfew::base
