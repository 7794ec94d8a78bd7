// Log lines that are no JSON, as what they hold.
//
//   if (is_keycloak_line(line)) const LogLine one = read_keycloak_line(line);
//
// Keycloak's server log (its events' category; values bare, or in quotes since 22), Pulse Connect Secure's by
// syslog, HID Bravura Monitor's; those in the Common Event Format are cef_line.hpp's.
//
// Threads: pure functions. Owns: views into the line. Fails: never; a line that begins no record is none.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/oauth/events/event_reader.hpp"

namespace curfew::oauth::logs {

enum class LineKind : std::uint8_t { None, Keycloak, Pulse, Bravura, Cef };

[[nodiscard]] LineKind kind_of_line(std::string_view line);

struct KeycloakLine {
  std::string_view time;      // without a zone
  std::string_view category;  // org.keycloak.events: the only one with events
  std::string_view message;
};
[[nodiscard]] std::optional<KeycloakLine> read_keycloak_line(std::string_view line);

// "type=LOGIN, realmId=corp, …": what is "null" is left out.
[[nodiscard]] std::map<std::string, std::string> keycloak_values(std::string_view message);

[[nodiscard]] events::ReadEvent read_pulse_line(std::string_view line);
[[nodiscard]] events::ReadEvent read_bravura_line(std::string_view line);

}  // namespace curfew::oauth::logs
