#include "plugins/oauth/providers/keycloak/realm_facts.hpp"

#include <simdjson.h>

#include <algorithm>
#include <charconv>

namespace curfew::oauth::keycloak {
namespace {

using plugin::Code;
using plugin::Failure;
using plugin::Time;
using simdjson::dom::element;

constexpr std::size_t clients_in_a_page = 100;
constexpr std::chrono::minutes config_every{1};
constexpr std::chrono::minutes tokens_every{5};

[[noreturn]] void unreadable(const AdminApi& api, const char* what) {
  throw Failure(Code::Unavailable,
                api.where() + ": Keycloak's " + what + " is no whole JSON: cut or damaged");
}

bool flag(const element& object, const char* key) {
  bool value = false;
  return object.at_key(key).get_bool().get(value) == simdjson::SUCCESS && value;
}

std::int64_t number(const element& object, const char* key) {
  std::int64_t value = 0;
  return object.at_key(key).get_int64().get(value) == simdjson::SUCCESS ? value : 0;
}

std::int64_t attribute_seconds(const element& client) {
  std::string_view text;
  element attributes;
  std::int64_t seconds = 0;
  if (client.at_key("attributes").get(attributes) != simdjson::SUCCESS ||
      attributes.at_key("access.token.lifespan").get_string().get(text) != simdjson::SUCCESS ||
      std::from_chars(text.data(), text.data() + text.size(), seconds).ec != std::errc())
    return 0;
  return seconds;
}

}  // namespace

void RealmFacts::refresh_events(Time deadline) {
  if (Clock::now() < config_due_) return;
  read_events_config(deadline);
  // While nothing is saved, it is looked at each time.
  if (events().user_events) config_due_ = Clock::now() + config_every;
}

bool RealmFacts::refresh_clients(Time deadline) {
  if (!reads_clients_ && Clock::now() >= tokens_due_) {
    tokens_due_ = Clock::now() + config_every;  // should it fail
    if (needs_lifespan_) read_realm(deadline);
    reads_clients_ = true;
    next_client_ = 0;
    sweep_longest_ = lifespan_;
  }
  if (!reads_clients_) return true;
  if (!read_clients(deadline)) return false;
  reads_clients_ = false;
  tokens_due_ = Clock::now() + tokens_every;
  const std::lock_guard lock(mutex_);
  // A token of before a change lives as long as it was told then.
  longest_ = std::max(longest_.value_or(0), sweep_longest_);
  return true;
}

void RealmFacts::read_events_config(Time deadline) {
  const ApiReply reply = api_.ask(
      {.path = path_ + "/events/config", .what = "what events the realm saves", .role = "view-events"},
      deadline);
  simdjson::dom::parser parser;
  element document;
  if (parser.parse(reply.body).get(document) != simdjson::SUCCESS || !document.is_object())
    unreadable(api_, "events configuration");
  EventsConfig config{.is_read = true,
                      .user_events = flag(document, "eventsEnabled"),
                      .admin_events = flag(document, "adminEventsEnabled"),
                      .admin_details = flag(document, "adminEventsDetailsEnabled"),
                      .expiration = std::max<std::int64_t>(number(document, "eventsExpiration"), 0),
                      .types = {}};
  simdjson::dom::array types;
  if (document.at_key("enabledEventTypes").get_array().get(types) == simdjson::SUCCESS) {
    for (const element type : types) {
      std::string_view text;
      if (type.get_string().get(text) == simdjson::SUCCESS) config.types.emplace(text);
    }
  }
  const Time now = std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now());
  const std::lock_guard lock(mutex_);
  events_ = std::move(config);
  if (reply.date != Time{}) clock_ahead_ = reply.date - now;
}

void RealmFacts::read_realm(Time deadline) {
  const ApiReply reply =
      api_.ask({.path = path_, .what = "the realm's settings", .role = "view-realm"}, deadline);
  simdjson::dom::parser parser;
  element document;
  if (parser.parse(reply.body).get(document) != simdjson::SUCCESS || !document.is_object())
    unreadable(api_, "realm");
  lifespan_ = number(document, "accessTokenLifespan");
  implicit_lifespan_ = number(document, "accessTokenLifespanForImplicitFlow");
  // Who may not see the realm gets its name alone.
  if (lifespan_ <= 0)
    throw Failure(Code::Refused,
                  api_.where() +
                      ": Keycloak does not tell the realm's accessTokenLifespan: grant the client's "
                      "service account view-realm, or set access_token_lifespan");
}

bool RealmFacts::read_clients(Time deadline) {
  const ApiReply reply = api_.ask({.path = path_ + "/clients?first=" + std::to_string(next_client_) +
                                           "&max=" + std::to_string(clients_in_a_page),
                                   .what = "the realm's clients",
                                   .role = "view-clients"},
                                  deadline);
  simdjson::dom::parser parser;
  simdjson::dom::array clients;
  if (parser.parse(reply.body).get_array().get(clients) != simdjson::SUCCESS)
    unreadable(api_, "list of clients");
  std::size_t count = 0;
  for (const element client : clients) {
    ++count;
    sweep_longest_ = std::max(sweep_longest_, attribute_seconds(client));
    if (flag(client, "implicitFlowEnabled")) sweep_longest_ = std::max(sweep_longest_, implicit_lifespan_);
    std::string_view client_id, id;
    if (client.at_key("clientId").get_string().get(client_id) == simdjson::SUCCESS &&
        client_id == client_id_ && client.at_key("id").get_string().get(id) == simdjson::SUCCESS) {
      const std::lock_guard lock(mutex_);
      own_client_ = id;
    }
  }
  next_client_ += count;
  return count < clients_in_a_page;
}

EventsConfig RealmFacts::events() const {
  const std::lock_guard lock(mutex_);
  return events_;
}

std::optional<plugin::Duration> RealmFacts::longest_access_token() const {
  const std::lock_guard lock(mutex_);
  if (!longest_) return std::nullopt;
  return std::chrono::seconds(*longest_);
}

std::string RealmFacts::own_client() const {
  const std::lock_guard lock(mutex_);
  return own_client_;
}

plugin::Duration RealmFacts::clock_ahead() const {
  const std::lock_guard lock(mutex_);
  return clock_ahead_;
}

}  // namespace curfew::oauth::keycloak
