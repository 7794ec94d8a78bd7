#include "plugins/oauth/logs/record_intake.hpp"

#include <array>
#include <charconv>
#include <utility>

#include "plugins/oauth/events/event_time.hpp"
#include "plugins/oauth/events/field.hpp"
#include "plugins/oauth/events/vendors.hpp"
#include "plugins/oauth/logs/cef_line.hpp"
#include "plugins/oauth/logs/provider_records.hpp"
#include "plugins/oauth/providers/entra/error_codes.hpp"

namespace curfew::oauth::logs {
namespace {

using events::EventFate;
using events::field_of;
using events::ReadEvent;
using simdjson::dom::element;

constexpr int deepest = 6;  // envelopes within envelopes
// Lists of records, by the API or the shipper that makes them.
constexpr std::array<const char*, 9> lists{"records",  "value", "events",     "items", "results",
                                           "authlogs", "logs",  "activities", "data"};
// What holds one record, or a mapping with a list of them.
constexpr std::array<const char*, 8> wrappers{"json",     "o365audit", "payload", "_source",
                                              "response", "_embedded", "event",   "body"};
// Text that is a record.
constexpr std::array<const char*, 3> texts{"message", "original", "_raw"};

// Microsoft 365 has Entra's codes for what failed, or older records the error's name alone: what asks for
// more is an interrupt, and no failure.
void by_code(ReadEvent& event, const element& value) {
  if (event.fate != EventFate::Told || event.sighting.type != plugin::Type::SignInFailed) return;
  const std::string text = field_of(value, "ErrorNumber");
  bool is_failure = !event.sighting.failure.ends_with("Interrupt");
  std::int64_t code = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), code);
  if (!text.empty() && read.ec == std::errc()) {
    is_failure = entra::meaning_of(code).kind == entra::CodeKind::Failure;
    event.sighting.failure = entra::failure_text(code);
  }
  if (is_failure) return;
  event.fate = EventFate::Filtered;
  event.name += ": an interrupt";
}

}  // namespace

void RecordIntake::value(const element& value, const std::string& place) { open(value, place, 0); }

void RecordIntake::open(const element& value, const std::string& place, int depth) {
  simdjson::dom::array members;
  if (value.get_array().get(members) == simdjson::SUCCESS) {
    std::size_t number = 0;
    for (const element one : members) open(one, place + ", member " + std::to_string(++number), depth + 1);
    return;
  }
  if (!value.is_object()) {
    sink_.unreadable(place, "neither a record nor a list of them");
    return;
  }
  if (depth > deepest) {
    sink_.unreadable(place, "envelopes within envelopes");
    return;
  }
  if (record(value, place) || open_list(value, place, depth) || open_wrapper(value, place, depth)) return;
  sink_.filtered({}, "of no provider that is known here");
}

bool RecordIntake::open_list(const element& value, const std::string& place, int depth) {
  for (const char* key : lists) {
    element list;
    if (value.at_key(key).get(list) != simdjson::SUCCESS || !list.is_array()) continue;
    open(list, place, depth + 1);
    return true;
  }
  return false;
}

bool RecordIntake::open_wrapper(const element& value, const std::string& place, int depth) {
  element inner;
  for (const char* key : wrappers) {
    if (value.at_key(key).get(inner) != simdjson::SUCCESS || !inner.is_object()) continue;
    open(inner, place, depth + 1);
    return true;
  }
  for (const char* key : texts) {
    std::string_view text;
    if (value.at_key(key).get_string().get(text) != simdjson::SUCCESS) continue;
    open_text(text, place, depth + 1);
    return true;
  }
  return false;
}

void RecordIntake::open_text(std::string_view text, const std::string& place, int depth) {
  if (const LineKind kind = kind_of_line(text); kind != LineKind::None) {
    line(kind, text, place);
    return;
  }
  const std::size_t begin = text.find('{');
  simdjson::dom::parser parser;
  element inner;
  if (begin == std::string_view::npos ||
      parser.parse(text.data() + begin, text.size() - begin).get(inner) != simdjson::SUCCESS) {
    sink_.filtered({}, "of no provider that is known here");
    return;
  }
  open(inner, place, depth);
}

bool RecordIntake::record(const element& value, const std::string& place) {
  if (keycloak(value, place)) return true;
  if (const events::EventTable* table = events::vendor_of(value); table != nullptr) {
    if (table->vendor == "google_workspace")
      google(value, place);
    else
      by_table(*table, value, place);
    return true;
  }
  return entra(value, place);
}

void RecordIntake::by_table(const events::EventTable& table, const element& value, const std::string& place) {
  ReadEvent event = events::read_event(table, value);
  if (table.vendor == "office365") by_code(event, value);
  take(table.vendor, std::move(event), place);
}

// One record of Google's may hold several events.
void RecordIntake::google(const element& value, const std::string& place) {
  const events::EventTable& table = *events::vendor_of(value);
  simdjson::dom::array members;
  if (value.at_key("events").get_array().get(members) != simdjson::SUCCESS) {
    by_table(table, value, place);
    return;
  }
  const std::vector<std::string> singles = google_records(value);
  if (singles.empty())
    sink_.unreadable(place, "google_workspace: no events, or more than are read of one record");
  for (const std::string& one : singles) {
    simdjson::dom::parser parser;
    element single;
    if (parser.parse(one).get(single) == simdjson::SUCCESS) by_table(table, single, place);
  }
}

bool RecordIntake::keycloak(const element& value, const std::string& place) {
  if (events::has_marks(value, "loggerName&message&timestamp")) {
    const std::string category = field_of(value, "loggerName");
    if (!category.starts_with("org.keycloak.") && category.find("keycloak") == std::string::npos) {
      sink_.filtered("keycloak", category.substr(0, 64));
      return true;
    }
    const auto at = events::event_time(field_of(value, "timestamp"));
    if (category != keycloak_category)
      sink_.filtered("keycloak", category.substr(0, 64));
    else if (!at)
      sink_.unreadable(place, "a line of Keycloak's log without a time that can be read");
    else
      keycloak_message(*at, field_of(value, "message"), place);
    return true;
  }
  const bool is_admin = events::has_marks(value, "operationType&resourceType&time&realmId");
  if (!is_admin && !events::has_marks(value, "type&time&realmId&ipAddress")) return false;
  keycloak_event(simdjson::minify(value), is_admin, field_of(value, is_admin ? "operationType" : "type"),
                 field_of(value, "realmId"), place);
  return true;
}

void RecordIntake::keycloak_event(const std::string& row, bool is_admin, std::string_view type,
                                  std::string_view realm, const std::string& place) {
  take("keycloak", read_keycloak_event(row, is_admin, type, realm), place);
}

void RecordIntake::keycloak_message(plugin::Time at, std::string_view message, const std::string& place) {
  const KeycloakEvent event = keycloak_event_of(at, message);
  if (event.row.empty())
    sink_.filtered("keycloak", "a line without an event");
  else
    keycloak_event(event.row, event.is_admin, event.type, event.realm, place);
}

void RecordIntake::keycloak_line(std::string_view text, const std::string& place) {
  const auto read = read_keycloak_line(text);
  if (!read) {
    sink_.unreadable(place, "no line of Keycloak's log");
    return;
  }
  if (read->category != keycloak_category) {
    sink_.filtered("keycloak", events::clipped(read->category).substr(0, 64));
    return;
  }
  std::string time(read->time);
  time[19] = '.';  // thousandths come after a comma
  const auto at = events::event_time(time);
  if (!at)
    sink_.unreadable(place, "a line of Keycloak's log without a time that can be read");
  else
    keycloak_message(*at - zone_, read->message, place);
}

void RecordIntake::cef_line(std::string_view text, const std::string& place) {
  const CefRecord read = read_cef_line(text, zone_);
  simdjson::dom::parser parser;
  element value;
  if (read.json.empty() || parser.parse(read.json).get(value) != simdjson::SUCCESS)
    sink_.unreadable(place, read.why.empty() ? "no line in the Common Event Format" : read.why);
  else if (!record(value, place))
    sink_.filtered({}, "of no provider that is known here");
}

void RecordIntake::line(LineKind kind, std::string_view text, const std::string& place) {
  switch (kind) {
    case LineKind::Keycloak:
      keycloak_line(text, place);
      return;
    case LineKind::Pulse:
      take("pulse", read_pulse_line(text), place);
      return;
    case LineKind::Bravura:
      take("bravura", read_bravura_line(text), place);
      return;
    case LineKind::Cef:
      cef_line(text, place);
      return;
    case LineKind::None:
      break;
  }
  sink_.unreadable(place, "no line that is known here");
}

bool RecordIntake::entra(const element& value, const std::string& place) {
  if (events::has_marks(value,
                        "createdDateTime&status&appId&userId|createdDateTime&status.errorCode&appId")) {
    take("entra", read_entra(value), place);
    return true;
  }
  const bool is_diagnostic =
      events::has_marks(value,
                        "category&properties&time|category&properties&resourceId|Type=SigninLogs|"
                        "Type=AADNonInteractiveUserSignInLogs|Category=SignInLogs&TimeGenerated|"
                        "Category=NonInteractiveUserSignInLogs&TimeGenerated");
  if (!is_diagnostic) return false;
  take("entra", read_entra_diagnostic(value), place);
  return true;
}

void RecordIntake::take(std::string_view vendor, ReadEvent&& event, const std::string& place) {
  switch (event.fate) {
    case EventFate::Told:
      sink_.told(vendor, std::move(event.sighting), event.is_of_person);
      return;
    case EventFate::Filtered:
      sink_.filtered(vendor, event.name);
      return;
    case EventFate::Unreadable:
      sink_.unreadable(place, std::string(vendor) + ": " + event.why);
      return;
  }
}

}  // namespace curfew::oauth::logs
