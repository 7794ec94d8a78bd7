// The tables of the vendors whose events are read, for their logs and for their APIs alike.
//
//   const EventTable& table = okta_events();
//   if (const EventTable* own = vendor_of(record)) read_event(*own, record);
//
// Threads: constants. Owns: nothing. Fails: never.
#pragma once

#include <simdjson.h>

#include <span>

#include "plugins/oauth/events/event_table.hpp"

namespace curfew::oauth::events {

[[nodiscard]] const EventTable& okta_events();              // System Log
[[nodiscard]] const EventTable& auth0_events();             // tenant logs
[[nodiscard]] const EventTable& authentik_events();         // events
[[nodiscard]] const EventTable& business_central_events();  // telemetry in Application Insights
[[nodiscard]] std::span<const EventTable> other_events();

// Whose record it is; nullptr: nobody's who is known here.
[[nodiscard]] const EventTable* vendor_of(const simdjson::dom::element& record);

}  // namespace curfew::oauth::events
