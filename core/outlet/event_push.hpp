// One attempt to push a security event (RFC 8935).
//
//   const PushAnswer answer = outlet::push_event(target, token, 10s);
//   if (answer.fate == PushFate::Again) … answer.retry_after …
//
// Only what can't be said better is given up: a 400 with `err: invalid_request`. All else that is refused
// can be set right at the receiver or here (keys, audience, its token), and is tried again.
//
// Threads: any; each attempt has a connection of its own. Redirects are not followed. Fails: never; what went
// wrong is in the answer, without what the receiver wrote.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/time.hpp"

namespace curfew::outlet {

struct PushTarget {
  std::string url;
  std::string authorization;  // value of the header; empty: none
  std::string ca_file;        // empty: the system's
};

enum class PushFate : std::uint8_t { Delivered, Refused, Again };

struct PushAnswer {
  PushFate fate = PushFate::Again;
  std::string text;
  std::optional<Duration> retry_after;
};

[[nodiscard]] PushAnswer push_event(const PushTarget& target, const std::string& token, Duration timeout,
                                    Time now);

// Whether tokens and names may be sent there: TLS, or this machine.
[[nodiscard]] bool is_safe_endpoint(const std::string& url);
// Of a Retry-After header: seconds, or a date; nullopt: neither.
[[nodiscard]] std::optional<Duration> parse_retry_after(const std::string& text, Time now);

}  // namespace curfew::outlet
