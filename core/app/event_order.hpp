// Event order: recorded input in the order in which it happened, whatever the order of files.
//
//   app::EventOrder order;
//   order.open("dc1"); order.put(arrival); order.advance("dc1", until);
//   while (auto next = order.next()) machine.take(next->time, ...);
//
// An observation is let through once every open source has stated that it showed everything up to there; so
// engine time is the minimum of the watermarks of the open sources. What is held is bounded: past the bound
// the oldest goes on early, and is counted. Threads: one. Owns: what is held. Fails: never.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "core/app/arrival.hpp"

namespace curfew::app {

class EventOrder {
 public:
  struct Released {
    Time time{};
    Arrival arrival;
  };

  explicit EventOrder(std::size_t most = 4'000'000) : most_(most) {}

  void open(const std::string& source) { watermarks_.try_emplace(source, Time{}); }
  void put(Arrival arrival);
  void advance(const std::string& source, Time observed_until);
  void finish(const std::string& source) { watermarks_.erase(source); }

  [[nodiscard]] std::optional<Released> next();
  // What every open source has passed; the latest time when none is open.
  [[nodiscard]] Time watermark() const;
  [[nodiscard]] bool is_open(const std::string& source) const { return watermarks_.contains(source); }
  [[nodiscard]] bool all_finished() const { return watermarks_.empty(); }
  [[nodiscard]] std::size_t held() const { return held_.size(); }
  [[nodiscard]] std::uint64_t released_early() const { return released_early_; }

 private:
  struct Held {
    Time time;
    std::uint64_t number;
    Arrival arrival;
  };
  struct Later {
    bool operator()(const Held& a, const Held& b) const {
      if (a.time != b.time) return a.time > b.time;
      if (a.arrival.source != b.arrival.source) return a.arrival.source > b.arrival.source;
      return a.number > b.number;
    }
  };

  const std::size_t most_;
  std::map<std::string, Time> watermarks_;
  std::vector<Held> held_;  // a heap
  std::uint64_t number_ = 0;
  std::uint64_t released_early_ = 0;
};

}  // namespace curfew::app
