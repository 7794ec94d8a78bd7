#include "tests/support/database_proxy.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "core/base/error.hpp"

namespace curfew::support {
namespace {

constexpr const char* socket_name = ".s.PGSQL.5432";
constexpr int look_every_ms = 20;

sockaddr_un address_in(const std::filesystem::path& folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = (folder / socket_name).string();
  if (path.size() >= sizeof(address.sun_path)) {
    throw Error(ErrorKind::Unavailable, path + " is too long for a socket");
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

bool send_all(int to, std::string_view data) {
  while (!data.empty()) {
    const ssize_t count = ::send(to, data.data(), data.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    data.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

std::uint32_t length_at(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
  return value;
}

}  // namespace

DatabaseProxy::DatabaseProxy(std::filesystem::path listen_in, std::filesystem::path server_in)
    : listen_in_(std::move(listen_in)), server_in_(std::move(server_in)) {
  listen();
  thread_ = std::thread([this] { run(); });
}

DatabaseProxy::~DatabaseProxy() {
  ending_ = true;
  thread_.join();
  go_away();
}

void DatabaseProxy::listen() {
  const sockaddr_un address = address_in(listen_in_);
  ::unlink(address.sun_path);
  listening_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::bind(listening_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::chmod(address.sun_path, 0777) != 0 || ::listen(listening_, 64) != 0) {
    throw Error(ErrorKind::Unavailable,
                std::string(address.sun_path) + " can't be listened on: " + std::strerror(errno));
  }
}

void DatabaseProxy::go_away() {
  const std::lock_guard lock(mutex_);
  if (listening_ >= 0) ::close(listening_);
  listening_ = -1;
  ::unlink((listen_in_ / socket_name).c_str());
  for (const Link& link : links_) {
    ::close(link.client);
    ::close(link.server);
  }
  links_.clear();
}

void DatabaseProxy::come_back() {
  const std::lock_guard lock(mutex_);
  listen();
}

void DatabaseProxy::accept_one() {
  Link link;
  link.client = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
  if (link.client < 0) return;
  const sockaddr_un address = address_in(server_in_);
  link.server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(link.server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    ::close(link.client);
    ::close(link.server);
    return;
  }
  links_.push_back(std::move(link));
}

void DatabaseProxy::run() {
  while (!ending_) {
    std::vector<pollfd> waiting;
    {
      const std::lock_guard lock(mutex_);
      if (listening_ >= 0) waiting.push_back({listening_, POLLIN, 0});
      for (const Link& link : links_) {
        waiting.push_back({link.client, POLLIN, 0});
        waiting.push_back({link.server, POLLIN, 0});
      }
    }
    ::poll(waiting.data(), waiting.size(), look_every_ms);
    const std::lock_guard lock(mutex_);
    const auto is_readable = [&](int descriptor) {
      for (const pollfd& one : waiting) {
        if (one.fd == descriptor && one.revents != 0) return true;
      }
      return false;
    };
    for (auto link = links_.begin(); link != links_.end();) {
      const bool goes_on = (!is_readable(link->server) || from_server(*link)) &&
                           (!is_readable(link->client) || from_client(*link));
      if (goes_on) {
        ++link;
        continue;
      }
      ::close(link->client);
      ::close(link->server);
      link = links_.erase(link);
    }
    if (listening_ >= 0 && is_readable(listening_)) accept_one();
  }
}

// A descriptor that was closed and given out again since poll has nothing to read: MSG_DONTWAIT tells.
bool DatabaseProxy::from_client(Link& link) {
  std::array<char, 65'536> data{};
  const ssize_t count = ::recv(link.client, data.data(), data.size(), MSG_DONTWAIT);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  if (count == 0) return false;
  link.unparsed.append(data.data(), static_cast<std::size_t>(count));
  std::string_view rest = link.unparsed;
  while (true) {
    const std::size_t head = link.started ? 1 : 0;  // the startup message has no type
    if (rest.size() < head + 4) break;
    const std::size_t size = head + length_at(rest.substr(head));
    if (rest.size() < size) break;
    if (!take_message(link, rest.substr(0, size))) return false;
    rest.remove_prefix(size);
  }
  link.unparsed.erase(0, link.unparsed.size() - rest.size());
  return true;
}

bool DatabaseProxy::take_message(Link& link, std::string_view message) {
  link.started = true;  // libpq asks for neither TLS nor GSS on a unix socket
  const bool is_query = message.size() > 5 && message.front() == 'Q';
  const std::string_view sql = is_query ? message.substr(5, message.size() - 6) : std::string_view{};
  if (sql.starts_with("COPY curfew.entry ")) link.copied_entries = true;
  if (sql == "ROLLBACK") link.copied_entries = false;
  const bool is_append = sql == "COMMIT" && link.copied_entries;
  if (sql == "COMMIT") link.copied_entries = false;
  if (!is_append || cut_ == Cut::None) return send_all(link.server, message);
  const Cut where = cut_.exchange(Cut::None);
  if (where == Cut::BeforeCommit) {
    ++cuts_;
    return false;
  }
  if (!send_all(link.server, message)) return false;
  if (where == Cut::AtCommit) {
    ++cuts_;
    return false;
  }
  link.ends_with_answer = true;
  return true;
}

bool DatabaseProxy::from_server(Link& link) {
  std::array<char, 65'536> data{};
  const ssize_t count = ::recv(link.server, data.data(), data.size(), MSG_DONTWAIT);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  if (count == 0) return false;
  const std::string_view got(data.data(), static_cast<std::size_t>(count));
  if (!link.ends_with_answer) return send_all(link.client, got);
  link.answer += got;
  // ReadyForQuery: type, length 5, one byte of state.
  constexpr std::string_view ready("Z\0\0\0\5", 5);
  if (link.answer.size() < 6 || link.answer.substr(link.answer.size() - 6, 5) != ready) return true;
  ++cuts_;
  return false;
}

}  // namespace curfew::support
