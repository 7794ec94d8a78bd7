// Bounds what a slow or greedy client can hold: each connection has a time by which it must have sent or
// taken what is expected next, and one address has only so many connections.
//
//   ConnectionWatch watch({.per_address = 128, .log = …, .closed = …});
//   if (auto connection = watch.enter(socket_descriptor, "192.0.2.7")) {
//     connection->expect(ConnectionWatch::Side::Read, 15s);   // the header
//     connection->expect_nothing();                           // our turn
//   }                                                         // it is left when this goes
//
// A time that passes shuts one side of the socket: whoever reads there gets the end of the stream at once,
// and can still answer. The socket is watched through a descriptor of its own, so that no number is mistaken.
//
// Threads: any; one of its own. Owns: its thread, the duplicated descriptors. Fails: never; what was closed
// is counted and logged.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "core/model/vocabulary.hpp"

namespace curfew::api {

class ConnectionWatch {
 public:
  enum class Side : std::uint8_t { Read, Both };
  // Why a connection was closed, or not taken.
  enum class Reason : std::uint8_t { Slow, AddressLimit, NoWorker, Tls };
  class Connection;

  struct Settings {
    int per_address = 128;
    std::function<void(std::string_view)> log;
    std::function<void(Reason, std::uint64_t count)> closed;  // each one, at once; must not block
    // How many were closed so far because they found no worker and no place to wait: who accepts knows.
    std::function<std::uint64_t()> overflowed;
  };

  explicit ConnectionWatch(Settings settings);
  ~ConnectionWatch();

  // None: this address has as many as it may have.
  [[nodiscard]] std::unique_ptr<Connection> enter(int socket, const std::string& address);
  // A handshake, or what came after it, was no TLS that we speak.
  void tls_failed(const std::string& reason);
  // For a stop: nothing more is read from any connection, now and later.
  void end_reading();

  [[nodiscard]] std::size_t open() const {
    const std::lock_guard lock(mutex_);
    return connections_.size();
  }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  [[nodiscard]] std::uint64_t cut() const { return cut_; }
  [[nodiscard]] std::uint64_t tls_failures() const { return tls_failures_; }
  [[nodiscard]] std::uint64_t overflowed() const { return overflowed_; }

 private:
  using Clock = std::chrono::steady_clock;
  void run();
  void cut_what_is_late(Clock::time_point now);
  void count_overflow();
  void count(std::atomic<std::uint64_t>& counter, Reason reason, std::uint64_t by = 1);
  void say_what_happened(Clock::time_point now);
  void leave(Connection& connection);
  [[nodiscard]] bool has_news() const {
    return said_refused_ != refused_ || said_cut_ != cut_ || said_tls_failures_ != tls_failures_ ||
           said_overflowed_ != overflowed_;
  }

  const Settings settings_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_set<Connection*> connections_;
  std::unordered_map<std::string, int> by_address_;
  bool stopping_ = false;
  bool reading_ended_ = false;
  std::atomic<std::uint64_t> refused_ = 0;
  std::atomic<std::uint64_t> cut_ = 0;
  std::atomic<std::uint64_t> tls_failures_ = 0;
  std::atomic<std::uint64_t> overflowed_ = 0;
  std::string tls_reason_;  // of the last one
  std::uint64_t said_refused_ = 0;
  std::uint64_t said_cut_ = 0;
  std::uint64_t said_tls_failures_ = 0;
  std::uint64_t said_overflowed_ = 0;
  Clock::time_point said_{};
  std::thread thread_;
};

class ConnectionWatch::Connection {
 public:
  Connection(ConnectionWatch& watch, int descriptor, std::string address)
      : watch_(watch), descriptor_(descriptor), address_(std::move(address)) {}
  ~Connection() { watch_.leave(*this); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void expect(Side side, Clock::duration within);
  void expect_nothing();
  // Its time passed, or the server stops.
  [[nodiscard]] bool was_cut() const { return cut_; }

 private:
  friend class ConnectionWatch;
  void shut(Side side);

  ConnectionWatch& watch_;
  const int descriptor_;
  const std::string address_;
  Side side_ = Side::Read;
  Clock::time_point deadline_ = Clock::time_point::max();
  std::atomic<bool> cut_ = false;
};

}  // namespace curfew::api

namespace curfew::model {
template <>
struct Names<api::ConnectionWatch::Reason> {
  static constexpr std::array<std::string_view, 4> all{"slow", "address_limit", "no_worker", "tls"};
};
}  // namespace curfew::model
