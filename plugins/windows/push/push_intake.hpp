// Takes pushed records in: each is kept by the host before its sender is told that it was taken, is known
// again when it is sent twice, and is handed to whoever judges it.
//
//   PushIntake intake(limits);
//   intake.restore(key, value); …; intake.end_restore();         // at the start: what the host kept
//   auto verdicts = intake.take(records, remember);              // on any thread
//   while (auto batch = intake.next()) { … }                     // on the thread that judges
//   for (const std::string& key : judged) remember(key, "");     // then the host need not keep it any longer
//
// What is kept: "pushed/N", records that wait to be judged; "seen/N", the identities of a request's records,
// so that a sender whose answer was lost can send all of it again. A record's identity is its computer, log,
// number, time and id.
//
// Threads: any; restore and end_restore before the rest. Owns: what waits. Fails: take throws NotKept when
// the host does not keep it; nothing of the request was taken then, and it may come again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "plugins/windows/event.hpp"
#include "plugins/windows/push/push_body.hpp"

namespace curfew::windows {

class NotKept : public std::runtime_error {
 public:
  NotKept() : std::runtime_error("pushed records could not be kept; the sender is to come again") {}
};

struct PushLimits {
  std::size_t waiting_records = 200'000;     // beyond it senders are pushed back
  std::size_t known_identities = 2'000'000;  // the oldest are forgotten beyond it
};

enum class Verdict : std::uint8_t {
  Taken,
  Repeat,      // taken before
  Busy,        // not taken: too much waits; come again
  TooLarge,    // not taken, and never will be
  Unreadable,  // not a record
};

class PushIntake {
 public:
  // One text of records, and the name under which the host keeps it.
  struct Kept {
    std::string key, records;
  };
  // What came with one request, or with a restart.
  struct Batch {
    std::vector<Kept> kept;
    std::vector<WindowsEvent> passed_over;  // say nothing to the pairing: counted only
    std::vector<WindowsEvent> repeats;
    std::vector<PushedRecord> unreadable;
    std::size_t records = 0;  // within `kept`
    bool is_restored = false;
  };
  // False: the host does not take it.
  using Remember = std::function<bool(std::string_view key, std::string_view value)>;

  explicit PushIntake(PushLimits limits) : limits_(limits) {}

  // True when the text was its own.
  bool restore(std::string_view key, std::string_view value);
  void end_restore();
  // A verdict for each record, in order.
  [[nodiscard]] std::vector<Verdict> take(std::vector<PushedRecord>&& records, const Remember& remember);

  // The oldest that waits.
  [[nodiscard]] std::optional<Batch> next();
  // What the judge is done with, of those that `next` gave.
  void judged(std::size_t records);
  // Keys that the host keeps for nothing: of requests that failed halfway, and of what is known no longer.
  [[nodiscard]] std::vector<std::string> take_superfluous();
  [[nodiscard]] std::size_t waiting() const;

 private:
  struct Seen {
    std::string key;
    std::vector<std::uint64_t> identities;
  };
  void know(Seen seen);
  void drop(std::vector<std::string> keys);

  const PushLimits limits_;
  // One request at a time, and while the host is asked to keep it; who judges never waits for that.
  std::mutex taking_;
  std::unordered_set<std::uint64_t> known_;
  std::deque<Seen> known_in_order_;
  std::uint64_t number_ = 0;
  std::map<std::uint64_t, Kept> restored_;  // by number: in the order in which they came

  mutable std::mutex mutex_;  // all below
  std::deque<Batch> batches_;
  std::size_t waiting_ = 0;
  std::size_t others_ = 0;  // in batches_, counted only
  std::vector<std::string> superfluous_;
};

}  // namespace curfew::windows
