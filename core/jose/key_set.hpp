// The keys of an issuer, as its JWKS lists them (RFC 7517), and whether one of them signed a token (RFC
// 7515).
//
//   const KeySet keys = KeySet::parse(json);
//   const SignedToken token(text, {"RS256", "ES256"});   // what its header says; nothing is believed yet
//   if (keys.signed_it(token)) use(token.claims());
//
// It stands beside core and plugins and uses neither: the gate and the connectors verify by the same code.
//
// As RFC 8725 wants it: the algorithm is one of those allowed for the issuer and fits the key's own kind;
// "none" and keyed hashes never are; where the header says that keys are (jku, x5u, jwk, x5c) is not looked
// at; a header with `crit` is refused. RSA keys have 2048 bits at least. Keys for other uses, and of kinds
// that can't verify here (EdDSA), are passed over and counted. A token has at most `longest_token` bytes, its
// claims at most `deepest_claims` levels.
//
// Threads: values; const from any. Owns: the keys. Fails: parse and SignedToken throw BadToken with what is
// wrong.
#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/jose/algorithms.hpp"

namespace curfew::jose {

// Form: it is no token, or not one of its kind. Key: signed by a key or an algorithm that is not the
// issuer's. Signature: there is such a key, and it did not sign this.
enum class TokenFault { Form, Key, Signature };

// What is said is for an administrator, and holds nothing of the token.
class BadToken : public std::runtime_error {
 public:
  explicit BadToken(const std::string& what, TokenFault fault = TokenFault::Form)
      : std::runtime_error(what), fault_(fault) {}
  [[nodiscard]] TokenFault fault() const noexcept { return fault_; }

 private:
  TokenFault fault_;
};

inline constexpr std::size_t longest_token = 16 * 1024;
inline constexpr std::size_t deepest_claims = 16;

class SignedToken {
 public:
  SignedToken(std::string_view compact, const std::vector<std::string>& algorithms);
  ~SignedToken();
  SignedToken(SignedToken&&) noexcept;
  SignedToken& operator=(SignedToken&&) noexcept;

  [[nodiscard]] const std::string& algorithm() const;
  [[nodiscard]] const std::string& key_id() const;  // empty: none
  [[nodiscard]] const std::string& type() const;    // lower case, without "application/"; empty: none
  // Only what KeySet::signed_it said yes to may be believed.
  [[nodiscard]] const nlohmann::json& claims() const;

 private:
  friend class KeySet;
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

class KeySet {
 public:
  static constexpr std::size_t most_keys = 100;

  [[nodiscard]] static KeySet parse(std::string_view jwks);
  [[nodiscard]] bool signed_it(const SignedToken& token) const;
  // Whether a key is there that could have: without one, the keys are to be asked for anew.
  [[nodiscard]] bool has_key_for(const SignedToken& token) const;
  [[nodiscard]] std::size_t size() const { return keys_.size(); }
  [[nodiscard]] std::size_t passed_over() const { return passed_over_; }

 private:
  struct Key;
  [[nodiscard]] static bool may_verify(const Key& key, const SignedToken& token);
  std::vector<std::shared_ptr<const Key>> keys_;
  std::size_t passed_over_ = 0;
};

}  // namespace curfew::jose
