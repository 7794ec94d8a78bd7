// What issuers said of tokens that only they can judge (RFC 7662), kept for seconds under the token's keyed
// digest; and which of them wait to be asked about.
//
//   GateIntrospection tokens(rules, digest_key);
//   const GateIntrospection::Said said = tokens.read(text, now);
//   if (said.verdict == OpaqueVerdict::Ask) …            // ask the source, then tokens.learnt(said.digest,
//   …)
//
// That a token is active is believed for `keep` and never beyond its `exp`; anything else for
// `keep_refused`; that the issuer can't be asked, for a second. Whether its session or person was signed out
// is no part of it, and asked each time. Refusals are kept apart, so that a stranger's inventions push
// nothing out that was good.
//
// Threads: any, at once. Owns: what was said; no token. Fails: never.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/enforcement/token_cache.hpp"
#include "core/model/credential_rules.hpp"
#include "core/model/introspection.hpp"

namespace curfew::api {

// Ask: nobody knows yet. Unasked: the issuer could not be asked. Refused: over, or not for us. Old: it lives
// longer than sign-outs are remembered.
enum class OpaqueVerdict : std::uint8_t { Active, Ask, Unasked, Refused, Old };

// A token that waits for an answer; `token` is a person's credential and lives as long as its request.
struct TokenQuestion {
  model::SessionDigest digest;
  std::string token;
};

class GateIntrospection {
 public:
  static constexpr std::size_t most_active = 131'072;
  static constexpr std::size_t most_refused = 16'384;

  GateIntrospection(model::IntrospectionRules rules, std::string digest_key);

  [[nodiscard]] const model::IntrospectionRules& rules() const { return rules_; }

  struct Said {
    OpaqueVerdict verdict = OpaqueVerdict::Ask;
    model::SessionDigest digest;                           // of the token
    std::shared_ptr<const enforcement::KnownToken> token;  // of Active
  };
  [[nodiscard]] Said read(std::string_view token, Time now);
  void learnt(const model::SessionDigest& digest, const model::IntrospectedToken& said, Time now);

  // Whether its issuer should be asked to revoke it: once in a while.
  [[nodiscard]] bool may_revoke(const model::SessionDigest& digest, Time now);
  // It was asked: what it said before is worth nothing any more, and is forgotten as soon as the refusal was
  // worded.
  void revoked(const model::SessionDigest& digest, Time now);

 private:
  const model::IntrospectionRules rules_;
  const std::string digest_key_;
  enforcement::TokenCache active_;
  enforcement::TokenCache refused_;
  enforcement::TokenCache revoked_;
};

// Three parts of base64url: a JWT, which has to be judged as one where the gate knows how.
[[nodiscard]] bool is_compact_jws(std::string_view token);

}  // namespace curfew::api
