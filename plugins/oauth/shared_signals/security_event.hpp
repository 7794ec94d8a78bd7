// A security event token (RFC 8417), checked as Shared Signals 1.0 (chapter 4) wants it: what it says, and
// what becomes of it. Who signed it is looked at between the two steps.
//
//   check_kind(token, terms);                       // typ and iss: a stranger's token costs no question for
//   keys keys.check(token, came_at, deadline); const SecurityEvent event =
//   read_security_event(token.claims(), terms, now);
//
// `typ` is secevent+jwt; no `sub`, no `exp`; exactly one event. An event has no end of its own: it is taken
// until `max_age` after its `iat`, and its `jti` must be known for as long.
//
// When it happened: `event_timestamp` of the event, else `toe`, else `iat`. Seconds, as CAEP has it; what
// would lie beyond the year 5138 is read as milliseconds, which some send: the two can't be confused, and a
// revocation that is refused for its unit would be lost. A time after `iat` can't be; then `iat` counts, and
// that is told.
//
// Threads: pure functions. Owns: its texts. Fails: RefusedEvent.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "plugins/oauth/shared_signals/refusal.hpp"
#include "plugins/oauth/shared_signals/subject.hpp"
#include "plugins/oauth/tokens/key_set.hpp"

namespace curfew::oauth::shared_signals {

struct EventTerms {
  std::vector<std::string> audiences;  // one of them must be in `aud`
  plugin::Duration clock_skew = std::chrono::seconds(30);
  plugin::Duration max_age = std::chrono::hours(24);
  Naming naming;  // and the issuer, as `iss` has it
};

struct SecurityEvent {
  std::string id;    // `jti`
  std::string type;  // the URI
  nlohmann::json payload;
  Subject subject;
  std::string audience;  // which of ours it is for
  plugin::Time issued_at{};
  plugin::Time occurred_at{};
  plugin::Time good_until{};
  bool has_odd_time = false;  // it says that it happened after it was told
};

void check_kind(const SignedToken& token, const EventTerms& terms);
[[nodiscard]] SecurityEvent read_security_event(const nlohmann::json& claims, const EventTerms& terms,
                                                plugin::Time now);

}  // namespace curfew::oauth::shared_signals
