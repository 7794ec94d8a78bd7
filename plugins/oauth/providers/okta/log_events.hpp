// Pages of Okta's System Log: records, and what each means.
//
//   const LogPage page = read_log(body, "https://corp.okta.test");
//   page.sightings;
//
// Fields as published for the LogEvent object: uuid, published, eventType, outcome, actor, target, client,
// authenticationContext.externalSessionId.
//
// Threads: pure functions. Owns: nothing. Fails: plugin::Failure(Unavailable) when a page is no whole JSON
// array; a record that can't be read is counted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/oauth/provider.hpp"

namespace curfew::oauth::okta {

struct LogPage {
  std::vector<Sighting> sightings;  // as they came
  std::uint64_t rows = 0, filtered = 0, unreadable = 0;
};

[[nodiscard]] LogPage read_log(std::string_view body, std::string_view issuer);
// What is asked for: each type that means something here.
[[nodiscard]] const std::vector<std::string_view>& event_types();

// Probes come without names: whose session it is stands in its handle.
[[nodiscard]] std::string handle_of(std::string_view user, std::string_view session);
struct Handle {
  std::string user;  // empty: it is none of ours
  std::string session;
};
[[nodiscard]] Handle read_handle(std::string_view handle);

// As Okta writes ids; what is none stands in no path.
[[nodiscard]] bool is_id(std::string_view text);

}  // namespace curfew::oauth::okta
