// An issuer's keys, found by its discovery document (OpenID Connect Discovery 1.0) or at a given address,
// kept, and asked for anew when a token needs it.
//
//   IssuerKeys keys(server, issuer, algorithms, now);
//   const SignedToken token = keys.verified(text, deadline);   // throws BadToken: nobody signed it who
//   should
//   keys.check(token, came_at, deadline);
//
// Keys change: a token with an unknown key id, or whose signature no known key made (a provider that replaces
// a key and keeps its id), has the keys asked for once more; at most every `pause`, so that strangers' tokens
// can't order calls. Kept keys are asked for again after `lifetime`; while the issuer can't be reached they
// still hold.
//
// Threads: any, at once. Owns: the client and the keys. Fails: BadToken; plugin::Failure(Unavailable) where
// the keys can't be had, which says nothing of the token.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/oauth/tokens/key_set.hpp"
#include "plugins/web/retrying_client.hpp"

namespace curfew::oauth {

struct IssuerKeysSettings {
  std::string issuer;          // as tokens have it, and as its discovery document must
  std::string jwks_uri;        // empty: the discovery document says
  std::string metadata_url{};  // of that document; empty: where OpenID Connect Discovery has it
  std::vector<std::string> algorithms{"RS256", "PS256", "ES256", "ES384", "ES512"};
  plugin::Duration pause = std::chrono::seconds(5);
  plugin::Duration lifetime = std::chrono::hours(1);
};

class IssuerKeys {
 public:
  // `server`: TLS and time limits for the issuer's own address and that of its keys.
  IssuerKeys(web::HttpServer server, IssuerKeysSettings settings, std::function<plugin::Time()> now);

  [[nodiscard]] SignedToken verified(std::string_view compact, plugin::Time deadline);
  // For who is told only once, and must not turn away what a key signed that is newer than ours: BadToken
  // only by keys that were had at `came_at` or later, until then Unavailable.
  void check(const SignedToken& token, plugin::Time came_at, plugin::Time deadline);
  // The key set as the issuer sent it last; `anew`: it is asked first, unless it was a moment ago. For who
  // verifies elsewhere. Unavailable: it could never be had.
  [[nodiscard]] std::string document(bool anew, plugin::Time deadline);
  [[nodiscard]] const std::vector<std::string>& algorithms() const { return settings_.algorithms; }
  [[nodiscard]] const std::string& issuer() const { return settings_.issuer; }
  // How often keys were asked for.
  [[nodiscard]] std::uint64_t asked() const;

 private:
  struct Kept {
    KeySet keys;
    plugin::Time fetched_at{};
  };
  void refresh(bool anew, plugin::Time deadline);
  [[nodiscard]] Kept current(bool anew, plugin::Time deadline);
  [[nodiscard]] std::string fetch(const std::string& url, plugin::Time deadline) const;
  // Where the discovery document says that the keys are.
  [[nodiscard]] std::string discovered(plugin::Time deadline) const;

  web::HttpServer server_;
  IssuerKeysSettings settings_;
  std::function<plugin::Time()> now_;
  mutable std::mutex mutex_;  // also while asking: who comes meanwhile waits for the same answer
  KeySet keys_;
  std::string document_;
  bool has_keys_ = false;
  plugin::Time asked_at_{}, fetched_at_{};
  std::uint64_t asked_ = 0;
};

}  // namespace curfew::oauth
