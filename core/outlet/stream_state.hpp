// What must be remembered of a receiver's stream: its configuration, its status, and what waits to be
// delivered, as the cursor's own bytes.
//
//   outlet::StreamState state = outlet::stream_state_from_json(cursor.state());
//   state.pending.push_back({.id = …, .place = …});
//   cursor.move(place, outlet::to_json(state));
//
// What waits is a place in the ledger and an id, never a name of a person: events are made when they are
// sent, so that what was erased meanwhile is not told.
//
// Threads: values and pure functions. Fails: stream_state_from_json throws Error(Corrupt) naming the field.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"
#include "core/model/vocabulary.hpp"
#include "core/store/store.hpp"

namespace curfew::outlet {

enum class Delivery : std::uint8_t { Push, Poll };
enum class StreamStatus : std::uint8_t { Enabled, Paused, Disabled };
// Whom a stream is about before its receiver adds or removes anybody.
enum class DefaultSubjects : std::uint8_t { All, None };

// At most so many are known to wait; the rest is in the ledger.
inline constexpr std::size_t most_pending = 1'000;

// One event that waits.
struct Pending {
  std::string id;                    // its `jti`
  store::Place place;                // of the entry; stream 0: a verification
  std::optional<std::string> state;  // of a verification: what it was asked with
  bool disclosed = false;            // who was told whom is in the ledger
  friend bool operator==(const Pending&, const Pending&) = default;

  [[nodiscard]] bool is_verification() const { return place.stream == 0; }
};

// A verification that was asked for: due when all that was in the ledger then has been looked at.
struct AskedVerification {
  std::string id;
  std::optional<std::string> state;
  store::Place after;
  friend bool operator==(const AskedVerification&, const AskedVerification&) = default;
};

struct StreamState {
  std::string id;
  Delivery delivery = Delivery::Poll;
  std::string endpoint;     // of push, where the receiver chose it
  std::string secret_file;  // that holds what the receiver wants to be shown; empty: nothing
  std::string description;
  std::vector<std::string> requested;  // empty: all that there are
  StreamStatus status = StreamStatus::Enabled;
  std::string status_reason;
  DefaultSubjects default_subjects = DefaultSubjects::All;  // as they were when it was made
  Time verified_at{};                                       // when a verification was asked for last
  std::optional<AskedVerification> asked;
  std::deque<Pending> pending;
  friend bool operator==(const StreamState&, const StreamState&) = default;
};

[[nodiscard]] std::string to_json(const StreamState& state);
[[nodiscard]] StreamState stream_state_from_json(std::string_view json);

// Takes those out that have one of these ids; how many.
std::size_t settle(StreamState& state, const std::vector<std::string>& ids);

}  // namespace curfew::outlet

namespace curfew::model {
template <>
struct Names<outlet::Delivery> {
  static constexpr std::array<std::string_view, 2> all{"push", "poll"};
};
template <>
struct Names<outlet::StreamStatus> {
  static constexpr std::array<std::string_view, 3> all{"enabled", "paused", "disabled"};
};
template <>
struct Names<outlet::DefaultSubjects> {
  static constexpr std::array<std::string_view, 2> all{"all", "none"};
};
}  // namespace curfew::model
