// Asks a provider about tokens that were presented at a gate (RFC 7662), and to revoke them (RFC 7009).
//
//   Introspector introspector(settings, server, issuer, now);
//   const Introspected said = introspector.ask(token, deadline);
//   const plugin::Answer answer = introspector.revoke(token, deadline);
//
// The token is in the call's body and nowhere else; each call is made once, within its request's time. A
// client that the provider refuses is shown to it again slowly, with pauses that grow to five minutes: a
// lockout helps nobody. What it asks to wait (429, 503) is waited.
//
// Threads: any, at once. Owns: clients. Fails: plugin::Failure: Unavailable, Refused for a wrong secret; no
// text holds a credential, a token or anything of an answer.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/oauth/access_tokens.hpp"
#include "plugins/oauth/gate/introspection_answer.hpp"
#include "plugins/oauth/providers/oidc/discovery.hpp"
#include "plugins/web/retrying_client.hpp"
#include "plugins/web/setting.hpp"

namespace curfew::oauth {

struct IntrospectionSettings {
  std::string endpoint;             // empty: as the discovery document says
  std::string revocation_endpoint;  // the same
  ClientCredentials client;         // no id: the source's own
  IntrospectionTerms terms;         // issuer and subject_claim empty: the provider's
  std::vector<std::string> cookies;
  plugin::Duration keep = std::chrono::seconds(10);
  plugin::Duration keep_refused = std::chrono::seconds(5);
  plugin::Duration clock_skew = std::chrono::seconds(30);
  plugin::Duration longest_life = std::chrono::hours(24);
  bool revoke = false;
};

// Of `introspection`; nothing: it is not there.
[[nodiscard]] std::optional<IntrospectionSettings> introspection_of(const web::Setting& all);

class Introspector {
 public:
  Introspector(IntrospectionSettings settings, web::HttpServer server, const std::string& issuer);

  [[nodiscard]] Introspected ask(std::string_view token, plugin::Time deadline);
  [[nodiscard]] plugin::Answer revoke(std::string_view token, plugin::Time deadline);
  [[nodiscard]] const IntrospectionSettings& settings() const { return settings_; }
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  struct Endpoint {
    std::string path;
    std::unique_ptr<web::RetryingClient> client;
  };
  [[nodiscard]] Endpoint& endpoint(Endpoint& known, const std::string& given, const char* name,
                                   plugin::Time deadline);
  [[nodiscard]] web::HttpReply post(Endpoint& to, std::string_view token, plugin::Time deadline);
  [[noreturn]] void refused(const Endpoint& by, int status);

  const IntrospectionSettings settings_;
  const web::HttpServer server_;
  const std::string issuer_;
  oidc::Discovery discovery_;
  std::mutex mutex_;
  Endpoint introspection_;
  Endpoint revocation_;
  bool is_stopping_ = false;
  // Since the client was refused.
  std::string refusal_;
  Clock::time_point ask_again_at_{};
  plugin::Duration pause_{};
};

}  // namespace curfew::oauth
