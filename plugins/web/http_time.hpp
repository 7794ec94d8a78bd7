// Times in HTTP headers, and what Retry-After asks for.
//
//   http_time("Sun, 06 Nov 1994 08:49:37 GMT");
//   retry_after(reply, now);     // 0: it does not say
//
// Threads: pure functions. Owns: nothing. Fails: never; what can't be read says nothing.
#pragma once

#include <optional>
#include <string_view>

#include "plugins/web/http_client.hpp"

namespace curfew::web {

// The one form that servers may send (RFC 9110 5.6.7).
[[nodiscard]] std::optional<plugin::Time> http_time(std::string_view text);

inline constexpr plugin::Duration longest_retry_after = std::chrono::hours(1);

// In seconds, or until a time by the server's own clock (its Date) where it says it, else by ours. At most an
// hour. Without Retry-After: what X-Rate-Limit-Reset or X-RateLimit-Reset says, in seconds since 1970 as Okta
// and Auth0 document them.
[[nodiscard]] plugin::Duration retry_after(const HttpReply& reply, plugin::Time now);

}  // namespace curfew::web
