// A realm's events, user and admin ones, as batches of sightings with the cursor behind them; and what nobody
// can read any more, as gaps.
//
//   EventReader reader(api, facts, ground, {.realm = "corp", .path = "/admin/realms/corp"});
//   reader.resume(cursor);
//   Batch batch = reader.read(deadline);      // a part of a reading has no cursor: call again
//
// A sighting's `subject` is Keycloak's id of the person alone.
//
// Threads: one. Owns: how far it has read. Fails: plugin::Failure; the next call reads the same again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "plugins/oauth/event_sweep.hpp"
#include "plugins/oauth/providers/keycloak/cursor.hpp"
#include "plugins/oauth/providers/keycloak/events.hpp"
#include "plugins/oauth/providers/keycloak/realm_facts.hpp"

namespace curfew::oauth::keycloak {

class EventReader {
 public:
  struct Options {
    std::string realm;
    std::string path;  // of the realm in the API
    bool admin_events = true;
    std::size_t page = 200;
    plugin::Duration arrival_delay = std::chrono::seconds(10);
    plugin::Duration history{0};
  };
  EventReader(AdminApi& api, RealmFacts& facts, const Ground& ground, Options options);

  void resume(const std::string& cursor);
  [[nodiscard]] Batch read(plugin::Time deadline);
  [[nodiscard]] std::uint64_t gaps() const { return gaps_; }

 private:
  template <typename Read>
  [[nodiscard]] EventSweep sweep_of(const std::string& folder, const std::string& what, Read read_page);
  [[nodiscard]] std::optional<Batch> begin();
  void refresh_clients();
  void check_events();
  void tell_skew();
  [[nodiscard]] bool reads_admin_events() const;
  [[nodiscard]] Batch complete();
  void tell_gap(Batch& batch, const Swept& users, std::int64_t before);
  [[nodiscard]] std::string cursor() const;

  AdminApi& api_;
  RealmFacts& facts_;
  const Ground& ground_;
  Options options_;
  EventSweep users_;
  EventSweep admins_;
  bool is_first_ = true;
  bool is_reading_ = false;
  bool users_done_ = false;
  bool admins_done_ = false;
  bool was_off_ = false;
  bool skew_told_ = false;
  bool clients_told_ = false;
  plugin::Time poll_end_{};
  std::int64_t began_at_ = 0;  // Keycloak's time, as are the marks; milliseconds
  std::int64_t polled_ = 0;
  std::uint64_t gaps_ = 0;
};

}  // namespace curfew::oauth::keycloak
