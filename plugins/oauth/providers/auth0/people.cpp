#include "plugins/oauth/providers/auth0/people.hpp"

#include <simdjson.h>

#include <algorithm>

namespace curfew::oauth::auth0 {
namespace {

using plugin::Code;
using plugin::Failure;
using plugin::Time;
using simdjson::dom::element;

constexpr std::size_t most_pages = 20;
constexpr std::size_t longest_place = 2048;

[[noreturn]] void unreadable(const AdminApi& api, const std::string& what) {
  throw Failure(Code::Unavailable, api.where() + ": Auth0's answer about " + what + " is no whole JSON");
}

std::string user_path(const std::string& user) { return "/api/v2/users/" + web::percent_encoded(user); }

// A 404 of Auth0 itself: a proxy's says nothing.
bool is_no_such_person(const ApiReply& reply, const AdminApi& api) {
  if (reply.status != 404) return false;
  if (reply.code != "inexistent_user")
    throw Failure(Code::Unavailable,
                  api.where() + " answered 404, and it is not Auth0 that says that there is no such person");
  return true;
}

}  // namespace

std::vector<People::Row> People::rows(const std::string& user, const char* what, const char* list,
                                      const char* scope, Time deadline) {
  const std::string about = std::string("the ") + what + " of a person";
  std::vector<Row> all;
  std::string from;
  for (std::size_t pages = 0;; ++pages) {
    if (pages == most_pages) throw Failure(Code::Unavailable, api_.where() + ": " + about + " are too many");
    const ApiReply reply = api_.ask({.path = user_path(user) + "/" + what + "?take=100" +
                                             (from.empty() ? "" : "&from=" + web::percent_encoded(from)),
                                     .what = about,
                                     .role = scope,
                                     .also = {404}},
                                    deadline);
    if (is_no_such_person(reply, api_)) return all;
    simdjson::dom::parser parser;
    element document;
    simdjson::dom::array page;
    if (parser.parse(reply.body).get(document) != simdjson::SUCCESS ||
        document.at_key(list).get_array().get(page) != simdjson::SUCCESS)
      unreadable(api_, about);
    for (const element one : page) {
      std::string_view id, session;
      if (one.at_key("id").get_string().get(id) != simdjson::SUCCESS || id.empty()) unreadable(api_, about);
      // A token that no session came with has none.
      if (element of; one.at_key("session_id").get(of) == simdjson::SUCCESS && !of.is_null() &&
                      of.get_string().get(session) != simdjson::SUCCESS)
        unreadable(api_, about);
      all.push_back({std::string(id), std::string(session)});
    }
    element next;
    if (document.at_key("next").get(next) != simdjson::SUCCESS || next.is_null()) return all;
    std::string_view place;
    if (next.get_string().get(place) != simdjson::SUCCESS || place.size() > longest_place || place == from)
      unreadable(api_, about);
    if (place.empty()) return all;
    from = place;
  }
}

bool People::has_session(const Handle& handle, Time deadline) {
  const std::vector<Row> all = rows(handle.user, "sessions", "sessions", "read:sessions", deadline);
  return std::any_of(all.begin(), all.end(), [&](const Row& one) { return one.id == handle.session; });
}

std::vector<std::string> People::refresh_tokens(const Handle& handle, Time deadline) {
  std::vector<std::string> ids;
  for (const Row& one : rows(handle.user, "refresh-tokens", "tokens", "read:refresh_tokens", deadline)) {
    if (one.session == handle.session) ids.push_back(one.id);
  }
  return ids;
}

// What is gone already is no error: it is looked at afterwards.
void People::end(const std::string& path, const char* what, const char* scope, Time deadline) {
  (void)api_.ask({.method = "DELETE", .path = path, .what = what, .role = scope, .also = {202, 204, 404}},
                 deadline);
}

void People::end_session(const std::string& session, Time deadline) {
  end("/api/v2/sessions/" + web::percent_encoded(session), "the end of a session", "delete:sessions",
      deadline);
}
void People::revoke(const std::string& refresh_token, Time deadline) {
  end("/api/v2/refresh-tokens/" + web::percent_encoded(refresh_token), "the end of a refresh token",
      "delete:refresh_tokens", deadline);
}
void People::end_all_sessions(const std::string& user, Time deadline) {
  end(user_path(user) + "/sessions", "the end of a person's sessions", "delete:sessions", deadline);
}
void People::revoke_all(const std::string& user, Time deadline) {
  end(user_path(user) + "/refresh-tokens", "the end of a person's refresh tokens", "delete:refresh_tokens",
      deadline);
}

Switch People::account(const std::string& user, Time deadline) {
  const auto look = [this, &user, deadline] {
    const ApiReply reply = api_.ask({.path = user_path(user) + "?fields=user_id,blocked&include_fields=true",
                                     .what = "an account",
                                     .role = "read:users",
                                     .also = {404}},
                                    deadline);
    if (is_no_such_person(reply, api_)) return Switched::Absent;
    simdjson::dom::parser parser;
    element document, given;
    std::string_view id;
    if (parser.parse(reply.body).get(document) != simdjson::SUCCESS ||
        document.at_key("user_id").get_string().get(id) != simdjson::SUCCESS)
      unreadable(api_, "an account");
    bool blocked = false;
    // Who never was has no such field.
    if (document.at_key("blocked").get(given) == simdjson::SUCCESS &&
        given.get_bool().get(blocked) != simdjson::SUCCESS)
      unreadable(api_, "an account");
    return blocked ? Switched::Off : Switched::On;
  };
  const auto set = [this, &user, deadline](bool on, const std::string& /*kept*/) {
    // Nothing else of the account is sent, so nothing else is changed.
    const ApiReply reply = api_.ask({.method = "PATCH",
                                     .path = user_path(user),
                                     .body = on ? R"({"blocked":false})" : R"({"blocked":true})",
                                     .what = "a change of an account",
                                     .role = "update:users",
                                     .also = {404}},
                                    deadline);
    if (is_no_such_person(reply, api_)) return Switched::Absent;
    return on ? Switched::On : Switched::Off;
  };
  return {.look = look, .set = set, .off = "the account is blocked", .on = "the account is unblocked again"};
}

}  // namespace curfew::oauth::auth0
