#include "core/api/connection_watch.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace curfew::api {

using namespace std::chrono_literals;

namespace {
constexpr auto look_every = 250ms;
constexpr auto say_every = 60s;
}  // namespace

ConnectionWatch::ConnectionWatch(Settings settings)
    : settings_(std::move(settings)), thread_([this] { run(); }) {}

ConnectionWatch::~ConnectionWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::unique_ptr<ConnectionWatch::Connection> ConnectionWatch::enter(int socket, const std::string& address) {
  const std::lock_guard lock(mutex_);
  int& of_this_address = by_address_[address];
  const int descriptor = of_this_address < settings_.per_address ? ::fcntl(socket, F_DUPFD_CLOEXEC, 0) : -1;
  if (descriptor < 0) {
    if (of_this_address == 0) by_address_.erase(address);
    count(refused_, Reason::AddressLimit);
    changed_.notify_all();
    return nullptr;
  }
  ++of_this_address;
  auto connection = std::make_unique<Connection>(*this, descriptor, address);
  connections_.insert(connection.get());
  if (reading_ended_) connection->shut(Side::Read);
  changed_.notify_all();
  return connection;
}

void ConnectionWatch::leave(Connection& connection) {
  const std::lock_guard lock(mutex_);
  connections_.erase(&connection);
  const auto count = by_address_.find(connection.address_);
  if (--count->second == 0) by_address_.erase(count);
  ::close(connection.descriptor_);
}

void ConnectionWatch::end_reading() {
  const std::lock_guard lock(mutex_);
  reading_ended_ = true;
  for (Connection* connection : connections_) connection->shut(Side::Read);
}

void ConnectionWatch::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (connections_.empty() && !has_news()) {
      changed_.wait(lock);
    } else {
      changed_.wait_for(lock, look_every, [this] { return stopping_; });
    }
    const auto now = Clock::now();
    cut_what_is_late(now);
    count_overflow();
    say_what_happened(now);
  }
}

void ConnectionWatch::cut_what_is_late(Clock::time_point now) {
  for (Connection* connection : connections_) {
    if (connection->deadline_ > now) continue;
    connection->deadline_ = Clock::time_point::max();
    connection->shut(connection->side_);
    count(cut_, Reason::Slow);
  }
}

void ConnectionWatch::count(std::atomic<std::uint64_t>& counter, Reason reason, std::uint64_t by) {
  counter += by;
  if (settings_.closed) settings_.closed(reason, by);
}

// They overflow only while all workers hold a connection, so there is a look after it.
void ConnectionWatch::count_overflow() {
  if (!settings_.overflowed) return;
  const std::uint64_t total = settings_.overflowed();
  if (total > overflowed_) count(overflowed_, Reason::NoWorker, total - overflowed_);
}

void ConnectionWatch::say_what_happened(Clock::time_point now) {
  if (!has_news() || (said_ != Clock::time_point{} && now - said_ < say_every)) return;
  const std::uint64_t cut = cut_ - said_cut_;
  const std::uint64_t refused = refused_ - said_refused_;
  const std::uint64_t tls = tls_failures_ - said_tls_failures_;
  const std::uint64_t overflowed = overflowed_ - said_overflowed_;
  said_overflowed_ += overflowed;
  said_cut_ += cut;
  said_refused_ += refused;
  said_tls_failures_ += tls;
  said_ = now;
  if (settings_.log)
    settings_.log("connections closed: " + std::to_string(cut) + " too slow or idle, " +
                  std::to_string(refused) + " beyond what one address may have, " +
                  std::to_string(overflowed) + " found no worker, " + std::to_string(tls) + " failed in TLS" +
                  (tls > 0 ? " (the last: " + tls_reason_ + ")" : std::string{}));
}

void ConnectionWatch::tls_failed(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  tls_reason_ = reason;
  count(tls_failures_, Reason::Tls);
  changed_.notify_all();
}

void ConnectionWatch::Connection::expect(Side side, Clock::duration within) {
  const std::lock_guard lock(watch_.mutex_);
  side_ = side;
  deadline_ = Clock::now() + within;
}

void ConnectionWatch::Connection::expect_nothing() {
  const std::lock_guard lock(watch_.mutex_);
  deadline_ = Clock::time_point::max();
}

void ConnectionWatch::Connection::shut(Side side) {
  cut_ = true;
  ::shutdown(descriptor_, side == Side::Read ? SHUT_RD : SHUT_RDWR);
}

}  // namespace curfew::api
