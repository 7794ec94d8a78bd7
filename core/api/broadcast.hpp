// Decisions as they happen, for any number of watchers, in bounded memory.
//
//   broadcast.publish("violation_opened", R"({"number":7})");      // the engine's side: never waits
//   std::uint64_t next = broadcast.next();
//   Broadcast::Batch batch = broadcast.take(next, 15s);            // a watcher's side
//
// There is one ring for all watchers, and each has only its place in it. A watcher that is slower than the
// ring is told how many events it lost.
//
// Threads: any. Owns: the ring.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace curfew::api {

struct Event {
  std::uint64_t number = 0;
  std::string name;
  std::string data;            // JSON
  std::uint64_t sign_out = 0;  // that it is about; 0: none
  bool concludes = false;      // that sign-out
};

class Broadcast {
 public:
  struct Limits {
    std::size_t events = 4096;
    std::size_t bytes = std::size_t{8} * 1024 * 1024;
    std::size_t watchers = 32;  // each holds a worker of the listener
  };
  struct Batch {
    std::uint64_t lost = 0;
    std::vector<std::shared_ptr<const Event>> events;
    bool closed = false;
  };
  // Counts as a watcher as long as it lives.
  class Seat {
   public:
    explicit Seat(Broadcast* of) : of_(of) {}
    ~Seat();
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

   private:
    Broadcast* of_;
  };

  Broadcast() = default;
  explicit Broadcast(Limits limits) : limits_(limits) {}

  void publish(std::string_view name, std::string_view json, std::uint64_t sign_out = 0,
               bool concludes = false);
  // The number that the next event will have.
  [[nodiscard]] std::uint64_t next() const;
  // Null: all seats are taken.
  [[nodiscard]] std::shared_ptr<Seat> sit();
  // Events from `from` on, at most 256; waits at most `patience` for the first. `from` moves on.
  Batch take(std::uint64_t& from, std::chrono::milliseconds patience);
  // Ends all waiting, now and later.
  void close();
  [[nodiscard]] std::size_t watchers() const;

 private:
  Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable more_;
  std::deque<std::shared_ptr<const Event>> ring_;
  std::size_t bytes_ = 0;
  std::size_t watchers_ = 0;
  std::uint64_t next_ = 1;
  bool closed_ = false;
};

}  // namespace curfew::api
