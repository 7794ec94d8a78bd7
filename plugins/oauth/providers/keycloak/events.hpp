// Keycloak's user events and admin events: pages of JSON to records, and what each means.
//
//   const Reading reading{.digest = host_digest, .own_client = "…"};
//   Page page = read_user_events(body, reading);
//
// Keycloak before 26.3 gives events no id: the digest of all that one says stands for it.
//
// Threads: pure functions. Owns: nothing. Fails: plugin::Failure(Unavailable) when the page is no whole JSON
// array; a record that can't be read is counted.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/oauth/event_sweep.hpp"

namespace curfew::oauth::keycloak {

using Record = SweepRecord;  // its subject: Keycloak's id of the person alone
using Page = SweepPage;

struct Reading {
  std::function<plugin::SessionDigest(std::string_view)> digest;
  // Curfew's own client, as Keycloak numbers it: the sessions that it ends are no news.
  std::string own_client;
  bool password_by_update_credential = false;  // UPDATE_CREDENTIAL is saved, and tells of passwords
};

[[nodiscard]] Page read_user_events(std::string_view body, const Reading& reading);
[[nodiscard]] Page read_admin_events(std::string_view body, const Reading& reading);

// What is asked for; Keycloak leaves the rest out.
[[nodiscard]] const std::vector<std::string_view>& user_event_types();
[[nodiscard]] const std::vector<std::string_view>& admin_resource_types();

}  // namespace curfew::oauth::keycloak
