// Pages of Okta's System Log, and how people and sessions are called there.
//
//   const LogPage page = read_log(body, "https://corp.okta.test");
//   page.sightings;
//
// Fields as published for the LogEvent object; what each record means stands in events/okta.
//
// Threads: pure functions. Owns: nothing. Fails: plugin::Failure(Unavailable) when a page is no whole JSON
// array; a record that can't be read is counted.
#pragma once

#include <string>
#include <string_view>

#include "plugins/oauth/log_and_people/live_log.hpp"

namespace curfew::oauth::okta {

using oauth::LogPage;
using Handle = PersonSession;

[[nodiscard]] LogPage read_log(std::string_view body, std::string_view issuer);
[[nodiscard]] LiveNames live_names(std::string_view issuer);

[[nodiscard]] std::string handle_of(std::string_view user, std::string_view session);
[[nodiscard]] Handle read_handle(std::string_view handle);

// As Okta writes ids; what is none stands in no path.
[[nodiscard]] bool is_id(std::string_view text);

}  // namespace curfew::oauth::okta
