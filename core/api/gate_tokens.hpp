// The gate's judgement of signed tokens: verified by the keys that the guarded source's connector gave, and
// remembered by their digest, so that the next request with the same one costs a lookup.
//
//   GateTokens tokens(rules, digest_key, {.want_keys = …, .person = …});
//   tokens.set_keys(jwks);
//   const GateTokens::Said said = tokens.read(text, now);
//   if (said.token) …                                         // whose session, which person
//
// A token whose key is not known, or whose signature that key did not make, may be signed by a newer key:
// the keys are wanted then, at most every `keys_wanted_every`, and this token is refused. Other keys than
// before forget every verified token.
//
// Threads: any, at once. Owns: keys and what was verified. Fails: set_keys throws jose::BadToken.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/enforcement/token_cache.hpp"
#include "core/enforcement/token_check.hpp"
#include "core/jose/key_set.hpp"

namespace curfew::api {

inline constexpr std::chrono::seconds keys_wanted_every{5};

struct GateTokenLinks {
  // On the thread of a request: it must come back at once.
  std::function<void()> want_keys;
  // The reference of a person's name; none: nobody that was ever seen.
  std::function<model::Ref(const std::string& name_space, const std::string& value)> person;
};

class GateTokens {
 public:
  static constexpr std::size_t most_known = 131'072;

  GateTokens(model::TokenRules rules, std::string digest_key, GateTokenLinks links);

  void set_keys(std::string_view jwks);
  [[nodiscard]] bool has_keys() const { return keys() != nullptr; }
  [[nodiscard]] const model::TokenRules& rules() const { return rules_; }

  struct Said {
    std::shared_ptr<const enforcement::KnownToken> token;  // none: it may not pass
    enforcement::TokenFault fault = enforcement::TokenFault::None;
    bool no_keys = false;  // nobody can say
  };
  [[nodiscard]] Said read(std::string_view token, Time now);
  // How often a signature was verified, well or not.
  [[nodiscard]] std::uint64_t verified() const { return verified_.load(std::memory_order_relaxed); }
  // Whose token it is, as far as that is known by now.
  [[nodiscard]] model::Ref person(const enforcement::KnownToken& token) const;

 private:
  // Keys, and what they verified.
  struct Keys {
    explicit Keys(std::string_view text) : jwks(text), set(jose::KeySet::parse(text)), known(most_known) {}
    std::string jwks;
    jose::KeySet set;
    enforcement::TokenCache known;
  };
  [[nodiscard]] std::shared_ptr<Keys> keys() const { return std::atomic_load(&keys_); }
  Said verify(const Keys& keys, std::string_view token, Time now);
  void want_keys(Time now);

  const model::TokenRules rules_;
  const std::string digest_key_;
  const GateTokenLinks links_;
  std::shared_ptr<Keys> keys_;  // by std::atomic_load and atomic_store
  std::atomic<std::int64_t> wanted_at_{0};
  std::atomic<std::uint64_t> verified_{0};
};

}  // namespace curfew::api
