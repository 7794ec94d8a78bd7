#include "core/app/systemd_notice.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace curfew::app {

SystemdNotice::SystemdNotice() {
  if (const char* socket = std::getenv("NOTIFY_SOCKET")) socket_ = socket;
  if (const char* limit = std::getenv("WATCHDOG_USEC"))
    watchdog_ = std::chrono::microseconds(std::strtoll(limit, nullptr, 10) / 2);
}

void SystemdNotice::say(std::string_view state) const {
  sockaddr_un address{};
  if (socket_.empty() || socket_.size() >= sizeof(address.sun_path)) return;
  address.sun_family = AF_UNIX;
  std::copy(socket_.begin(), socket_.end(), address.sun_path);
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // an abstract socket
  const int file = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (file < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  (void)::sendto(file, state.data(), state.size(), MSG_NOSIGNAL,
                 static_cast<const sockaddr*>(static_cast<const void*>(&address)), size);
  ::close(file);
}

bool SystemdNotice::watchdog_is_due() {
  if (watchdog_.count() <= 0) return false;
  const auto now = std::chrono::steady_clock::now();
  if (now - said_ < watchdog_) return false;
  said_ = now;
  return true;
}

}  // namespace curfew::app
