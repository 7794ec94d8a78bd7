#include "plugins/oauth/providers/keycloak/sessions.hpp"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace curfew::oauth::keycloak {
namespace {

using plugin::Answer;
using plugin::Code;
using plugin::Failure;
using plugin::Time;
using simdjson::dom::element;

constexpr std::size_t sessions_in_a_page = 200;
constexpr std::size_t most_of_one_person = 10'000;
constexpr std::size_t most_gone = 10'000;
// A not-before and the header Date are whole seconds, taken one after the other.
constexpr plugin::Duration date_precision = std::chrono::seconds(2);
const char* const no_such_person = "Keycloak has no such person";

simdjson::dom::array array_of(simdjson::dom::parser& parser, const ApiReply& reply, const AdminApi& api,
                              const char* what) {
  simdjson::dom::array rows;
  if (parser.parse(reply.body).get_array().get(rows) != simdjson::SUCCESS)
    throw Failure(Code::Unavailable,
                  api.where() + ": Keycloak's " + what + " are no whole JSON array: cut or damaged");
  return rows;
}

std::string text_in(const element& object, const char* key) {
  std::string_view text;
  return object.at_key(key).get_string().get(text) == simdjson::SUCCESS ? std::string(text) : std::string{};
}

Time time_in(const element& object, const char* key) {
  std::int64_t milliseconds = 0;
  if (object.at_key(key).get_int64().get(milliseconds) != simdjson::SUCCESS || milliseconds <= 0) return {};
  return Time(std::chrono::milliseconds(milliseconds));
}

LiveSession session_of(const element& row, const AdminApi& api) {
  LiveSession session{.id = text_in(row, "id"),
                      .subject = text_in(row, "userId"),
                      .user_name = text_in(row, "username"),
                      .started_at = time_in(row, "start"),
                      .last_activity_at = time_in(row, "lastAccess")};
  // One that has no id might be any.
  if (session.id.empty())
    throw Failure(Code::Unavailable, api.where() + ": Keycloak lists a session without an id");
  return session;
}

// A 404 of Keycloak itself: a proxy's says nothing about the person.
bool is_no_such_person(const ApiReply& reply, const AdminApi& api) {
  if (reply.status != 404) return false;
  simdjson::dom::parser parser;
  element document;
  if (parser.parse(reply.body).get(document) != simdjson::SUCCESS ||
      !text_in(document, "error").starts_with("User not found"))
    throw Failure(
        Code::Unavailable,
        api.where() + " answered 404, and it is not Keycloak that says that there is no such person");
  return true;
}

// Counts come as texts.
std::int64_t count_in(const element& object, const char* key) {
  const std::string text = text_in(object, key);
  std::int64_t count = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), count).ec == std::errc()) return count;
  return object.at_key(key).get_int64().get(count) == simdjson::SUCCESS ? count : 1;
}

void add(std::vector<LiveSession>& all, LiveSession session) {
  const bool is_there =
      std::any_of(all.begin(), all.end(), [&](const LiveSession& one) { return one.id == session.id; });
  if (!is_there) all.push_back(std::move(session));
  if (all.size() > most_of_one_person)
    throw Failure(Code::Failed,
                  "one person has more than " + std::to_string(most_of_one_person) + " sessions");
}

}  // namespace

std::vector<LiveSession> Sessions::online_of(const std::string& user, Time deadline) {
  const ApiReply reply = api_.ask({.path = path_ + "/users/" + web::percent_encoded(user) + "/sessions",
                                   .what = "a person's sessions",
                                   .role = "view-users (part of manage-users)",
                                   .also = {404}},
                                  deadline);
  std::vector<LiveSession> all;
  if (is_no_such_person(reply, api_)) return all;
  simdjson::dom::parser parser;
  for (const element row : array_of(parser, reply, api_, "sessions")) add(all, session_of(row, api_));
  return all;
}

// Keycloak tells by the grants in which clients somebody has offline sessions.
std::vector<LiveSession> Sessions::offline_of(const std::string& user, Time deadline) {
  const std::string of_user = path_ + "/users/" + web::percent_encoded(user);
  const ApiReply reply = api_.ask({.path = of_user + "/consents",
                                   .what = "a person's offline grants",
                                   .role = "view-users (part of manage-users)",
                                   .also = {404}},
                                  deadline);
  std::vector<LiveSession> all;
  if (is_no_such_person(reply, api_)) return all;
  std::set<std::string> clients;
  simdjson::dom::parser parser;
  for (const element consent : array_of(parser, reply, api_, "grants")) {
    simdjson::dom::array grants;
    // Where it doesn't tell of them, there might be any.
    if (consent.at_key("additionalGrants").get_array().get(grants) != simdjson::SUCCESS)
      throw Failure(Code::Unavailable, api_.where() + ": Keycloak does not tell of offline grants");
    for (const element grant : grants) {
      if (std::string client = text_in(grant, "client"); !client.empty()) clients.insert(std::move(client));
    }
  }
  for (const std::string& client : clients) {
    const ApiReply listed = api_.ask({.path = of_user + "/offline-sessions/" + web::percent_encoded(client),
                                      .what = "a person's offline sessions",
                                      .role = "view-users (part of manage-users)"},
                                     deadline);
    simdjson::dom::parser inner;
    for (const element row : array_of(inner, listed, api_, "offline sessions"))
      add(all, session_of(row, api_));
  }
  return all;
}

// Online first: an offline form is made out of an online one only.
std::vector<LiveSession> Sessions::of_user(const std::string& user, Time deadline) {
  std::vector<LiveSession> all = online_of(user, deadline);
  for (LiveSession& session : offline_of(user, deadline)) add(all, std::move(session));
  return all;
}

bool Sessions::page(const std::string& where, std::size_t first, std::size_t& count, const Each& each,
                    Time deadline) {
  const ApiReply reply = api_.ask(
      {.path = where + "?first=" + std::to_string(first) + "&max=" + std::to_string(sessions_in_a_page),
       .what = "a client's sessions",
       .role = "view-clients"},
      deadline);
  count = 0;
  simdjson::dom::parser parser;
  for (const element row : array_of(parser, reply, api_, "sessions")) {
    ++count;
    if (!each(session_of(row, api_))) return false;
  }
  return true;
}

void Sessions::listed(const std::string& where, const Each& each, Time deadline) {
  for (std::size_t first = 0, count = 0;; first += count) {
    if (!page(where, first, count, each, deadline) || count < sessions_in_a_page) return;
  }
}

void Sessions::all(const Each& each, Time deadline) {
  const ApiReply reply = api_.ask(
      {.path = path_ + "/client-session-stats", .what = "which clients have sessions", .role = "view-realm"},
      deadline);
  std::set<std::string> seen;
  bool wanted = true;
  const Each once = [&](const LiveSession& session) {
    if (seen.insert(session.id).second) wanted = each(session);
    return wanted;
  };
  simdjson::dom::parser parser;
  for (const element client : array_of(parser, reply, api_, "counts of sessions")) {
    const std::string id = text_in(client, "id");
    if (id.empty()) continue;
    const std::string of_client = path_ + "/clients/" + web::percent_encoded(id);
    if (wanted && count_in(client, "active") > 0) listed(of_client + "/user-sessions", once, deadline);
    if (wanted && count_in(client, "offline") > 0) listed(of_client + "/offline-sessions", once, deadline);
  }
}

bool Sessions::remove(const std::string& id, bool is_offline, Time deadline) {
  const ApiReply reply = api_.ask(
      {.method = "DELETE",
       .path = path_ + "/sessions/" + web::percent_encoded(id) + (is_offline ? "?isOffline=true" : ""),
       .what = "the end of a session",
       .role = "manage-users",
       .also = {204, 404}},
      deadline);
  return reply.status != 404;
}

Answer Sessions::end_online(const std::string& id, Time deadline) {
  if (remove(id, false, deadline))
    return {Code::Ok, "the online session is deleted; an offline one is not touched"};
  return {Code::NotFound, "Keycloak has no such online session"};
}

Answer Sessions::end(const std::string& id, Time deadline) {
  const bool had_online = remove(id, false, deadline);
  const bool had_offline = remove(id, true, deadline);
  if (!had_online && !had_offline) return {Code::NotFound, "Keycloak has no such session, online or offline"};
  return {Code::Ok, std::string(had_online && had_offline ? "the online and the offline session are"
                                : had_online              ? "the online session is"
                                                          : "the offline session is") +
                        " deleted; access tokens from before live until they expire"};
}

Sessions::LoggedOut Sessions::log_out(const std::string& user, Time deadline) {
  const ApiReply reply = api_.ask({.method = "POST",
                                   .path = path_ + "/users/" + web::percent_encoded(user) + "/logout",
                                   .what = "the end of a person's sessions",
                                   .role = "manage-users",
                                   .also = {204, 404}},
                                  deadline);
  return {.found = reply.status != 404, .at = reply.date};
}

Time Sessions::not_before_of(const std::string& user, Time deadline) {
  const ApiReply reply = api_.ask({.path = path_ + "/users/" + web::percent_encoded(user),
                                   .what = "a person's not-before",
                                   .role = "view-users (part of manage-users)"},
                                  deadline);
  simdjson::dom::parser parser;
  std::int64_t seconds = 0;
  if (parser.parse(reply.body).at_key("notBefore").get_int64().get(seconds) != simdjson::SUCCESS)
    throw Failure(Code::Unavailable, api_.where() + ": Keycloak does not say the person's not-before");
  return Time(std::chrono::seconds(seconds));
}

Answer Sessions::revoke_tokens_of(const std::string& user, Time deadline) {
  const LoggedOut done = log_out(user, deadline);
  if (!done.found) return {Code::NotFound, no_such_person};
  try {
    const Time kept = not_before_of(user, deadline);
    if (kept == Time{} || (done.at != Time{} && kept < done.at - date_precision))
      return {Code::Failed, "the online sessions are ended, but Keycloak kept no not-before of the person"};
  } catch (const Failure& failure) {
    return {
        Code::Ok,
        "the online sessions are ended; whether Keycloak kept the person's not-before could not be read: " +
            std::string(failure.what())};
  }
  return {
      Code::Ok,
      "Keycloak takes none of the person's tokens from before any more, and the online sessions are ended; "
      "who does not ask it takes access tokens until they expire"};
}

// Its own "log out" knows online sessions only.
Answer Sessions::end_all_of(const std::string& user, Time deadline) {
  if (!log_out(user, deadline).found) return {Code::NotFound, no_such_person};
  std::size_t offline = 0;
  for (const LiveSession& session : offline_of(user, deadline)) {
    if (remove(session.id, true, deadline)) ++offline;
  }
  return {Code::Ok, "all online sessions and " + std::to_string(offline) +
                        " offline ones are ended; access tokens from before live until they expire"};
}

std::optional<plugin::Duration> Sessions::gone_for(const std::string& id, const std::string& user,
                                                   Time deadline) {
  const std::vector<LiveSession> living = of_user(user, deadline);
  const bool lives =
      std::any_of(living.begin(), living.end(), [&](const LiveSession& one) { return one.id == id; });
  const std::lock_guard lock(mutex_);
  if (lives) {
    if (gone_.erase(id) > 0) gone_order_.remove(id);
    return std::nullopt;
  }
  const auto now = Clock::now();
  const auto [at, is_new] = gone_.emplace(id, now);
  if (is_new) {
    gone_order_.push_back(id);
    if (gone_order_.size() > most_gone) {
      gone_.erase(gone_order_.front());  // counted anew, should it be asked for again
      gone_order_.pop_front();
    }
    return plugin::Duration{0};
  }
  return std::chrono::duration_cast<plugin::Duration>(now - at->second);
}

}  // namespace curfew::oauth::keycloak
