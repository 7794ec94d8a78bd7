// Sessions of a Business Central environment as the admin center lists them, and what each is called here.
//
//   const SessionPage page = read_sessions(reply.body);
//   page.sessions[0].id();                       // "4711@1772460000000000"
//   handle_of(page.sessions[0]);                 // with whose it is: what comes back with orders
//
// Fields as published under "Business Central admin center API, session management": sessionId, userId,
// clientType, logOnDate. A sessionId is a number that comes again when a server was started anew, so a
// session is called by it and by when it began.
//
// Threads: pure functions. Owns: nothing. Fails: plugin::Failure(Unavailable) when it is no whole JSON object
// with `value`; a session that can't be read is counted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "curfew/plugin/connector.hpp"

namespace curfew::oauth::business_central {

struct ServerSession {
  std::int64_t number = 0;
  std::string user;    // as Business Central has it: a name, or user@domain
  std::string client;  // WebClient, Background, …
  plugin::Time began{};

  [[nodiscard]] std::string id() const;
};

struct SessionPage {
  std::vector<ServerSession> sessions;
  std::uint64_t unreadable = 0;
};

[[nodiscard]] SessionPage read_sessions(std::string_view body);

[[nodiscard]] std::string handle_of(const ServerSession& session);
// Number 0: it is none of ours. The client stays empty.
[[nodiscard]] ServerSession read_handle(std::string_view handle);

// Whether a person sits at such a client; all others work by themselves.
[[nodiscard]] bool is_a_persons(std::string_view client);

}  // namespace curfew::oauth::business_central
