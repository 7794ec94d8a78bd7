// Records of Keycloak and Microsoft Entra out of logs, read as the live providers read them; and Google's,
// taken apart.
//
//   take(read_entra_diagnostic(record));
//
// Threads: pure functions. Owns: nothing. Fails: never; what can't be read is said to be.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

#include "plugins/oauth/events/event_reader.hpp"

namespace curfew::oauth::logs {

inline constexpr std::string_view keycloak_category = "org.keycloak.events";

// `row`: an event as Keycloak's API gives it. What the log's session is called when it names none: the code's
// id, which is the session's.
[[nodiscard]] events::ReadEvent read_keycloak_event(const std::string& row, bool is_admin,
                                                    std::string_view type, std::string_view realm);
// "type=LOGIN, realmId=…" as such a row; empty: it holds no event.
struct KeycloakEvent {
  std::string row;
  std::string type, realm;
  bool is_admin = false;
};
[[nodiscard]] KeycloakEvent keycloak_event_of(plugin::Time at, std::string_view message);

[[nodiscard]] events::ReadEvent read_entra(const simdjson::dom::element& record);
[[nodiscard]] events::ReadEvent read_entra_diagnostic(const simdjson::dom::element& record);

// One record with one event for each of its events; none when they, or it, are too many bytes to be Google's.
[[nodiscard]] std::vector<std::string> google_records(const simdjson::dom::element& record);

}  // namespace curfew::oauth::logs
