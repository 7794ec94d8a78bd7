// Settings of a source of the oauth connector: what all providers share; a provider reads its own part.
//
//   const OauthSettings settings = read_settings(config);
//   settings.own.text("realm");
//
// Threads: values. Owns: nothing. Fails: plugin::Failure(Invalid) with the setting and the remedy.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/oauth/access_tokens.hpp"
#include "plugins/oauth/back_channel/logout_token.hpp"
#include "plugins/oauth/gate/gate_tokens.hpp"
#include "plugins/oauth/gate/introspection.hpp"
#include "plugins/oauth/gate/provider_sign_out.hpp"
#include "plugins/oauth/tokens/issuer_keys.hpp"
#include "plugins/web/http_client.hpp"
#include "plugins/web/setting.hpp"

namespace curfew::oauth {

// Logouts that the provider sends; the issuer is its own if it is not named here.
struct BackChannelSettings {
  LogoutTerms terms;
  IssuerKeysSettings keys;
};

// Recorded logs, which `curfew audit` reads; none: a provider is asked.
struct LogSettings {
  std::vector<std::string> inputs;
  std::chrono::seconds zone{0};
};

struct OauthSettings {
  std::string provider;  // empty: only logs are read
  LogSettings logs;
  web::HttpServer server;
  ClientCredentials client;
  plugin::Duration poll_every = std::chrono::seconds(5);
  plugin::Duration arrival_delay = std::chrono::seconds(10);
  plugin::Duration history{0};
  plugin::Duration clock_skew = std::chrono::seconds(30);
  std::string journal;  // empty: no account is changed
  std::string username_namespace;
  std::vector<std::string> service_accounts;  // with * for anything
  std::optional<BackChannelSettings> back_channel;
  std::optional<GateTokenSettings> gate_tokens;
  std::optional<IntrospectionSettings> introspection;
  std::optional<ProviderSignOut> provider_sign_out;
  web::Setting own;  // what stands below the provider's name
};

// `recorded`: by `audit`, for which inputs count alone.
[[nodiscard]] OauthSettings read_settings(const std::string& config, bool recorded = false);

// Of a mapping: a list of texts (empty: none is given), a duration between two others, algorithms of
// signatures.
[[nodiscard]] std::vector<std::string> list_in(const web::Setting& all, const std::string& key);
[[nodiscard]] plugin::Duration within(const web::Setting& all, const std::string& key,
                                      plugin::Duration fallback, plugin::Duration least,
                                      plugin::Duration most);
// A client's id, with its secret or certificate; `usual`: how it authenticates if that is not said.
[[nodiscard]] ClientCredentials client_of(const web::Setting& all, const std::string& usual);
[[nodiscard]] std::vector<std::string> algorithms_in(const web::Setting& all);

[[nodiscard]] plugin::AccountType account_type_of(const OauthSettings& settings, std::string_view user_name);
// `logins`: of those that are no addresses.
[[nodiscard]] std::string_view name_space_of(const OauthSettings& settings, std::string_view user_name,
                                             std::string_view logins = "user");

}  // namespace curfew::oauth
