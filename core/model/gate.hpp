// What a gate may know of one session: the engine makes it, core/enforcement/gate_view answers requests by
// it. Free of personal values.
//
// Threads: values.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/time.hpp"
#include "core/model/policy.hpp"
#include "core/model/rows.hpp"
#include "core/model/vocabulary.hpp"

namespace curfew::model {

// Live: may pass until a deadline below. Refused: may not. Forgotten: the engine knows it no more; one that
// was signed out by us stays refused, any other is as if never known.
enum class Standing : std::uint8_t { Live, Refused, Forgotten };
template <>
struct Names<Standing> {
  static constexpr std::array<std::string_view, 3> all{"live", "refused", "forgotten"};
};

// Why a session may not pass, as a stranger may be told: no policy's name, no person.
enum class Refusal : std::uint8_t {
  None,
  SignedOut,        // the person signed out
  Expired,          // the application's own end of the session
  IdleTimeout,      // inactivity_timeout
  SessionTimeout,   // session_timeout, reauthentication_interval: it must begin anew
  TooManySessions,  // concurrent_sessions: another device signed in
  Administrator,    // ordered by an operator
  Policy,           // any other policy
  UnknownSession,   // the gate lets no strangers in
};
template <>
struct Names<Refusal> {
  static constexpr std::array<std::string_view, 9> all{
      "none",          "signed_out", "expired", "idle_timeout", "session_timeout", "too_many_sessions",
      "administrator", "policy",     "unknown"};
};

// What a breach of a rule is called.
[[nodiscard]] constexpr Refusal refusal_of(Rule rule) noexcept {
  switch (rule) {
    case Rule::InactivityTimeout:
      return Refusal::IdleTimeout;
    case Rule::SessionTimeout:
    case Rule::ReauthenticationInterval:
      return Refusal::SessionTimeout;
    case Rule::ConcurrentSessions:
      return Refusal::TooManySessions;
    default:
      return Refusal::Policy;
  }
}

struct GateEntry {
  std::string source;  // the guarded source whose session it is
  SessionDigest session;
  SessionNumber number = 0;
  Standing standing = Standing::Live;
  Refusal refusal = Refusal::None;  // of Refused
  // Of Live: the tightest limits of enforcing policies that apply. What would wait for somebody (a cap, a
  // protected account, an approval) is not among them.
  Time refuse_at{};          // session_timeout, reauthentication_interval; epoch: none
  Time warn_at{};            // … its warning; epoch: none
  Duration idle_limit{0};    // inactivity_timeout, since the last activity of a person; 0: none
  Duration idle_warning{0};  // … so long before it the warning begins; 0: none
  Time last_person_at{};     // of a person, as far as the engine knows; the gate may know of later ones
  friend bool operator==(const GateEntry&, const GateEntry&) = default;
};

}  // namespace curfew::model
