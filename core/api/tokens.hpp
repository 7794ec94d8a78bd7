// Who may ask for what: bearer tokens, known by their hash alone.
//
//   api::Tokens tokens({{"console", {}, api::roles_of({Role::Viewer}), hash_of("cfw_…")}});
//   const api::Token* token = tokens.find("cfw_…");
//
// A token is 256 random bits in base64url after "cfw_"; the configuration holds its SHA-256 in hex. No salt
// and no slow hash: nobody guesses 256 bits.
//
// Threads: immutable after construction. Owns: its tokens. Fails: Error(Configuration) for two tokens with
// one name or one hash, for a role nobody knows, and for a malformed hash.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/digest.hpp"
#include "core/model/vocabulary.hpp"

namespace curfew::api {

enum class Role : std::uint8_t { Viewer, Auditor, Operator, Admin, ErasureOfficer, Ingest, Receiver };

// A set of roles.
using Roles = std::uint32_t;
inline constexpr Roles nobody_in_particular = 0;  // of a route: no token needed
[[nodiscard]] constexpr Roles role_bit(Role role) noexcept { return Roles{1} << static_cast<unsigned>(role); }
// Who may ask whom a reference is about.
inline constexpr Roles names_readers =
    role_bit(Role::Auditor) | role_bit(Role::Operator) | role_bit(Role::Admin);

struct Token {
  std::string name;  // what the ledger calls its holder
  Roles roles = 0;
  Digest32 hash{};
  std::vector<std::string> sources;  // of the role ingest: for which sources; empty: all
  [[nodiscard]] bool may_push_to(std::string_view source) const;
};

class Tokens {
 public:
  Tokens() = default;
  explicit Tokens(std::vector<Token> tokens);
  // Null: unknown.
  [[nodiscard]] const Token* find(std::string_view clear) const;
  [[nodiscard]] bool empty() const { return by_hash_.empty(); }

 private:
  std::map<Digest32, Token> by_hash_;
};

// One line of the configuration: a name, role names, the hash in hex, sources.
[[nodiscard]] Token parse_token(std::string_view name, const std::vector<std::string>& roles,
                                std::string_view sha256_hex, std::vector<std::string> sources = {});
// A new token's clear text: shown once, never stored.
[[nodiscard]] std::string new_token_text();
[[nodiscard]] Digest32 hash_of(std::string_view clear);

}  // namespace curfew::api

namespace curfew::model {
template <>
struct Names<api::Role> {
  static constexpr std::array<std::string_view, 7> all{"viewer",          "auditor", "operator", "admin",
                                                       "erasure_officer", "ingest",  "receiver"};
};
}  // namespace curfew::model
