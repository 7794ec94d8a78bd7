// How far a realm's events were read, as the text that the host keeps.
//
//   Cursor cursor = read_cursor(text);  std::string text = to_text(cursor);
//
// Threads: values. Owns: nothing. Fails: read_cursor throws plugin::Failure for what it did not write.
#pragma once

#include <cstdint>
#include <string>

#include "plugins/oauth/event_sweep.hpp"

namespace curfew::oauth::keycloak {

struct Cursor {
  Mark users;
  Mark admins;
  std::int64_t polled = 0;  // Keycloak's time of the last complete reading, in milliseconds
  bool was_off = false;     // Keycloak saved no events when it was last asked
};

// Of the keys within the overlap the newest: the host knows the others again by their keys.
[[nodiscard]] std::string to_text(const Cursor& cursor);
[[nodiscard]] Cursor read_cursor(const std::string& text);

}  // namespace curfew::oauth::keycloak
