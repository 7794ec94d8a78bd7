// Records of a provider's log as its API gives them, read by the vendor's table (events/): what a recorded
// log says of a record, the live one says too, in the same namespaces.
//
//   const LiveNames names{.table = events::okta_events(), .issuer = issuer, .is_user = is_id, …};
//   const LogPage page = read_log_array(body, names, "Okta");
//   page.sightings;
//
// A sighting's `subject` is the provider's id of the person, in the table's namespace; besides it has that
// person's name of OpenID Connect, where tokens have the same id.
//
// Threads: pure functions. Owns: nothing. Fails: plugin::Failure(Unavailable) when a page is no whole JSON
// array; a record that can't be read is counted.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/oauth/events/event_table.hpp"
#include "plugins/oauth/provider.hpp"

namespace curfew::oauth {

// A session and whose it is, by the provider's ids. Probes come without names: this stands in handles.
struct PersonSession {
  std::string user;  // empty: it is none of ours
  std::string session;
};

struct LiveNames {
  const events::EventTable& table;
  std::string issuer;  // empty: tokens name people otherwise
  std::function<bool(std::string_view)> is_user;
  std::function<bool(std::string_view)> is_session;
  std::function<std::string(std::string_view user, std::string_view session)> handle_of;
};

struct LiveRecord {
  std::string id;
  plugin::Time at{};
  bool is_unreadable = false;
  std::optional<Sighting> sighting;  // nothing: it is no matter of sessions, or can't be read
};

struct LogPage {
  std::vector<Sighting> sightings;  // as they came
  std::uint64_t rows = 0, filtered = 0, unreadable = 0;
  void take(LiveRecord&& record);
};

[[nodiscard]] LiveRecord read_live(const simdjson::dom::element& record, const LiveNames& names);
// `each`: of every record that is an object.
[[nodiscard]] LogPage read_log_array(std::string_view body, const LiveNames& names, const std::string& whose,
                                     const std::function<void(const LiveRecord&)>& each = {});
// What is asked for: each of the table's names that means something.
[[nodiscard]] std::vector<std::string_view> event_names(const events::EventTable& table);

// As `oidc_subject`.
[[nodiscard]] SightingName subject_of(const std::string& issuer, const std::string& user);

}  // namespace curfew::oauth
