#include "plugins/oauth/settings.hpp"

#include <algorithm>
#include <array>

#include "plugins/files/text.hpp"

namespace curfew::oauth {
namespace {

using web::invalid;
using web::Setting;
using namespace std::chrono_literals;

// `*` stands for anything.
bool fits(std::string_view pattern, std::string_view text) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  if (text.substr(0, star) != pattern.substr(0, star)) return false;
  const std::string_view rest = pattern.substr(star + 1);
  text.remove_prefix(star);
  for (std::size_t at = 0; at <= text.size(); ++at) {
    if (fits(rest, text.substr(at))) return true;
  }
  return false;
}

std::optional<BackChannelSettings> back_channel_of(const Setting& all, plugin::Duration clock_skew) {
  const auto given = all.inner("back_channel_logout");
  if (!given) return std::nullopt;
  given->only({"audiences", "issuer", "jwks_uri", "algorithms"});
  BackChannelSettings out;
  out.terms.issuer = out.keys.issuer = given->text("issuer", "");
  out.terms.audiences = list_in(*given, "audiences");
  if (out.terms.audiences.empty())
    invalid(given->at("audiences") + " is missing: name the clients whose logouts are sent to Curfew");
  out.terms.clock_skew = clock_skew;
  out.keys.jwks_uri = given->text("jwks_uri", "");
  out.keys.algorithms = algorithms_in(*given);
  return out;
}

bool is_known(const std::string& provider) {
  constexpr std::array<std::string_view, 8> known{"keycloak",  "entra", "business_central", "okta", "auth0",
                                                  "authentik", "oidc",  "shared_signals"};
  return std::find(known.begin(), known.end(), provider) != known.end();
}

// The rest of the settings is about asking a provider.
OauthSettings log_settings(const Setting& all) {
  constexpr std::size_t most_inputs = 100'000;
  OauthSettings out{.username_namespace = all.text("username_namespace", ""),
                    .service_accounts = list_in(all, "service_accounts"),
                    .own = Setting(nlohmann::json::object(), "")};
  const nlohmann::json& inputs = all.json().at("inputs");
  if (!inputs.is_array() || inputs.empty() || inputs.size() > most_inputs)
    invalid(all.at("inputs") + " must be a list of files and folders");
  for (const nlohmann::json& one : inputs) {
    if (!one.is_string() || one.get_ref<const std::string&>().empty())
      invalid(all.at("inputs") + " must be a list of files and folders");
    out.logs.inputs.push_back(one.get<std::string>());
  }
  const auto zone = files::parse_zone(all.text("time_zone", "Z"));
  if (!zone) invalid(all.at("time_zone") + " must be Z or an offset such as +01:00");
  out.logs.zone = std::chrono::seconds(*zone);
  return out;
}

// One that has a key alone, and no secret.
ClientCredentials client_with_key(const Setting& all) {
  ClientCredentials client{.id = all.text("client_id")};
  client.authentication = ClientAuthentication::Key;
  client.key_file = all.text("client_key_file");
  if (all.has("client_secret"))
    invalid(all.at("client_secret") + " means nothing here: the client shows who it is by client_key_file");
  if (all.text("client_authentication", "private_key_jwt") != "private_key_jwt")
    invalid(all.at("client_authentication") + " must be private_key_jwt with client_key_file");
  return client;
}

}  // namespace

ClientCredentials client_of(const Setting& all, const std::string& usual) {
  if (all.text("provider", "") == "okta") return client_with_key(all);
  ClientCredentials client{.id = all.text("client_id"), .secret = all.text("client_secret", "")};
  client.certificate_file = all.text("client_certificate_file", "");
  client.key_file = all.text("client_key_file", client.certificate_file);
  if (!client.key_file.empty()) {
    if (client.certificate_file.empty()) invalid(all.at("client_certificate_file") + " is missing");
    if (!client.secret.empty())
      invalid(all.at("client_secret") + " and client_certificate_file are both given: choose one");
    if (all.text("client_authentication", "private_key_jwt") != "private_key_jwt")
      invalid(all.at("client_authentication") + " must be private_key_jwt with client_certificate_file");
    client.authentication = ClientAuthentication::Certificate;
    return client;
  }
  if (client.secret.empty())
    invalid(all.at("client_secret") +
            " is missing: give the secret of client_id by client_secret_file or client_secret_env");
  const std::string how = all.text("client_authentication", usual);
  if (how != "client_secret_basic" && how != "client_secret_post")
    invalid(all.at("client_authentication") + " must be client_secret_basic or client_secret_post");
  client.authentication =
      how == "client_secret_basic" ? ClientAuthentication::Basic : ClientAuthentication::Post;
  return client;
}

plugin::Duration within(const Setting& all, const std::string& key, plugin::Duration fallback,
                        plugin::Duration least, plugin::Duration most) {
  const plugin::Duration value = all.duration(key, fallback);
  if (value < least || value > most)
    invalid(all.at(key) + " must be from " + std::to_string(least.count() / 1000) + "ms to " +
            std::to_string(most.count() / 1'000'000) + "s");
  return value;
}

std::vector<std::string> list_in(const Setting& all, const std::string& key) {
  std::vector<std::string> texts;
  if (!all.has(key)) return texts;
  const nlohmann::json& list = all.json().at(key);
  if (!list.is_array()) invalid(all.at(key) + " must be a list of texts");
  for (const nlohmann::json& one : list) {
    if (!one.is_string() || one.get_ref<const std::string&>().size() > 256)
      invalid(all.at(key) + " must be a list of texts");
    texts.push_back(one.get<std::string>());
  }
  return texts;
}

std::vector<std::string> algorithms_in(const Setting& all) {
  if (!all.has("algorithms")) return IssuerKeysSettings{}.algorithms;
  std::vector<std::string> algorithms = list_in(all, "algorithms");
  for (const std::string& one : algorithms) {
    if (std::find(known_algorithms().begin(), known_algorithms().end(), one) == known_algorithms().end())
      invalid(all.at("algorithms") + ": '" + one + "' is none that a signature of the issuer can have here");
  }
  return algorithms;
}

OauthSettings read_settings(const std::string& config, bool recorded) {
  const Setting all(nlohmann::json::parse(config, nullptr, false), "");
  if (recorded && all.has("inputs")) return log_settings(all);
  if (all.has("inputs"))
    invalid(
        all.at("inputs") +
        " are recorded logs, which curfew audit reads; a daemon asks the provider: name it with provider");
  const std::string provider = all.text("provider");
  if (!is_known(provider))
    invalid(all.at("provider") +
            " must be keycloak, entra, business_central, okta, auth0, authentik, oidc or shared_signals");
  const bool is_entra = provider == "entra";
  // What the standards alone let a provider tell needs no client of ours; a transmitter that pushes neither.
  const bool is_told = provider == "oidc";
  const bool is_posted = is_entra || provider == "business_central" || provider == "auth0";
  // authentik's API is asked with a token alone.
  const bool has_client =
      is_posted || provider == "keycloak" || (provider != "authentik" && all.has("client_id"));
  all.only({"provider",
            "url",
            "ca_file",
            "certificate_file",
            "key_file",
            "plain_beyond_loopback",
            "connect_timeout",
            "call_timeout",
            "client_id",
            "client_secret",
            "client_authentication",
            "client_certificate_file",
            "client_key_file",
            "poll_every",
            "arrival_delay",
            "history",
            "clock_skew",
            "journal",
            "username_namespace",
            "service_accounts",
            "back_channel_logout",
            "gate_tokens",
            "introspection",
            "rp_initiated_logout",
            "time_zone",
            provider});
  const auto own = all.inner(provider);
  if (!own && !is_told && provider != "auth0") invalid(all.at(provider) + " is missing");
  OauthSettings out{.provider = provider,
                    .server = web::http_server_of(all, "call_timeout"),
                    .client = has_client
                                  ? client_of(all, is_posted ? "client_secret_post" : "client_secret_basic")
                                  : ClientCredentials{},
                    .journal = all.text("journal", ""),
                    .username_namespace = all.text("username_namespace", ""),
                    .service_accounts = list_in(all, "service_accounts"),
                    .own = own ? *own : Setting(nlohmann::json::object(), provider)};
  // A poll must be back within seconds.
  if (out.server.connect_timeout > 5s || out.server.call_timeout > 8s)
    invalid(all.at("call_timeout") + ": connect_timeout may be 5s at most, and call_timeout 8s");
  if (is_entra) {
    // Its logs come minutes late, and may be asked for seldom.
    out.poll_every = 1min;
    out.arrival_delay = 30min;
  }
  if (provider == "business_central" || provider == "auth0") out.poll_every = 30s;
  if (provider == "okta" || provider == "authentik") out.poll_every = 10s;
  out.poll_every = within(all, "poll_every", out.poll_every, 100ms, 1h);
  out.arrival_delay = within(all, "arrival_delay", out.arrival_delay, 1s, is_entra ? 6h : 1h);
  out.history = within(all, "history", out.history, 0s, 24h);
  out.clock_skew = within(all, "clock_skew", out.clock_skew, 0s, 1h);
  out.back_channel = back_channel_of(all, out.clock_skew);
  out.gate_tokens = gate_tokens_of(all);
  out.introspection = introspection_of(all);
  if (out.introspection && out.introspection->client.id.empty()) out.introspection->client = out.client;
  if (out.introspection && out.introspection->client.id.empty())
    invalid("introspection.client_id is missing: a provider answers only clients that it knows");
  out.provider_sign_out = provider_sign_out_of(all);
  if (out.provider_sign_out && !out.gate_tokens && !out.introspection)
    invalid(
        "rp_initiated_logout means nothing without gate_tokens or introspection: no gate guards this source");
  if (!is_entra && all.has("client_certificate_file"))
    invalid(all.at("client_certificate_file") + " means something for provider entra only");
  if ((is_entra || provider == "business_central") && out.back_channel)
    invalid(all.at("back_channel_logout") + " means nothing here: Microsoft Entra sends none");
  if (provider == "business_central" && !out.journal.empty())
    invalid(all.at("journal") + " means nothing here: accounts are Entra's, a source of its own");
  if (is_told && !out.back_channel && !out.own.has("administration"))
    invalid(all.at("back_channel_logout") +
            " is missing: it is all that provider oidc can be told by, unless oidc.administration says how "
            "its API is "
            "asked");
  return out;
}

plugin::AccountType account_type_of(const OauthSettings& settings, std::string_view user_name) {
  if (user_name.empty()) return plugin::AccountType::Unknown;
  const bool is_service = std::any_of(settings.service_accounts.begin(), settings.service_accounts.end(),
                                      [&](const std::string& pattern) { return fits(pattern, user_name); });
  return is_service ? plugin::AccountType::Service : plugin::AccountType::Human;
}

std::string_view name_space_of(const OauthSettings& settings, std::string_view user_name,
                               std::string_view logins) {
  if (!settings.username_namespace.empty()) return settings.username_namespace;
  return user_name.find('@') != std::string_view::npos ? "upn" : logins;
}

}  // namespace curfew::oauth
