// The types of events that are known: of CAEP 1.0, RISC 1.0 and Shared Signals 1.0 themselves, and what each
// is here.
//
//   const EventType* type =
//   event_type("https://schemas.openid.net/secevent/caep/event-type/session-revoked"); type->label;      //
//   "caep/session-revoked"; nullptr: nobody knows it
//
// Threads: constants. Owns: nothing. Fails: never.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "curfew/plugin/connector.hpp"

namespace curfew::oauth::shared_signals {

// Told: an observation. Counted: not one that Curfew has a word for. Verification, Updated: about the stream.
enum class Meaning : std::uint8_t { Told, Counted, Verification, Updated };

struct EventType {
  std::string_view uri;
  std::string_view label;
  Meaning meaning = Meaning::Counted;
  plugin::Type type = plugin::Type::Activity;  // Told
  bool is_about_session = false;               // an opaque subject is a session
  bool is_about_stream = false;
};

[[nodiscard]] const EventType* event_type(std::string_view uri);
[[nodiscard]] std::span<const EventType> all_event_types();

}  // namespace curfew::oauth::shared_signals
