// Pages of an Auth0 tenant's log, and how people and sessions are called there.
//
//   const LogPage page = read_log(body, "https://corp.auth0.test/");
//   page.last;                                   // the id behind which the log goes on
//
// Fields as published for log events; what each type means stands in events/auth0.
//
// Threads: pure functions. Owns: nothing. Fails: plugin::Failure(Unavailable) when a page is no whole JSON
// array; a record that can't be read is counted.
#pragma once

#include <string>
#include <string_view>

#include "plugins/oauth/log_and_people/live_log.hpp"

namespace curfew::oauth::auth0 {

struct LogPage : oauth::LogPage {
  std::string last;  // of the last record that has an id; empty: there is none
};
using Handle = PersonSession;  // its user: "auth0|6182…"

[[nodiscard]] LogPage read_log(std::string_view body, std::string_view issuer);
[[nodiscard]] LiveNames live_names(std::string_view issuer);

[[nodiscard]] std::string handle_of(std::string_view user, std::string_view session);
[[nodiscard]] Handle read_handle(std::string_view handle);

[[nodiscard]] bool is_session_id(std::string_view text);
[[nodiscard]] bool is_user_id(std::string_view text);

}  // namespace curfew::oauth::auth0
