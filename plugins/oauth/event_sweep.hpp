// Reads a stream of events that a provider shows newest first, in numbered pages: each new one once, oldest
// first, though more come in while pages turn, some late.
//
//   EventSweep sweep({.fetch = …, .overlap = 10s});
//   sweep.resume(Mark{…});
//   while (!sweep.step()) …;                     // one page each
//   Swept swept = sweep.take();                  // and the mark behind it
//
// A sweep goes down to `overlap` below its mark: so late an event may be stored. What it has seen there it
// knows again. More than `most_kept` new ones: the oldest so many are handed out, the rest is found by the
// next sweep.
//
// Threads: one. Owns: what it keeps. Fails: as `fetch` does; the next step then begins the sweep anew.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "plugins/oauth/provider.hpp"

namespace curfew::oauth {

struct SweepRecord {
  std::int64_t time = 0;             // milliseconds, by the provider's clock
  std::string identity;              // the same whenever the record is read
  std::optional<Sighting> sighting;  // nothing: it is no matter of sessions
};

struct SweepPage {
  std::vector<SweepRecord> records;  // as they came
  std::size_t rows = 0;              // what can't be read too
  std::uint64_t unreadable = 0;
  std::optional<bool> is_last;  // nothing: by its rows
};

// Milliseconds throughout.
struct Mark {
  std::int64_t time = 0;           // of the newest event handed out
  std::int64_t floor = 0;          // older ones are none of ours
  std::vector<std::string> known;  // keys of those within the overlap, oldest first
};
// The newest keys, of so many bytes. Reading throws nlohmann::json::exception for what is none.
[[nodiscard]] nlohmann::json json_of(const Mark& mark, std::size_t most_bytes_of_keys);
[[nodiscard]] Mark mark_of(const nlohmann::json& value);

struct Swept {
  std::vector<SweepRecord> records;  // oldest first; `identity` is the key, told apart where two are equal
  bool is_all = true;                // false: there are newer ones, sweep again
  bool lost_sight = false;           // the newest one handed out is not there any more
  std::uint64_t read = 0, unreadable = 0;
};

class EventSweep {
 public:
  struct Options {
    // Events from the day of this time on, newest first.
    std::function<SweepPage(std::int64_t from, std::size_t first, std::size_t most)> fetch;
    std::int64_t overlap = 10'000;
    std::size_t page = 200;
    std::string whose = "Keycloak";
    std::size_t most_kept = 50'000;
  };
  explicit EventSweep(Options options) : options_(std::move(options)) {}

  void resume(Mark mark) { mark_ = std::move(mark); }
  [[nodiscard]] const Mark& mark() const { return mark_; }
  // True when the sweep is complete.
  [[nodiscard]] bool step();
  [[nodiscard]] Swept take();
  // What is half read is read again.
  void restart();

 private:
  [[nodiscard]] std::int64_t bottom() const;
  void collect(std::vector<SweepRecord> records);

  Options options_;
  Mark mark_;
  std::size_t first_ = 0;
  bool done_ = false;
  std::deque<SweepRecord> kept_;  // newest first
  bool dropped_ = false;          // newer ones than those kept
  std::int64_t last_time_ = 0;
  std::map<std::string, std::size_t> at_last_time_;  // how many of each identity were collected there
  std::uint64_t read_ = 0, unreadable_ = 0;
};

}  // namespace curfew::oauth
