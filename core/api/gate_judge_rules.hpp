// What gate_judge.cpp and gate_judge_tokens.cpp share, and nobody else: the rules at work, and which of two
// decisions counts.
//
// Threads: rules from any; the rest pure functions. Owns: the rules. Fails: never.
#pragma once

#include <memory>
#include <string>

#include "core/api/gate_judge.hpp"

namespace curfew::api {

struct GateJudge::Rules {
  model::CredentialRules rules;
  std::string digest_key;
  std::unique_ptr<GateTokens> tokens;                // none: no credential is a signed token
  std::unique_ptr<GateIntrospection> introspection;  // none: no issuer is asked
};

// The stricter of two, and of refusals the one that nothing takes back.
[[nodiscard]] bool worse(const enforcement::Decision& a, const enforcement::Decision& b);
// RFC 6750, 3.1. Which check failed is nobody's business who can't pass it.
void challenge_for_token(GateAnswer& answer);

}  // namespace curfew::api
