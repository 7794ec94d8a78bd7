#include "tests/support/faulty_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>
#include <vector>

namespace curfew::support {
namespace {

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
};

Address address_of(const std::filesystem::path& path, int port, const std::string& host = "127.0.0.1") {
  Address address;
  if (!path.empty()) {
    sockaddr_un local{};
    local.sun_family = AF_UNIX;
    if (path.native().size() >= sizeof(local.sun_path))
      throw std::system_error(ENAMETOOLONG, std::generic_category(), path);
    std::memcpy(local.sun_path, path.c_str(), path.native().size() + 1);
    std::memcpy(&address.bytes, &local, sizeof(local));
    address.size = sizeof(local);
    return address;
  }
  sockaddr_in loopback{};
  loopback.sin_family = AF_INET;
  loopback.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::inet_pton(AF_INET, host.c_str(), &loopback.sin_addr) != 1)
    throw std::system_error(EINVAL, std::generic_category(), host);
  std::memcpy(&address.bytes, &loopback, sizeof(loopback));
  address.size = sizeof(loopback);
  return address;
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

FaultyProxy::FaultyProxy(Between between) : between_(std::move(between)) {
  const Address address = address_of(between_.listen_path, 0);
  listening_ = ::socket(address.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listening_ < 0 || ::bind(listening_, address.get(), address.size) != 0 || ::listen(listening_, 64) != 0)
    throw std::system_error(errno, std::generic_category(), "the faulty proxy can't listen");
  if (between_.listen_path.empty()) {
    sockaddr_in bound{};
    socklen_t size = sizeof(bound);
    ::getsockname(listening_, reinterpret_cast<sockaddr*>(&bound), &size);
    port_ = ntohs(bound.sin_port);
  }
  thread_ = std::thread([this] { run(); });
}

FaultyProxy::~FaultyProxy() {
  ending_ = true;
  thread_.join();
  for (const Link& link : links_) {
    ::close(link.client);
    ::close(link.server);
  }
  ::close(listening_);
}

void FaultyProxy::answers(Answers how, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  how_ = how;
  left_ = bytes;
  passed_ = 0;
  if (how != Answers::Pass) return;
  for (Link& link : links_) {
    // Who has gone meanwhile is noticed by the next read.
    (void)send_all(link.client, link.held);
    link.held.clear();
  }
}

void FaultyProxy::accept_one() {
  const int client = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  if (how_ == Answers::Cut && left_ == 0) {
    ::close(client);
    return;
  }
  const Address address = address_of(between_.server_path, between_.server_port, between_.server_address);
  const int server = ::socket(address.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (server < 0 || ::connect(server, address.get(), address.size) != 0) {
    if (server >= 0) ::close(server);
    ::close(client);
    return;
  }
  links_.push_back({client, server, {}});
}

bool FaultyProxy::from_client(const Link& link) {
  std::array<char, 65536> bytes{};
  const ssize_t size = ::recv(link.client, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (size < 0) return errno == EAGAIN;
  return size > 0 && send_all(link.server, {bytes.data(), static_cast<std::size_t>(size)});
}

bool FaultyProxy::from_server(Link& link) {
  std::array<char, 65536> bytes{};
  const ssize_t size = ::recv(link.server, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (size < 0) return errno == EAGAIN;
  if (size == 0) return false;
  std::string_view answer(bytes.data(), static_cast<std::size_t>(size));
  switch (how_) {
    case Answers::Pass:
      break;
    case Answers::Slow:
      link.held += answer;
      return true;
    case Answers::Garbage:
      std::memset(bytes.data(), 0xA5, answer.size());
      break;
    case Answers::Cut: {
      const bool ends = answer.size() >= left_;
      answer = answer.substr(0, left_);
      left_ -= answer.size();
      passed_ += answer.size();
      return send_all(link.client, answer) && !ends;
    }
  }
  passed_ += answer.size();
  return send_all(link.client, answer);
}

void FaultyProxy::run() {
  std::vector<pollfd> waits;
  while (!ending_) {
    waits.clear();
    waits.push_back({listening_, POLLIN, 0});
    {
      const std::lock_guard lock(mutex_);
      for (const Link& link : links_) {
        waits.push_back({link.client, POLLIN, 0});
        waits.push_back({link.server, POLLIN, 0});
      }
    }
    ::poll(waits.data(), waits.size(), 20);
    const std::lock_guard lock(mutex_);
    std::size_t at = 1;
    for (auto link = links_.begin(); link != links_.end();) {
      const bool client_ready = waits[at].revents != 0;
      const bool server_ready = waits[at + 1].revents != 0;
      at += 2;
      if ((client_ready && !from_client(*link)) || (server_ready && !from_server(*link))) {
        ::close(link->client);
        ::close(link->server);
        link = links_.erase(link);
      } else {
        ++link;
      }
    }
    if (waits[0].revents != 0) accept_one();
  }
}

}  // namespace curfew::support
