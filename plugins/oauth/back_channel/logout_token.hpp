// What a logout token says, checked as OpenID Connect Back-Channel Logout 1.0 (2.6) wants it. Its signature
// was looked at before (tokens/issuer_keys); whether it came before, is looked at after
// (back_channel/receiver).
//
//   const LogoutToken said = read_logout_token(token, {.issuer = …, .audiences = {"crm"}}, now);
//
// A token without `typ`, or with "JWT", is taken, as providers send them (2.4 recommends logout+jwt, and asks
// nobody to require it); one that is for something else (another `typ`, a nonce, no event) is not. Drafts of
// the specification knew no `exp`: without it a token is good for `lifetime` from its `iat`.
//
// Threads: pure function. Owns: its texts. Fails: BadToken with the claim that is wrong.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "curfew/plugin/connector.hpp"
#include "plugins/oauth/tokens/key_set.hpp"

namespace curfew::oauth {

struct LogoutTerms {
  std::string issuer;
  std::vector<std::string> audiences;  // the clients for which Curfew is told; one of them must be in `aud`
  plugin::Duration clock_skew = std::chrono::seconds(30);
  plugin::Duration lifetime = std::chrono::minutes(10);
};

struct LogoutToken {
  std::string subject;   // `sub`; empty: only a session is told
  std::string session;   // `sid`; empty: every session of the subject
  std::string audience;  // which of the terms' it is for
  std::string id;        // `jti`
  plugin::Time issued_at{};
  plugin::Time good_until{};  // later, nobody takes it any more: how long its id must be known
};

[[nodiscard]] LogoutToken read_logout_token(const SignedToken& token, const LogoutTerms& terms,
                                            plugin::Time now);

}  // namespace curfew::oauth
