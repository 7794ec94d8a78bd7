// Why a security event is not taken, by the codes that a transmitter is told (RFC 8935 2.4; invalid_state:
// Shared Signals 1.0, 8.1.4).
//
//   throw RefusedEvent(Refusal::InvalidAudience, "`aud` has none of …");
//
// Threads: values. Owns: its text, which holds nothing of the event. Fails: never.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace curfew::oauth::shared_signals {

enum class Refusal : std::uint8_t {
  InvalidRequest,        // no security event, or one that isn't as its specification has it
  InvalidKey,            // signed by a key or an algorithm that is not the transmitter's
  InvalidIssuer,         // of another transmitter
  InvalidAudience,       // for somebody else
  AuthenticationFailed,  // its signature, or the token of who brought it
  AccessDenied,          // of a stream that isn't ours
  InvalidState,          // answers a verification that nobody asked for
};

[[nodiscard]] constexpr std::string_view code_of(Refusal refusal) noexcept {
  switch (refusal) {
    case Refusal::InvalidRequest:
      return "invalid_request";
    case Refusal::InvalidKey:
      return "invalid_key";
    case Refusal::InvalidIssuer:
      return "invalid_issuer";
    case Refusal::InvalidAudience:
      return "invalid_audience";
    case Refusal::AuthenticationFailed:
      return "authentication_failed";
    case Refusal::AccessDenied:
      return "access_denied";
    case Refusal::InvalidState:
      return "invalid_state";
  }
  return "invalid_request";
}

class RefusedEvent : public std::runtime_error {
 public:
  RefusedEvent(Refusal refusal, const std::string& what) : std::runtime_error(what), refusal_(refusal) {}
  [[nodiscard]] Refusal refusal() const noexcept { return refusal_; }

 private:
  Refusal refusal_;
};

}  // namespace curfew::oauth::shared_signals
