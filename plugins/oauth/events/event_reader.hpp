// One record of an identity provider by its vendor's table: an observation, or why it is none.
//
//   const ReadEvent event = read_event(okta_events(), record);
//   if (event.fate == EventFate::Told) …event.sighting…
//
// A sighting's `names` hold who it is, in the table's namespaces; `subject` and `user_name` stay empty, but
// for a user name with @, which is a `user_name`.
//
// Threads: pure functions. Owns: nothing. Fails: never.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/oauth/events/event_table.hpp"
#include "plugins/oauth/provider.hpp"

namespace curfew::oauth::events {

enum class EventFate : std::uint8_t {
  Told,
  Filtered,    // `name`: as which
  Unreadable,  // `why`
};

struct ReadEvent {
  EventFate fate = EventFate::Filtered;
  std::string name;  // the vendor's, with what kept it from being told
  std::string why;
  bool is_of_person = false;  // an end of all that the person had: the sighting has no session
  Sighting sighting;
};

[[nodiscard]] ReadEvent read_event(const EventTable& table, const simdjson::dom::element& record);

// What the vendor's name and outcome mean; nullptr: the table doesn't know them.
[[nodiscard]] const EventRow* row_of(const EventTable& table, std::string_view name,
                                     std::string_view outcome);

// Of a record without an id: the same record, the same key, wherever it is read.
[[nodiscard]] std::string digest_of(std::string_view text);
// An address without a port, brackets or a zone; empty: it is none.
[[nodiscard]] std::string address_of(std::string_view text);
// To what an observation may hold, between characters; control characters become blanks.
[[nodiscard]] std::string clipped(std::string_view text);

}  // namespace curfew::oauth::events
