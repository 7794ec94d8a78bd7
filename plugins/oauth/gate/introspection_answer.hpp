// What a provider answers when it is asked about a token (RFC 7662 2.2), and whether that token is one for
// the application behind the gate.
//
//   const Introspected said = read_introspection(body, terms);
//   if (said.state == plugin::TokenState::Active) …
//
// Threads: pure functions. Owns: its texts. Fails: plugin::Failure(Unavailable) with what is wrong, and
// nothing of the answer.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "curfew/plugin/connector.hpp"

namespace curfew::oauth {

inline constexpr std::size_t longest_introspection = 65'536;
inline constexpr std::size_t longest_introspected_id = 512;

struct IntrospectionTerms {
  std::string issuer;                  // as `iss` must be, where it is there
  std::vector<std::string> audiences;  // one of which `aud` must have; empty: any
  std::vector<std::string> clients;    // of which `client_id` must be; empty: any
  std::string subject_claim = "sub";
  bool untyped = false;  // an answer without token_type is taken
};

struct Introspected {
  plugin::TokenState state = plugin::TokenState::Unknown;
  // Of Active; empty or Time{}: the provider does not say.
  std::string session;  // sid
  std::string id;       // jti
  std::string subject;
  plugin::Time issued_at{};
  plugin::Time expires_at{};
};

[[nodiscard]] Introspected read_introspection(std::string_view body, const IntrospectionTerms& terms);

}  // namespace curfew::oauth
