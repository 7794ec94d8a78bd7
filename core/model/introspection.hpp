// What an issuer says of a token that was presented at a gate (RFC 7662), as the source's connector tells it:
// digests and an identifier, never the token.
//
// Threads: values.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/base/time.hpp"
#include "core/model/observation.hpp"
#include "core/model/ref.hpp"
#include "core/model/vocabulary.hpp"

namespace curfew::model {

// Unknown: the issuer can't be asked now. NotForUs: active, but of another kind or for others.
enum class TokenState : std::uint8_t { Unknown, Active, Inactive, NotForUs };
template <>
struct Names<TokenState> {
  static constexpr std::array<std::string_view, 4> all{"unknown", "active", "inactive", "not_for_us"};
};

// All but the state is of Active.
struct IntrospectedToken {
  TokenState state = TokenState::Unknown;
  SessionDigest session;  // none: the issuer names none
  SessionDigest id;       // of its jti
  NamedValue person;      // no value: nobody is named
  Time issued_at{};
  Time expires_at{};  // epoch: the issuer does not say
};

}  // namespace curfew::model
