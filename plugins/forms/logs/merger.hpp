// Marks to findings, as they become observations: sign-ins and ends at once, each by itself; activity of one
// session and class merged within a quantum, with a count, and so are refusals of one session.
//
//   Merger merger(std::chrono::seconds(10), [&](Finding&& finding) { … });
//   merger.add(mark); merger.close(up_to);
//
// A quantum is a piece of the clock, so the same lines make the same findings whenever they are read. Its
// first line is told at once when the quantum before it was silent: what ends an idle time has its own time.
// What comes after its quantum was closed is told by itself. Where reading begins in the midst of steady
// activity, nobody knows of the quantum before: its first line may be told once more.
//
// Threads: one. Owns: the quanta that are open. Fails: never.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "plugins/forms/logs/mark.hpp"

namespace curfew::forms {

struct Finding {
  plugin::Type type = plugin::Type::Activity;
  Time at{};
  Time expires_at{};  // of a sign-in; none: not told
  std::string key;
  plugin::SessionDigest session{};
  std::string user, address, user_agent, failure;
  plugin::AuthMethod auth_method = plugin::AuthMethod::Unknown;
  plugin::Interactivity interactivity = plugin::Interactivity::Unknown;
  plugin::EndReason end_reason = plugin::EndReason::Unknown;
  bool end_inferred = false;
  bool fresh_credentials = false;
  bool machine = false;
  std::uint32_t count = 1;
};

class Merger {
 public:
  using Out = std::function<void(Finding&&)>;

  // A session that several servers hold, each with its cache, is refused by one and taken by another: only
  // what is refused for `refusals_settle`, and not taken in between, is told as refused.
  Merger(Duration quantum, Duration refusals_settle, Out out)
      : quantum_(quantum), refusals_settle_(refusals_settle), out_(std::move(out)) {}

  void add(Mark&& mark);
  // Of a session nothing was heard for so long that it is taken to be over.
  void vanish(const plugin::SessionDigest& session, Time at);
  // Every quantum that ended by then.
  void close(Time up_to);
  void finish();
  // Whether all that was added up to this time was told.
  [[nodiscard]] bool has_told(Time time) const;
  [[nodiscard]] std::size_t open() const { return quanta_.size(); }
  // Refusals that were not told, as they had not settled.
  [[nodiscard]] std::uint64_t unsettled() const { return unsettled_; }

  static constexpr std::size_t most_quanta = 1'000'000;

 private:
  struct Place {
    std::int64_t quantum = 0;
    std::array<std::uint8_t, 16> session{};
    std::uint8_t kind = 0;  // of a person, of a machine, refused
    auto operator<=>(const Place&) const = default;
  };
  struct Merged {
    Finding rest;
    std::uint32_t count = 0;
    bool ends_session = false;
    bool is_closed = false;
  };
  [[nodiscard]] std::int64_t quantum_of(Time time) const;
  void merge(Mark&& mark);
  void put(Finding&& finding, bool ends_session);
  void tell(const Place& place, Merged& merged);

  [[nodiscard]] bool is_settled(const Place& place, Time time);

  Duration quantum_, refusals_settle_;
  Out out_;
  std::map<std::array<std::uint8_t, 16>, Time> refused_since_;
  std::uint64_t unsettled_ = 0;
  std::map<Place, Merged> quanta_;
  Time closed_{Time::min()};
};

}  // namespace curfew::forms
