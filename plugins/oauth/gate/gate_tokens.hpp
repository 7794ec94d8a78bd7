// What the gate that guards this source is told: how the provider's access tokens are judged, and the keys
// that verify them, whenever those change.
//
//   GateTokens tokens(settings, server, {.claim = "sub", …}, now);
//   host.gate_rules(tokens.rules());                                   // once
//   if (auto jwks = tokens.keys_if_new(host.gate_keys_wanted(), deadline)) host.gate_keys(*jwks);
//
// Threads: one. Owns: the keys. Fails: keys_if_new throws plugin::Failure(Unavailable)
// while the issuer can't be asked.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "plugins/oauth/gate/introspection.hpp"
#include "plugins/oauth/tokens/issuer_keys.hpp"
#include "plugins/web/setting.hpp"

namespace curfew::oauth {

struct GateTokenSettings {
  std::vector<std::string> audiences;
  std::vector<std::string> cookies;  // that carry such a token besides Authorization
  std::vector<std::string> types;    // empty: the gate's own choice
  std::string session_claim = "sid";
  std::string subject_claim;  // empty: the provider's
  plugin::Duration clock_skew = std::chrono::seconds(30);
  plugin::Duration longest_life = std::chrono::hours(1);
  plugin::Duration renew_every = std::chrono::minutes(10);
  IssuerKeysSettings keys;  // whose issuer is the provider's if it is not named
};

class GateTokens;
// All that the gate is told: JSON. `introspection` null: no token is asked about; `sign_out` empty: nothing
// is offered.
[[nodiscard]] std::string gate_rules(const GateTokens* tokens, const IntrospectionSettings* introspection,
                                     const std::string& sign_out);

// Of `gate_tokens`; nothing: it is not there.
[[nodiscard]] std::optional<GateTokenSettings> gate_tokens_of(const web::Setting& all);

// How the provider names people in what it tells.
struct PersonNaming {
  std::string claim;
  std::string name_space;
  std::string prefix;
};

class GateTokens {
 public:
  GateTokens(GateTokenSettings settings, web::HttpServer server, PersonNaming naming,
             std::function<plugin::Time()> now);

  [[nodiscard]] std::string rules() const { return gate_rules(this, nullptr, {}); }
  // How a signed token is judged: `tokens` of the rules.
  [[nodiscard]] nlohmann::json judged_by() const;
  [[nodiscard]] const std::vector<std::string>& cookies() const { return settings_.cookies; }
  // The keys, where they are others than it gave last; asked for anew when they are wanted, or it is time.
  [[nodiscard]] std::optional<std::string> keys_if_new(bool wanted, plugin::Time deadline);
  // When it is to be asked again.
  [[nodiscard]] plugin::Time next() const { return next_; }

 private:
  const GateTokenSettings settings_;
  const PersonNaming naming_;
  const std::function<plugin::Time()> now_;
  IssuerKeys keys_;
  std::string told_;
  bool wanted_ = false;
  plugin::Time next_{};
};

}  // namespace curfew::oauth
