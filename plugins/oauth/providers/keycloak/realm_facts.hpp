// What a realm says of itself that decides what can be seen and proved there: whether it saves events, how
// long, and how long its access tokens live at most.
//
//   RealmFacts facts(api, "/admin/realms/corp", "curfew", true);
//   facts.refresh_events(deadline);  while (!facts.refresh_clients(deadline)) …     // each asks only when
//   due if (const auto longest = facts.longest_access_token()) …
//
// Threads: refresh_… on one; the rest from any. Owns: nothing but what it read. Fails: plugin::Failure.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "plugins/oauth/admin_api.hpp"

namespace curfew::oauth::keycloak {

struct EventsConfig {
  bool is_read = false;
  bool user_events = false;
  bool admin_events = false;
  bool admin_details = false;
  std::int64_t expiration = 0;  // seconds; 0: kept for good. Of user events
  std::set<std::string> types;
};

class RealmFacts {
 public:
  // `needs_lifespan`: false where a setting says how long access tokens live.
  RealmFacts(AdminApi& api, std::string path, std::string client_id, bool needs_lifespan)
      : api_(api),
        path_(std::move(path)),
        client_id_(std::move(client_id)),
        needs_lifespan_(needs_lifespan) {}

  void refresh_events(plugin::Time deadline);
  // A page of clients at a time; false: there is more to read, call again.
  [[nodiscard]] bool refresh_clients(plugin::Time deadline);
  // Before anything is read: all false.
  [[nodiscard]] EventsConfig events() const;
  // The longest that any client of the realm was seen to get; nothing until all clients were read once.
  [[nodiscard]] std::optional<plugin::Duration> longest_access_token() const;
  // Of Curfew's own client.
  [[nodiscard]] std::string own_client() const;
  // Keycloak's clock less ours.
  [[nodiscard]] plugin::Duration clock_ahead() const;

 private:
  using Clock = std::chrono::steady_clock;
  void read_events_config(plugin::Time deadline);
  void read_realm(plugin::Time deadline);
  bool read_clients(plugin::Time deadline);  // one page; true: the last one

  AdminApi& api_;
  std::string path_;
  std::string client_id_;
  bool needs_lifespan_;
  Clock::time_point config_due_{};
  Clock::time_point tokens_due_{};
  std::size_t next_client_ = 0;
  bool reads_clients_ = false;
  std::int64_t lifespan_ = 0, implicit_lifespan_ = 0, sweep_longest_ = 0;  // seconds

  mutable std::mutex mutex_;
  EventsConfig events_;
  std::optional<std::int64_t> longest_;
  std::string own_client_;
  plugin::Duration clock_ahead_{};
};

}  // namespace curfew::oauth::keycloak
