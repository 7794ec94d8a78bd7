// What a token says, once it is known who signed it: whether it is one for this application, now, and of
// which session and person (RFC 7519, RFC 8725, RFC 9068).
//
//   const jose::SignedToken token(text, rules.algorithms);      // throws BadToken
//   if (!keys.signed_it(token)) …
//   const TokenSays says = read_token(rules, token, now);
//   if (says.fault != TokenFault::None) …
//
// Threads: pure functions. Owns: its texts. Fails: never; what is wrong is an answer.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"
#include "core/jose/key_set.hpp"
#include "core/model/credential_rules.hpp"
#include "core/model/vocabulary.hpp"

namespace curfew::enforcement {

enum class TokenFault : std::uint8_t {
  None,
  Form,       // no signed token, or a claim that is none
  Type,       // `typ`, or claims of another kind of token
  Key,        // no key or algorithm of the issuer
  Signature,  // there is such a key, and it did not sign this
  Issuer,
  Audience,
  Expired,
  NotYet,  // nbf, iat
  Life,    // it would outlive the memory of denials
};

struct TokenSays {
  TokenFault fault = TokenFault::None;
  std::vector<std::string> sessions;  // clear ids; often none in a token for software
  std::string id;                     // jti
  std::string subject;                // as the person's identifiers have it; empty: nobody is named
  Time issued_at{};
  Time expires_at{};  // the clock skew added: from then on nobody may use it
};

// Longer texts than this are no ids.
inline constexpr std::size_t longest_token_id = 512;

[[nodiscard]] TokenSays read_token(const model::TokenRules& rules, const jose::SignedToken& token, Time now);
// Whether it would be good but for the time that has passed since.
[[nodiscard]] constexpr bool is_only_late(TokenFault fault) noexcept { return fault == TokenFault::Expired; }

}  // namespace curfew::enforcement

namespace curfew::model {
template <>
struct Names<enforcement::TokenFault> {
  static constexpr std::array<std::string_view, 10> all{
      "none", "form", "type", "key", "signature", "issuer", "audience", "expired", "not_yet", "life"};
};
}  // namespace curfew::model
