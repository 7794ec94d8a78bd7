#include "plugins/oauth/providers/authentik/people.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>

namespace curfew::oauth::authentik {
namespace {

using plugin::Code;
using plugin::Failure;
using plugin::Time;
using simdjson::dom::element;

constexpr std::size_t most_pages = 50;
constexpr const char* page_of_a_person = "&page_size=100";
constexpr std::array<const char*, 2> token_kinds{"refresh_tokens", "access_tokens"};
const char* const superuser = "of a superuser";

std::string user_path(const std::string& user) { return "/api/v3/core/users/" + user + "/"; }

[[noreturn]] void unreadable(const AdminApi& api, const char* what) {
  throw Failure(Code::Unavailable, api.where() + ": authentik's answer about " + what + " is no whole JSON");
}

}  // namespace

// A 404 of authentik itself: a proxy's says nothing.
bool People::is_absent(const ApiReply& reply) const {
  if (reply.status != 404) return false;
  if (!is_own_error(reply.body))
    throw Failure(
        Code::Unavailable,
        api_.where() + " answered 404, and it is not authentik that says that there is no such thing");
  return true;
}

SessionPage People::sessions(std::size_t number, std::size_t size, AdminApi::Lane lane, Time deadline) {
  const ApiReply reply =
      api_.ask({.path = "/api/v3/core/authenticated_sessions/?ordering=uuid&page=" + std::to_string(number) +
                        "&page_size=" + std::to_string(size),
                .what = "the sessions",
                .role = superuser,
                .also = {404},
                .lane = lane},
               deadline);
  // Sessions ended while pages turned: there is no such page any more.
  if (number > 1 && is_absent(reply)) return {};
  return read_sessions(reply.body);
}

void People::must_be_superuser(Time deadline) {
  const ApiReply reply = api_.ask(
      {.path = "/api/v3/core/users/me/", .what = "the token's own account", .role = superuser}, deadline);
  simdjson::dom::parser parser;
  bool is_superuser = false;
  if (parser.parse(reply.body).at_key("user").at_key("is_superuser").get_bool().get(is_superuser) !=
      simdjson::SUCCESS)
    unreadable(api_, "the token's own account");
  if (!is_superuser)
    throw Failure(Code::Refused,
                  api_.where() +
                      ": the API token is no superuser's, and authentik shows it too little: that it finds "
                      "nothing says nothing. Put its account into a group with superuser status");
}

std::optional<ListedSession> People::look(const std::string& session, Time deadline) {
  const ApiReply reply = api_.ask({.path = "/api/v3/core/authenticated_sessions/" + session + "/",
                                   .what = "a session",
                                   .role = superuser,
                                   .also = {404}},
                                  deadline);
  if (is_absent(reply)) {
    must_be_superuser(deadline);
    return std::nullopt;
  }
  ListedSession found = read_session(reply.body);
  if (found.id != session) unreadable(api_, "a session");
  return found;
}

bool People::is_there(const std::string& session, Time deadline) {
  return look(session, deadline).has_value();
}

bool People::has_session(const PersonSession& about, Time deadline) {
  const auto found = look(about.session, deadline);
  if (!found) return false;
  if (found->user != about.user)
    throw Failure(Code::Failed, api_.where() + ": the session is another person's by now");
  return true;
}

TokenPage People::tokens(const char* kind, const std::string& user, Time deadline, std::size_t number) {
  const ApiReply reply = api_.ask({.path = "/api/v3/oauth2/" + std::string(kind) + "/?user=" + user +
                                           "&page=" + std::to_string(number) + page_of_a_person,
                                   .what = "the tokens of a person",
                                   .role = superuser,
                                   .also = {404}},
                                  deadline);
  if (number > 1 && is_absent(reply)) return {};
  TokenPage page = read_tokens(reply.body);
  for (const ListedToken& one : page.tokens)
    if (one.user != user)
      throw Failure(Code::Failed, api_.where() + ": asked for one person's tokens, it lists another's");
  return page;
}

bool People::has_tokens(const std::string& user, Time deadline) {
  for (const char* kind : token_kinds) {
    for (std::size_t number = 1;; ++number) {
      if (number > most_pages)
        throw Failure(Code::Unavailable, api_.where() + ": a person's tokens are too many");
      const TokenPage page = tokens(kind, user, deadline, number);
      if (std::any_of(page.tokens.begin(), page.tokens.end(),
                      [](const ListedToken& one) { return one.lives; }))
        return true;
      if (page.is_last) break;
    }
  }
  return false;
}

bool People::end_session(const std::string& session, Time deadline) {
  const ApiReply reply = api_.ask({.method = "DELETE",
                                   .path = "/api/v3/core/authenticated_sessions/" + session + "/",
                                   .what = "the end of a session",
                                   .role = superuser,
                                   .also = {204, 404}},
                                  deadline);
  return !is_absent(reply);
}

// What is gone already is no error: it is looked at afterwards.
void People::end(const std::string& path, const char* what, Time deadline) {
  (void)is_absent(api_.ask(
      {.method = "DELETE", .path = path, .what = what, .role = superuser, .also = {204, 404}}, deadline));
}

// What is ended leaves its list, so it is the first page again and again.
bool People::end_sessions(const std::string& user, Time deadline) {
  const Person person = find(user, deadline);
  if (!person.exists) return false;
  for (std::size_t round = 0;; ++round) {
    const ApiReply reply = api_.ask({.path = "/api/v3/core/authenticated_sessions/?user__username=" +
                                             web::percent_encoded(person.name) + "&page=1" + page_of_a_person,
                                     .what = "the sessions of a person",
                                     .role = superuser},
                                    deadline);
    const SessionPage page = read_sessions(reply.body);
    if (page.sessions.empty()) return true;
    if (round == most_pages)
      throw Failure(Code::Failed, api_.where() + ": a person's sessions don't end, or are too many");
    for (const ListedSession& one : page.sessions) {
      if (one.user != user)
        throw Failure(Code::Failed, api_.where() + ": asked for one person's sessions, it lists another's");
      end("/api/v3/core/authenticated_sessions/" + one.id + "/", "the end of a session", deadline);
    }
  }
}

void People::end_tokens(const std::string& user, Time deadline) {
  for (const char* kind : token_kinds) {
    for (std::size_t round = 0;; ++round) {
      const TokenPage page = tokens(kind, user, deadline, 1);
      if (page.tokens.empty()) break;
      if (round == most_pages)
        throw Failure(Code::Failed, api_.where() + ": a person's tokens don't end, or are too many");
      for (const ListedToken& one : page.tokens)
        end("/api/v3/oauth2/" + std::string(kind) + "/" + one.id + "/", "the end of a token", deadline);
    }
  }
}

People::Person People::find(const std::string& user, Time deadline) {
  const ApiReply reply =
      api_.ask({.path = user_path(user), .what = "an account", .role = superuser, .also = {404}}, deadline);
  Person person;
  if (is_absent(reply)) return person;
  simdjson::dom::parser parser;
  element document;
  std::string_view name;
  std::int64_t number = 0;
  if (parser.parse(reply.body).get(document) != simdjson::SUCCESS ||
      document.at_key("pk").get_int64().get(number) != simdjson::SUCCESS || std::to_string(number) != user ||
      document.at_key("username").get_string().get(name) != simdjson::SUCCESS || name.empty() ||
      document.at_key("is_active").get_bool().get(person.is_active) != simdjson::SUCCESS)
    unreadable(api_, "an account");
  person.exists = true;
  person.name = name;
  simdjson::dom::array groups;
  if (document.at_key("groups").get_array().get(groups) == simdjson::SUCCESS) {
    for (const element one : groups) {
      std::string_view group;
      if (one.get_string().get(group) != simdjson::SUCCESS) unreadable(api_, "an account");
      person.groups.emplace_back(group);
    }
  }
  return person;
}

Switch People::account(const std::string& user, Time deadline) {
  const auto look = [this, &user, deadline] {
    const Person is = find(user, deadline);
    return !is.exists ? Switched::Absent : is.is_active ? Switched::On : Switched::Off;
  };
  const auto set = [this, &user, deadline](bool on, const std::string& /*kept*/) {
    // Nothing else of the account is sent, so nothing else is changed.
    const ApiReply reply = api_.ask({.method = "PATCH",
                                     .path = user_path(user),
                                     .body = on ? R"({"is_active":true})" : R"({"is_active":false})",
                                     .what = "a change of an account",
                                     .role = superuser,
                                     .also = {404}},
                                    deadline);
    if (is_absent(reply)) return Switched::Absent;
    return on ? Switched::On : Switched::Off;
  };
  return {.look = look, .set = set, .off = "the account is deactivated", .on = "the account is active again"};
}

Switch People::membership(const std::string& user, const std::string& group, Time deadline) {
  const auto look = [this, &user, &group, deadline] {
    const Person is = find(user, deadline);
    if (!is.exists) return Switched::Absent;
    const bool is_in = std::find(is.groups.begin(), is.groups.end(), group) != is.groups.end();
    return is_in ? Switched::On : Switched::Off;
  };
  const auto set = [this, &user, &group, deadline](bool on, const std::string& /*kept*/) {
    const ApiReply reply =
        api_.ask({.method = "POST",
                  .path = "/api/v3/core/groups/" + group + (on ? "/add_user/" : "/remove_user/"),
                  .body = "{\"pk\":" + user + "}",
                  .what = on ? "a membership" : "the end of a membership",
                  .role = superuser,
                  .also = {204, 404}},
                 deadline);
    if (is_absent(reply)) return Switched::Absent;
    return on ? Switched::On : Switched::Off;
  };
  return {.look = look,
          .set = set,
          .off = "the person is out of the group of suspend_access",
          .on = "the person is in the group of suspend_access again"};
}

}  // namespace curfew::oauth::authentik
