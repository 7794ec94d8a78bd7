// Pages of an Auth0 tenant's log: records, and what each means.
//
//   const LogPage page = read_log(body, "https://corp.auth0.test/");
//   page.last;                                   // the id behind which the log goes on
//
// Fields as published for log events: log_id, date, type, user_id, user_name, client_name, ip, user_agent,
// details.session_id; the types as published under "log event type codes".
//
// Threads: pure functions. Owns: nothing. Fails: plugin::Failure(Unavailable) when a page is no whole JSON
// array; a record that can't be read is counted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/oauth/provider.hpp"

namespace curfew::oauth::auth0 {

struct LogPage {
  std::vector<Sighting> sightings;  // as they came
  std::string last;                 // of the last record that has an id; empty: there is none
  std::uint64_t rows = 0, filtered = 0, unreadable = 0;
};

[[nodiscard]] LogPage read_log(std::string_view body, std::string_view issuer);

// Probes come without names: whose session it is stands in its handle.
[[nodiscard]] std::string handle_of(std::string_view user, std::string_view session);
struct Handle {
  std::string user;  // "auth0|6182…"; empty: it is none of ours
  std::string session;
};
[[nodiscard]] Handle read_handle(std::string_view handle);

[[nodiscard]] bool is_session_id(std::string_view text);
[[nodiscard]] bool is_user_id(std::string_view text);

}  // namespace curfew::oauth::auth0
