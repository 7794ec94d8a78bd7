#include "plugins/oauth/providers/okta/people.hpp"

#include <simdjson.h>

#include <vector>

#include "plugins/oauth/timestamps.hpp"

namespace curfew::oauth::okta {
namespace {

using plugin::Code;
using plugin::Failure;
using plugin::Time;
using simdjson::dom::element;

constexpr std::size_t most_clients = 100;
constexpr std::size_t most_pages = 20;
const char* const administrator = "of an administrator who manages these users";

[[noreturn]] void unreadable(const AdminApi& api, const char* what) {
  throw Failure(Code::Unavailable, api.where() + ": Okta's answer about " + what + " is no whole JSON");
}

std::string user_path(const std::string& user) { return "/api/v1/users/" + web::percent_encoded(user); }

}  // namespace

// A 404 of Okta itself, about the thing that was asked for: a proxy's says nothing.
bool People::is_absent(const ApiReply& reply) const {
  if (reply.status != 404) return false;
  if (reply.code != "E0000007")
    throw Failure(Code::Unavailable,
                  api_.where() + " answered 404, and it is not Okta that says that there is no such thing");
  return true;
}

bool People::has_session(const Handle& handle, Time deadline) {
  const ApiReply reply = api_.ask({.path = "/api/v1/sessions/" + web::percent_encoded(handle.session),
                                   .what = "a session",
                                   .role = administrator,
                                   .also = {404}},
                                  deadline);
  if (is_absent(reply)) return false;
  simdjson::dom::parser parser;
  element document;
  std::string_view user, status;
  if (parser.parse(reply.body).get(document) != simdjson::SUCCESS ||
      document.at_key("userId").get_string().get(user) != simdjson::SUCCESS ||
      document.at_key("status").get_string().get(status) != simdjson::SUCCESS)
    unreadable(api_, "a session");
  if (user != handle.user)
    throw Failure(Code::Failed, api_.where() + ": the session is another person's by now");
  return true;
}

bool People::has_refresh_token(const std::string& user, Time by, Time deadline) {
  const ApiReply reply = api_.ask({.path = user_path(user) + "/clients",
                                   .what = "the clients of a person",
                                   .role = administrator,
                                   .also = {404}},
                                  deadline);
  if (is_absent(reply)) return false;
  simdjson::dom::parser parser;
  simdjson::dom::array list;
  if (parser.parse(reply.body).get_array().get(list) != simdjson::SUCCESS)
    unreadable(api_, "the clients of a person");
  std::vector<std::string> clients;
  for (const element one : list) {
    std::string_view id;
    if (one.at_key("client_id").get_string().get(id) != simdjson::SUCCESS || !is_id(id))
      unreadable(api_, "the clients of a person");
    clients.emplace_back(id);
  }
  if (clients.size() > most_clients || !reply.next.empty())
    throw Failure(Code::Unavailable,
                  api_.where() + ": a person's clients are more than " + std::to_string(most_clients));
  for (const std::string& client : clients) {
    std::string path = user_path(user) + "/clients/" + web::percent_encoded(client) + "/tokens?limit=200";
    for (std::size_t pages = 0; !path.empty(); ++pages) {
      if (pages == most_pages)
        throw Failure(Code::Unavailable, api_.where() + ": a person's refresh tokens are too many");
      const ApiReply tokens = api_.ask(
          {.path = path, .what = "the refresh tokens of a person", .role = administrator, .also = {404}},
          deadline);
      if (is_absent(tokens)) break;
      simdjson::dom::parser inner;
      simdjson::dom::array rows;
      if (inner.parse(tokens.body).get_array().get(rows) != simdjson::SUCCESS)
        unreadable(api_, "the refresh tokens of a person");
      for (const element one : rows) {
        std::string_view status, created;
        if (one.at_key("status").get_string().get(status) != simdjson::SUCCESS ||
            one.at_key("created").get_string().get(created) != simdjson::SUCCESS)
          unreadable(api_, "the refresh tokens of a person");
        if (status == "REVOKED") continue;
        const auto at = iso_time(created);
        if (!at) unreadable(api_, "the refresh tokens of a person");
        if (*at <= by) return true;
      }
      path = tokens.next;
    }
  }
  return false;
}

bool People::end_session(const std::string& session, Time deadline) {
  const ApiReply reply = api_.ask({.method = "DELETE",
                                   .path = "/api/v1/sessions/" + web::percent_encoded(session),
                                   .what = "the end of a session",
                                   .role = administrator,
                                   .also = {204, 404}},
                                  deadline);
  return !is_absent(reply);
}

bool People::end_all(const std::string& user, Time deadline) {
  const ApiReply reply = api_.ask({.method = "DELETE",
                                   .path = user_path(user) + "/sessions?oauthTokens=true",
                                   .what = "the end of a person's sessions",
                                   .role = administrator,
                                   .also = {204, 404}},
                                  deadline);
  return !is_absent(reply);
}

Switch People::account(const std::string& user, Time deadline) {
  const auto look = [this, &user, deadline] {
    const ApiReply reply = api_.ask(
        {.path = user_path(user), .what = "an account", .role = administrator, .also = {404}}, deadline);
    if (is_absent(reply)) return Switched::Absent;
    simdjson::dom::parser parser;
    std::string_view status;
    if (parser.parse(reply.body).at_key("status").get_string().get(status) != simdjson::SUCCESS)
      unreadable(api_, "an account");
    return status == "SUSPENDED" || status == "DEPROVISIONED" ? Switched::Off : Switched::On;
  };
  const auto set = [this, &user, deadline](bool on, const std::string& /*kept*/) {
    // Refused unless it is active, or suspended: as after a call whose answer was lost.
    const ApiReply reply = api_.ask({.method = "POST",
                                     .path = user_path(user) + "/lifecycle/" + (on ? "unsuspend" : "suspend"),
                                     .what = "a change of an account",
                                     .role = administrator,
                                     .also = {204, 400, 404}},
                                    deadline);
    if (is_absent(reply)) return Switched::Absent;
    if (reply.status != 400) return on ? Switched::On : Switched::Off;
    const ApiReply now = api_.ask(
        {.path = user_path(user), .what = "an account", .role = administrator, .also = {404}}, deadline);
    if (is_absent(now)) return Switched::Absent;
    simdjson::dom::parser parser;
    std::string_view status;
    if (parser.parse(now.body).at_key("status").get_string().get(status) != simdjson::SUCCESS)
      unreadable(api_, "an account");
    return status == "SUSPENDED" || status == "DEPROVISIONED" ? Switched::Off : Switched::On;
  };
  return {.look = look, .set = set, .off = "the account is suspended", .on = "the account is active again"};
}

}  // namespace curfew::oauth::okta
