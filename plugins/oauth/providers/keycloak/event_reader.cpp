#include "plugins/oauth/providers/keycloak/event_reader.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

namespace curfew::oauth::keycloak {
namespace {

using plugin::Code;
using plugin::Duration;
using plugin::Failure;
using plugin::Time;
using namespace std::chrono_literals;

constexpr Duration notable_skew = 5s;
const char* const admin_folder = "/admin-events?";

std::int64_t milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

// Keycloak takes whole days, by the time zone of its machine: a day earlier is early enough for each.
std::string day_before(std::int64_t time) {
  const std::time_t seconds = static_cast<std::time_t>(time / 1000) - 24 * 3600;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts);
  return {text.data(), size};
}

// Only what the realm saves: a type that this version does not have would be an error.
std::string filters(const std::string& folder, const EventsConfig& config) {
  std::string all;
  if (folder == admin_folder) {
    for (const std::string_view type : admin_resource_types())
      all += "resourceTypes=" + std::string(type) + "&";
    return all;
  }
  for (const std::string_view type : user_event_types()) {
    if (config.types.contains(std::string(type))) all += "type=" + std::string(type) + "&";
  }
  return all;
}

}  // namespace

EventReader::EventReader(AdminApi& api, RealmFacts& facts, const Ground& ground, Options options)
    : api_(api),
      facts_(facts),
      ground_(ground),
      options_(std::move(options)),
      users_(sweep_of("/events?", "the users' events", read_user_events)),
      admins_(sweep_of(admin_folder, "the admin events", read_admin_events)) {}

template <typename Read>
EventSweep EventReader::sweep_of(const std::string& folder, const std::string& what, Read read_page) {
  const auto fetch = [this, folder, what, read_page](std::int64_t from, std::size_t first, std::size_t most) {
    const EventsConfig config = facts_.events();
    const ApiReply reply =
        api_.ask({.path = options_.path + folder + filters(folder, config) + "dateFrom=" + day_before(from) +
                          "&first=" + std::to_string(first) + "&max=" + std::to_string(most),
                  .what = what,
                  .role = "view-events"},
                 poll_end_);
    return read_page(reply.body,
                     Reading{.digest = ground_.digest,
                             .own_client = facts_.own_client(),
                             .password_by_update_credential = config.types.contains("UPDATE_CREDENTIAL")});
  };
  return EventSweep({.fetch = fetch, .overlap = milliseconds(options_.arrival_delay), .page = options_.page});
}

void EventReader::resume(const std::string& cursor) {
  if (cursor.empty()) return;
  Cursor stored = read_cursor(cursor);
  users_.resume(std::move(stored.users));
  admins_.resume(std::move(stored.admins));
  polled_ = stored.polled;
  was_off_ = stored.was_off;
  is_first_ = false;
}

bool EventReader::reads_admin_events() const { return options_.admin_events && facts_.events().admin_events; }

Batch EventReader::read(Time deadline) {
  poll_end_ = deadline + 6s;  // of calls that begin in time
  if (!is_reading_) {
    if (auto last = begin()) return *std::move(last);
    is_reading_ = true;
  }
  while (!users_done_) {
    users_done_ = users_.step();
    if (!users_done_ && ground_.now() >= deadline) return {};
  }
  while (!admins_done_) {
    admins_done_ = !reads_admin_events() || admins_.step();
    if (!admins_done_ && ground_.now() >= deadline) return {};
  }
  return complete();
}

// What there is to keep before it can't go on; nothing: it can.
std::optional<Batch> EventReader::begin() {
  facts_.refresh_events(poll_end_);
  refresh_clients();
  // That it was so must outlive a restart.
  if (!facts_.events().user_events && !std::exchange(was_off_, true) && !is_first_)
    return Batch{.cursor = cursor(), .caught_up = true};
  check_events();
  tell_skew();
  began_at_ = milliseconds((ground_.now() + facts_.clock_ahead()).time_since_epoch());
  if (!std::exchange(is_first_, false)) return std::nullopt;
  was_off_ = false;
  const std::int64_t floor = began_at_ - milliseconds(options_.history);
  users_.resume({.time = floor, .floor = floor, .known = {}});
  admins_.resume({.time = floor, .floor = floor, .known = {}});
  return std::nullopt;
}

// Without them nothing is proved; what happens is seen all the same.
void EventReader::refresh_clients() {
  try {
    while (!facts_.refresh_clients(poll_end_) && ground_.now() < poll_end_ - 4s) {
    }
    clients_told_ = false;
  } catch (const Failure& failure) {
    if (!std::exchange(clients_told_, true))
      ground_.log(plugin::Level::Warning,
                  std::string(failure.what()) +
                      "; until then no sign-out can be proved, unless access_token_lifespan is set");
  }
}

void EventReader::check_events() {
  const EventsConfig config = facts_.events();
  if (!config.user_events)
    throw Failure(Code::Failed, api_.where() + ": Keycloak does not save events of the realm '" +
                                    options_.realm +
                                    "': nothing can be seen; switch on eventsEnabled (Realm settings, "
                                    "Events, Save events)");
  if (!config.types.contains("LOGIN"))
    throw Failure(Code::Failed, api_.where() + ": Keycloak does not save the event LOGIN of the realm '" +
                                    options_.realm +
                                    "': no session can be seen; add it to enabledEventTypes (Realm settings, "
                                    "Events)");
}

void EventReader::tell_skew() {
  const Duration ahead = facts_.clock_ahead();
  const bool is_notable = ahead > notable_skew || ahead < -notable_skew;
  if (is_notable && !skew_told_)
    ground_.log(plugin::Level::Warning,
                api_.where() + ": Keycloak's clock is ahead of ours by " +
                    std::to_string(std::chrono::duration_cast<std::chrono::seconds>(ahead).count()) +
                    " s; its events keep its time. Let both machines follow the same time server");
  skew_told_ = is_notable;
}

std::string EventReader::cursor() const {
  return to_text({.users = users_.mark(), .admins = admins_.mark(), .polled = polled_, .was_off = was_off_});
}

Batch EventReader::complete() {
  const std::int64_t before = users_.mark().time;
  const bool with_admins = reads_admin_events();
  users_done_ = admins_done_ = is_reading_ = false;
  Swept users = users_.take();
  Swept admins = with_admins ? admins_.take() : Swept{};
  Batch batch{.read = users.read + admins.read,
              .unreadable = users.unreadable + admins.unreadable,
              .caught_up = users.is_all && admins.is_all};
  tell_gap(batch, users, before);
  for (Swept* swept : {&users, &admins}) {
    for (Record& record : swept->records) {
      if (!record.sighting) {
        ++batch.filtered;
        continue;
      }
      record.sighting->key = std::move(record.identity);
      batch.sightings.push_back(*std::move(record.sighting));
    }
  }
  std::stable_sort(batch.sightings.begin(), batch.sightings.end(),
                   [](const Sighting& a, const Sighting& b) { return a.at < b.at; });
  std::int64_t shown = began_at_;
  if (!users.is_all) shown = std::min(shown, users_.mark().time);
  if (!admins.is_all) shown = std::min(shown, admins_.mark().time);
  batch.observed_until = Time(std::chrono::milliseconds(shown)) - options_.arrival_delay;
  if (batch.caught_up) polled_ = began_at_;
  was_off_ = false;
  batch.cursor = cursor();
  return batch;
}

// What nobody can read any more is said to be missing.
void EventReader::tell_gap(Batch& batch, const Swept& users, std::int64_t before) {
  const std::int64_t expiration = facts_.events().expiration * 1000;
  const std::int64_t oldest = expiration > 0 ? began_at_ - expiration : 0;
  const char* why = nullptr;
  if (was_off_)
    why = "Keycloak saved no events for a time";
  else if (polled_ > 0 && polled_ < oldest)
    why =
        "events may have expired at Keycloak before they were read: nobody read them for longer than "
        "eventsExpiration";
  else if (users.lost_sight && before > oldest)
    why = "events that were read before are not there any more: somebody cleared them";
  if (why == nullptr) return;
  ++gaps_;
  ground_.log(plugin::Level::Warning, std::string(why) + "; the gap is recorded");
  Sighting gap;
  gap.type = plugin::Type::Gap;
  gap.at = Time(std::chrono::milliseconds(began_at_));
  gap.key = "gap/" + std::to_string(before) + "/" + std::to_string(polled_);
  gap.count = 0;
  batch.sightings.push_back(std::move(gap));
}

}  // namespace curfew::oauth::keycloak
