#include "core/api/unfinished_requests.hpp"

#include <sys/socket.h>

namespace curfew::api {
namespace {

// 0: it is no socket.
std::uint64_t cookie_of(int socket) {
  std::uint64_t cookie = 0;
  socklen_t size = sizeof(cookie);
  return ::getsockopt(socket, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

}  // namespace

void UnfinishedRequests::more(int socket, Time now) {
  if (socket < 0) return;
  const auto number = static_cast<std::size_t>(socket);
  if (number >= begun_.size()) begun_.resize(number + 1);
  Begun& one = begun_[number];
  if (one.cookie != 0) return;
  one = {cookie_of(socket), now};
  if (one.cookie != 0) ++count_;
}

void UnfinishedRequests::finished(int socket) {
  const auto number = static_cast<std::size_t>(socket);
  if (socket < 0 || number >= begun_.size() || begun_[number].cookie == 0) return;
  begun_[number].cookie = 0;
  --count_;
}

std::size_t UnfinishedRequests::cut_older_than(Time limit) {
  std::size_t cut = 0;
  for (std::size_t number = 0; number < begun_.size() && count_ > 0; ++number) {
    Begun& one = begun_[number];
    if (one.cookie == 0 || one.at > limit) continue;
    const int socket = static_cast<int>(number);
    if (cookie_of(socket) == one.cookie && ::shutdown(socket, SHUT_RD) == 0) ++cut;
    one.cookie = 0;
    --count_;
  }
  return cut;
}

}  // namespace curfew::api
