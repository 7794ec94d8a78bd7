// A follower of the ledger: gives what was committed, in order, to one outlet, and goes on where that
// outlet's cursor is after a restart or a kill. What is handed on twice, because the crash came between the
// handing on and the move of the cursor, is for the outlet's own ids to show: nothing is lost.
//
//   outlet::Follower follower(ground, cursor, {.name = "signals/crm", .appetite = …, .take = …});
//   follower.start(); … follower.wake(); … follower.stop();
//
// The ledger is the queue: an outlet whose receiver is down takes nothing, and its cursor stays where it is.
// No more than one chunk is in memory. A realm's streams follow each other in the order of their numbers.
//
// Threads: start and stop from one, wake from any; `appetite` and `take` are called on a thread of its own.
// Owns: the thread; not the cursor. Fails: never; what goes wrong is logged, and tried again with growing
// pauses.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/outlet/cursor.hpp"
#include "core/outlet/ground.hpp"

namespace curfew::outlet {

// Entries that follow each other in one stream; none: there is nothing new.
struct Chunk {
  ledger::StreamId id;
  store::Place first;
  std::vector<ledger::SealedEntry> entries;
  bool is_cut = false;  // there is more already

  [[nodiscard]] store::Place place_of(std::size_t index) const {
    return {first.stream, first.sequence + index};
  }
  [[nodiscard]] store::Place after() const { return place_of(entries.size()); }
};

enum class Appetite : std::uint8_t {
  None,   // there is nobody to hand anything to: nothing waits
  Later,  // full or paused: what is in the ledger waits there
  Now,
};

struct FollowerSettings {
  std::string name;  // of the outlet, in logs and metrics
  std::function<Appetite()> appetite;
  // Moves the cursor past what it took. How long until it wants to be called again, were there nothing new.
  std::function<Duration(const Chunk&)> take;
  std::size_t most_entries = 1'000;           // of a chunk
  std::size_t most_bytes = 16 * 1024 * 1024;  // of a chunk's facts; passed by one entry at most
};

class Follower {
 public:
  Follower(const Ground& ground, Cursor& cursor, FollowerSettings settings);
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  void start();
  // Something was committed, or the outlet has appetite again.
  void wake();
  // Waits for a `take` that runs.
  void stop();
  [[nodiscard]] bool is_stopping() const;

 private:
  void run();
  Duration step();
  Chunk read(store::Place from, std::size_t most);
  void show_lag(std::uint64_t done) const;

  const Ground& ground_;
  Cursor& cursor_;
  FollowerSettings settings_;
  std::uint64_t lag_ = 0;  // when it was last looked
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace curfew::outlet
