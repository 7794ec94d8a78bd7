#include "tests/integration/directory/odd_server.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace curfew::directory_test {

OddServer::OddServer(Manner manner) : manner_(manner) {
  listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (::bind(listening_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listening_, 16) != 0 ||
      ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("an odd server can't listen");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

OddServer::~OddServer() {
  ending_ = true;
  thread_.join();
  ::close(listening_);
}

// A message of 256 bytes is announced, and a byte of it comes at each turn.
void OddServer::run() {
  std::vector<int> clients;
  while (!ending_) {
    pollfd waiting{listening_, POLLIN, 0};
    if (::poll(&waiting, 1, 50) == 1) {
      const int client = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (client >= 0) {
        ++connections_;
        clients.push_back(client);
        constexpr unsigned char head[] = {0x30, 0x84, 0x00, 0x00, 0x01, 0x00};
        if (manner_ == Manner::HalfAnAnswer) (void)::send(client, head, sizeof(head), MSG_NOSIGNAL);
      }
    }
    if (manner_ != Manner::HalfAnAnswer) continue;
    for (const int client : clients) (void)::send(client, "\x02", 1, MSG_NOSIGNAL);
  }
  for (const int client : clients) ::close(client);
}

}  // namespace curfew::directory_test
