// Pages of authentik's API: events, sessions that live, tokens; and how people and sessions are called there.
//
//   const SweepPage events = read_events(body);
//   const SessionPage sessions = read_sessions(body);
//   if (!sessions.is_last) …ask for the next number…
//
// Fields as published in authentik's schema (Event, AuthenticatedSession, TokenModel, Pagination); what each
// event means stands in events/authentik.
//
// Threads: pure functions. Owns: nothing. Fails: plugin::Failure(Unavailable) when a page is no whole JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/oauth/event_sweep.hpp"
#include "plugins/oauth/log_and_people/live_log.hpp"

namespace curfew::oauth::authentik {

[[nodiscard]] LiveNames live_names();
[[nodiscard]] bool is_user(std::string_view text);     // a number
[[nodiscard]] bool is_session(std::string_view text);  // a UUID
[[nodiscard]] std::string handle_of(std::string_view user, std::string_view session);
[[nodiscard]] PersonSession read_handle(std::string_view handle);

// Newest first, as they come; their sessions are not said.
[[nodiscard]] SweepPage read_events(std::string_view body);

struct ListedSession {
  std::string id;
  std::string user;
  std::string address;
  std::string agent;
  plugin::Time last_used{}, expires{};  // Time{}: not said
};
struct SessionPage {
  std::vector<ListedSession> sessions;
  bool is_last = true;
};
// A row that can't be read makes the page none: it may be any session.
[[nodiscard]] SessionPage read_sessions(std::string_view body);
[[nodiscard]] ListedSession read_session(std::string_view body);

struct ListedToken {
  std::string id;
  std::string user;
  bool lives = false;  // neither expired nor revoked
};
struct TokenPage {
  std::vector<ListedToken> tokens;
  bool is_last = true;
};
[[nodiscard]] TokenPage read_tokens(std::string_view body);

// Whether it is authentik that says that there is no such thing, and not something before it.
[[nodiscard]] bool is_own_error(std::string_view body);

}  // namespace curfew::oauth::authentik
