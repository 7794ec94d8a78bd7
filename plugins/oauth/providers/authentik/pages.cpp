#include "plugins/oauth/providers/authentik/pages.hpp"

#include <simdjson.h>

#include <algorithm>

#include "plugins/oauth/events/event_reader.hpp"
#include "plugins/oauth/events/vendors.hpp"
#include "plugins/oauth/timestamps.hpp"

namespace curfew::oauth::authentik {
namespace {

using plugin::Code;
using plugin::Failure;
using plugin::Time;
using simdjson::dom::element;

[[noreturn]] void unreadable(const char* what) {
  throw Failure(Code::Unavailable, std::string("authentik's ") + what + " is no whole JSON: cut or damaged");
}

std::string_view text_in(const element& object, const char* key) {
  std::string_view text;
  return object.at_key(key).get_string().get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

// As text; empty: it is none.
std::string number_in(const element& object, const char* key) {
  std::int64_t number = 0;
  if (object.at_key(key).get_int64().get(number) != simdjson::SUCCESS || number < 0) return {};
  return std::to_string(number);
}

// The rows, and whether there are more.
simdjson::dom::array rows_of(simdjson::dom::parser& parser, std::string_view body, const char* what,
                             bool& is_last) {
  element document, pagination;
  simdjson::dom::array rows;
  double next = 0;
  if (parser.parse(body.data(), body.size()).get(document) != simdjson::SUCCESS || !document.is_object() ||
      document.at_key("results").get_array().get(rows) != simdjson::SUCCESS ||
      document.at_key("pagination").get(pagination) != simdjson::SUCCESS || !pagination.is_object() ||
      pagination.at_key("next").get_double().get(next) != simdjson::SUCCESS)
    unreadable(what);
  is_last = next < 1;
  return rows;
}

Time time_in(const element& object, const char* key) {
  return iso_time(text_in(object, key)).value_or(Time{});
}

ListedSession session_of(const element& row) {
  ListedSession one;
  if (!row.is_object()) unreadable("list of sessions");
  one.id = text_in(row, "uuid");
  one.user = number_in(row, "user");
  if (!is_session(one.id) || one.user.empty()) unreadable("list of sessions");
  one.address = events::address_of(text_in(row, "last_ip"));
  one.agent = events::clipped(text_in(row, "last_user_agent"));
  one.last_used = time_in(row, "last_used");
  one.expires = time_in(row, "expires");
  return one;
}

}  // namespace

bool is_user(std::string_view text) {
  return !text.empty() && text.size() <= 18 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_session(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (is_dash ? c != '-' : !is_hex) return false;
  }
  return true;
}

std::string handle_of(std::string_view user, std::string_view session) {
  return std::string(user) + "/" + std::string(session);
}

PersonSession read_handle(std::string_view handle) {
  const std::size_t slash = handle.find('/');
  if (slash == std::string_view::npos || !is_user(handle.substr(0, slash)) ||
      !is_session(handle.substr(slash + 1)))
    return {};
  return {std::string(handle.substr(0, slash)), std::string(handle.substr(slash + 1))};
}

// What applications call a person (`sub`) depends on the application's provider: no name of OpenID Connect.
LiveNames live_names() {
  return {.table = events::authentik_events(),
          .issuer = {},
          .is_user = is_user,
          .is_session = is_session,
          .handle_of = handle_of};
}

SweepPage read_events(std::string_view body) {
  static const LiveNames names = live_names();
  simdjson::dom::parser parser;
  SweepPage page;
  bool is_last = true;
  for (const element row : rows_of(parser, body, "page of events", is_last)) {
    ++page.rows;
    LiveRecord record = read_live(row, names);
    if (record.is_unreadable) {
      ++page.unreadable;
      continue;
    }
    page.records.push_back(
        {.time = std::chrono::duration_cast<std::chrono::milliseconds>(record.at.time_since_epoch()).count(),
         .identity = std::move(record.id),
         .sighting = std::move(record.sighting)});
  }
  page.is_last = is_last;
  return page;
}

SessionPage read_sessions(std::string_view body) {
  simdjson::dom::parser parser;
  SessionPage page;
  for (const element row : rows_of(parser, body, "list of sessions", page.is_last))
    page.sessions.push_back(session_of(row));
  return page;
}

ListedSession read_session(std::string_view body) {
  simdjson::dom::parser parser;
  element document;
  if (parser.parse(body.data(), body.size()).get(document) != simdjson::SUCCESS) unreadable("session");
  return session_of(document);
}

TokenPage read_tokens(std::string_view body) {
  constexpr const char* what = "list of tokens";
  simdjson::dom::parser parser;
  TokenPage page;
  for (const element row : rows_of(parser, body, what, page.is_last)) {
    element user;
    bool is_expired = false, is_revoked = false;
    if (!row.is_object() || row.at_key("user").get(user) != simdjson::SUCCESS || !user.is_object() ||
        row.at_key("is_expired").get_bool().get(is_expired) != simdjson::SUCCESS)
      unreadable(what);
    // Not every version has it, and one that has it always says it.
    if (element said; row.at_key("revoked").get(said) == simdjson::SUCCESS &&
                      said.get_bool().get(is_revoked) != simdjson::SUCCESS)
      unreadable(what);
    ListedToken one{.id = number_in(row, "pk"), .user = number_in(user, "pk")};
    one.lives = !is_expired && !is_revoked;
    if (one.id.empty() || one.user.empty()) unreadable(what);
    page.tokens.push_back(std::move(one));
  }
  return page;
}

bool is_own_error(std::string_view body) {
  simdjson::dom::parser parser;
  element document;
  return parser.parse(body.data(), body.size()).get(document) == simdjson::SUCCESS && document.is_object() &&
         !text_in(document, "detail").empty();
}

}  // namespace curfew::oauth::authentik
