// Where a request carries the session's id, as a guarded source's connector says it: data for the gate, so
// that no plugin stands in a request's way. docs/plugin-guide.md describes the JSON.
//
//   std::string why;
//   const auto rules = model::parse_credential_rules(json, why);     // nullopt: `why` names what is wrong
//
// Threads: a value and a pure function. Owns: its texts. Fails: never; wrong rules are an answer.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/vocabulary.hpp"

namespace curfew::model {

inline constexpr std::size_t max_gate_rules_bytes = 16'384;
inline constexpr std::size_t max_credential_rules = 8;
inline constexpr std::size_t max_transforms = 8;
inline constexpr std::size_t max_credential_text = 128;  // a name, a marker of a transform
inline constexpr std::size_t max_cleared_cookies = 16;
inline constexpr std::size_t max_token_texts = 50;  // audiences, algorithms, types, claims; of each
inline constexpr std::size_t max_token_text = 512;  // an issuer, an audience
inline constexpr std::size_t max_sign_out_url = 2'048;
inline constexpr std::chrono::seconds most_token_skew{300};
// Denials are known for so long: sign-outs that are over leave the engine's memory after it.
inline constexpr std::chrono::seconds most_token_life{std::chrono::hours(24)};

enum class CredentialPlace : std::uint8_t { Cookie, Header, Bearer };
template <>
struct Names<CredentialPlace> {
  static constexpr std::array<std::string_view, 3> all{"cookie", "header", "bearer"};
};

// What the application itself does to the text before it looks its session up.
enum class TransformKind : std::uint8_t { UrlDecode, Before, After, Unquote, Lower };
template <>
struct Names<TransformKind> {
  static constexpr std::array<std::string_view, 5> all{"url_decode", "before", "after", "unquote", "lower"};
};
struct Transform {
  TransformKind kind = TransformKind::UrlDecode;
  std::string marker;  // of before and after
  friend bool operator==(const Transform&, const Transform&) = default;
};

struct CredentialRule {
  CredentialPlace in = CredentialPlace::Cookie;
  std::string name;  // of the cookie or header; of a header in lower case
  std::vector<Transform> transforms;
  bool token = false;  // it is a token, to be judged by CredentialRules::tokens or ::introspection
  friend bool operator==(const CredentialRule&, const CredentialRule&) = default;
};

// How a signed token of the source's issuer is judged (RFC 8725, RFC 9068).
struct TokenRules {
  std::string issuer;                   // as `iss` has it, to the letter
  std::vector<std::string> audiences;   // one of which `aud` must have
  std::vector<std::string> algorithms;  // by which the issuer signs
  // What `typ` of the header may be, lower case, without "application/"; "none": it may be absent.
  std::vector<std::string> types{"at+jwt", "jwt", "none"};
  std::vector<std::string> session_claims{"sid"};  // whose text is the session's clear id
  std::string subject_claim = "sub";
  std::string subject_namespace;  // of the person's identifiers; empty: persons aren't told apart
  std::string subject_prefix;     // what stands before the claim in them
  std::chrono::seconds clock_skew{30};
  std::chrono::seconds longest_life{std::chrono::hours(1)};  // a token that lives longer is refused
  friend bool operator==(const TokenRules&, const TokenRules&) = default;
};

// Tokens that only the issuer can judge (RFC 7662): it is asked while their request waits.
struct IntrospectionRules {
  std::chrono::seconds keep{10};         // an active answer is believed for so long, and never beyond its exp
  std::chrono::seconds keep_refused{5};  // any other
  std::chrono::seconds clock_skew{30};
  std::chrono::seconds longest_life{std::chrono::hours(24)};  // since iat; what is older is refused
  bool revoke = false;  // of signed-out people: its issuer is asked to revoke it
  friend bool operator==(const IntrospectionRules&, const IntrospectionRules&) = default;
};
inline constexpr std::chrono::seconds most_introspection_kept{300};

struct CredentialRules {
  std::vector<CredentialRule> credentials;
  std::vector<std::string> clear_cookies;
  // Of credentials that are tokens; one of both is there whenever one is.
  std::optional<TokenRules> tokens;
  std::optional<IntrospectionRules> introspection;
  std::string provider_sign_out;  // where a person ends the session at the provider itself; empty: nowhere
  friend bool operator==(const CredentialRules&, const CredentialRules&) = default;
};

[[nodiscard]] std::optional<CredentialRules> parse_credential_rules(std::string_view json, std::string& why);
// An RFC 6265 cookie's or RFC 9110 header's name: what may stand in an answer's header unquoted.
[[nodiscard]] bool is_token(std::string_view name);

}  // namespace curfew::model
