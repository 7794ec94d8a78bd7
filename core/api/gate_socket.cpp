#include "core/api/gate_socket.hpp"

#include <netdb.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "core/base/error.hpp"

namespace curfew::api {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* all) const { ::freeaddrinfo(all); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

constexpr std::size_t other_descriptors = 512;  // what the rest of the daemon may have open

}  // namespace

GateSocket::~GateSocket() {
  if (number_ >= 0) ::close(number_);
}

GateSocket listen_at(const std::string& address, std::uint16_t port, bool is_first) {
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string service = std::to_string(port);
  if (::getaddrinfo(address.c_str(), service.c_str(), &wanted, &found) != 0)
    throw Error(ErrorKind::Configuration, "the gate can't listen on " + address + ": it is no address");
  const Addresses addresses(found);
  const int on = 1;
  if (is_first && port != 0) {
    // A shared port is taken without asking, also from another gate: whoever has it already keeps it.
    const GateSocket alone(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::setsockopt(alone.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        ::bind(alone.get(), found->ai_addr, found->ai_addrlen) != 0)
      throw Error(ErrorKind::Configuration,
                  "the gate can't listen on " + address + ":" + service + ": " + std::strerror(errno));
  }
  GateSocket socket(::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const bool done =
      socket.get() >= 0 && ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
      ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0 &&
      ::bind(socket.get(), found->ai_addr, found->ai_addrlen) == 0 && ::listen(socket.get(), 4'096) == 0;
  if (!done)
    throw Error(ErrorKind::Configuration,
                "the gate can't listen on " + address + ":" + service + ": " + std::strerror(errno));
  return socket;
}

std::uint16_t port_of(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  const auto* ipv4 = reinterpret_cast<const sockaddr_in*>(&address);
  const auto* ipv6 = reinterpret_cast<const sockaddr_in6*>(&address);
  return ntohs(address.ss_family == AF_INET6 ? ipv6->sin6_port : ipv4->sin_port);
}

std::size_t descriptors_for(std::size_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  const rlim_t needed = wanted + other_descriptors;
  if (limit.rlim_cur < needed && limit.rlim_cur != RLIM_INFINITY) {
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? needed : std::min<rlim_t>(needed, limit.rlim_max);
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
  }
  if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= needed) return wanted;
  const std::size_t rest = limit.rlim_cur > other_descriptors ? limit.rlim_cur - other_descriptors : 0;
  return std::max<std::size_t>(rest, 64);
}

}  // namespace curfew::api
