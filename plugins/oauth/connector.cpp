// The oauth connector: identity providers for OAuth and OpenID Connect, asked by their APIs.
#include "curfew/plugin/connector.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "plugins/files/recorded_poll.hpp"
#include "plugins/oauth/back_channel/receiver.hpp"
#include "plugins/oauth/config_schema.hpp"
#include "plugins/oauth/gate/gate_tokens.hpp"
#include "plugins/oauth/gate/session_names.hpp"
#include "plugins/oauth/logs/log_provider.hpp"
#include "plugins/oauth/logs/recorded_logs.hpp"
#include "plugins/oauth/provider.hpp"
#include "plugins/oauth/providers/auth0/auth0.hpp"
#include "plugins/oauth/providers/authentik/authentik.hpp"
#include "plugins/oauth/providers/business_central/business_central.hpp"
#include "plugins/oauth/providers/entra/entra.hpp"
#include "plugins/oauth/providers/keycloak/keycloak.hpp"
#include "plugins/oauth/providers/oidc/oidc.hpp"
#include "plugins/oauth/providers/okta/okta.hpp"
#include "plugins/oauth/providers/shared_signals/shared_signals.hpp"
#include "plugins/oauth/settings.hpp"

namespace curfew::oauth {
namespace {

using plugin::Emitted;
using plugin::Poll;
using plugin::Time;

constexpr plugin::Duration coverage_every = std::chrono::seconds(30);
constexpr plugin::Duration longest_listing = std::chrono::seconds(30);
constexpr plugin::Duration find_link_every = std::chrono::seconds(5);
constexpr plugin::Duration settling_time = std::chrono::seconds(2);

class Oauth {
 public:
  static constexpr plugin::Description description{
      .name = "oauth",
      .version = "0.1.0",
      .summary =
          "Identity providers for OAuth and OpenID Connect: Keycloak, Microsoft Entra with Business Central, "
          "Okta, Auth0, authentik; any, by back-channel logout or shared signals",
      .config_schema = config_schema,
      .config_schema_version = 1,
      .capabilities = CURFEW_CAN_OBSERVE | CURFEW_CAN_LIST_SESSIONS | CURFEW_CAN_PROVE |
                      CURFEW_CAN_CANCEL_SESSION | CURFEW_CAN_SIGN_OUT_SESSION | CURFEW_CAN_SIGN_OUT_SUBJECT |
                      CURFEW_CAN_REVOKE_TOKENS | CURFEW_CAN_SUSPEND_ACCESS | CURFEW_CAN_BLOCK_SIGN_IN |
                      CURFEW_CAN_DISABLE_ACCOUNT | CURFEW_CAN_CONCURRENT_ACTIONS | CURFEW_CAN_RECEIVE_HTTP |
                      CURFEW_CAN_INTROSPECT | CURFEW_CAN_REVOKE_PRESENTED};

  Oauth(plugin::Host& host, const plugin::Settings& settings)
      : host_(host),
        settings_(read_settings(settings.config, settings.recorded)),
        is_recorded_(settings.recorded),
        is_trial_(settings.trial),
        provider_(make_provider(
            settings_, {.source = settings.source,
                        .digest = [this](std::string_view id) { return host_.digest(id); },
                        .now = [this] { return host_.now(); },
                        .log = [this](plugin::Level level, std::string_view text) { host_.log(level, text); },
                        .cursor = [this](const std::string& name) { return host_.cursor(name); }})),
        recorded_poll_(host) {
    if (settings_.gate_tokens) {
      GateTokenSettings tokens = *settings_.gate_tokens;
      if (tokens.keys.issuer.empty()) tokens.keys.issuer = provider_->issuer();
      gate_tokens_.emplace(std::move(tokens), settings_.server, provider_->person_in_tokens(),
                           [this] { return host_.now(); });
    }
    if (settings_.introspection) {
      IntrospectionSettings asked = *settings_.introspection;
      const PersonNaming naming = provider_->person_in_tokens();
      asked.terms.issuer = provider_->issuer();
      if (asked.terms.subject_claim.empty()) asked.terms.subject_claim = naming.claim;
      introspector_.emplace(std::move(asked), settings_.server, provider_->issuer());
    }
    if (!settings_.back_channel) return;
    BackChannelSettings& back = *settings_.back_channel;
    if (back.terms.issuer.empty()) back.terms.issuer = back.keys.issuer = provider_->issuer();
    const auto now = [this] { return host_.now(); };
    keys_.emplace(settings_.server, back.keys, now);
    receiver_.emplace(back.terms, *keys_, now,
                      [this](std::string_view text) { return plugin::to_hex(host_.digest(text).bytes); });
  }
  ~Oauth() { stop(); }
  Oauth(const Oauth&) = delete;
  Oauth& operator=(const Oauth&) = delete;

  void start() {
    if (settings_.provider_sign_out && !settings_.provider_sign_out->endpoint.empty())
      sign_out_link_ = link_of(*settings_.provider_sign_out, settings_.provider_sign_out->endpoint);
    tell_gate_rules();
    if (is_trial_) return;
    if (is_recorded_) {
      if (settings_.logs.inputs.empty()) return;
      recorded_.emplace(settings_.logs.inputs, logs::RecordedSettings{.zone = settings_.logs.zone});
      recorded_poll_.start([this] { recorded_->read(); });
      return;
    }
    provider_->resume(host_.cursor("events").value_or(""));
    for (const auto& [key, value] : host_.recall_all()) {
      if (session_names_.recall(key, value)) continue;
      if (!key.starts_with(logout_prefix)) {
        provider_->recall(key, value);
        continue;
      }
      std::int64_t until = 0;
      const auto read = std::from_chars(value.data(), value.data() + value.size(), until);
      if (receiver_ && read.ec == std::errc())
        receiver_->restore(std::string_view(key).substr(logout_prefix.size()), Time{plugin::Duration{until}});
    }
  }

  Poll poll(Time deadline) {
    if (is_trial_) return Poll::Idle;
    if (recorded_) return poll_recorded(deadline);
    if (is_recorded_) return Poll::Finished;
    if (!keep_session_names(deadline)) return Poll::Ok;
    Time next = next_poll_;
    if (gate_tokens_) {
      tell_gate_keys(deadline);
      next = std::min(next, gate_tokens_->next());
    }
    find_sign_out_link(deadline);
    if (const Time now = host_.now(); now < next_poll_) {
      waker_.wait_until(std::min(deadline, next));
      return Poll::Ok;
    }
    const Batch batch = provider_->since(deadline);
    const bool is_taken = hand_over(batch);
    if (batch.settles)
      provider_->settled(is_taken, is_taken && host_.await_durable(host_.now() + settling_time));
    if (!is_taken) return Poll::Ok;
    if (batch.caught_up && !batch.again) next_poll_ = host_.now() + settings_.poll_every;
    if (host_.now() - coverage_at_ >= coverage_every) {
      coverage_at_ = host_.now();
      host_.coverage(provider_->coverage());
    }
    return Poll::Ok;
  }

  plugin::Answer act(const plugin::Action& action) { return provider_->act(action); }
  plugin::Proof prove(const plugin::Probe& probe) { return provider_->proof(probe); }
  void list_sessions(const plugin::SessionList& list) {
    provider_->list(
        [&](const LiveSession& session) {
          // Not every provider has both.
          std::vector<plugin::Identifier> names;
          if (!session.user_name.empty())
            names.push_back({name_space_of(settings_, session.user_name, provider_->name_space_of_logins()),
                             session.user_name});
          if (!session.subject.empty())
            names.push_back({provider_->name_space_of_subjects(), session.subject});
          return list.add({.session = host_.digest(session.id),
                           .handle = session.handle,
                           .identifiers = names,
                           .started_at = session.started_at,
                           .last_activity_at = session.last_activity_at});
        },
        host_.now() + longest_listing);
  }

  plugin::HttpAnswer http(const plugin::HttpRequest& request) {
    if (auto answer = provider_->receive(request, [this](const auto& sightings, const auto& memories) {
          for (const Sighting& one : sightings) keep(one);
          for (const Memory& one : memories) keep(one);
        }))
      return std::move(*answer);
    if (!receiver_ || request.path != logout_path || request.method != "POST") return {.status = 404};
    plugin::HttpAnswer answer = receiver_->answer(
        request, [this](const LogoutToken& said, const std::string& id) { take_logout(said, id); });
    if (answer.status >= 400)
      host_.log(plugin::Level::Warning,
                "a back-channel logout was answered " + std::to_string(answer.status) + ": " + answer.body);
    return answer;
  }

  // Its texts are the provider's; outside there are digests, and the person's name as all else tells it.
  plugin::TokenAnswer introspect(const plugin::PresentedToken& presented) {
    if (!introspector_) throw plugin::Failure(plugin::Code::Unsupported, "introspection is not configured");
    const Introspected said = introspector_->ask(presented.token, presented.deadline);
    plugin::TokenAnswer answer;
    answer.state = said.state;
    if (said.state != plugin::TokenState::Active) return answer;
    if (!said.session.empty()) answer.session = session_called(said.session);
    if (!said.id.empty()) answer.id = host_.digest(said.id);
    if (!said.subject.empty()) {
      const PersonNaming naming = provider_->person_in_tokens();
      answer.name_space = naming.name_space;
      answer.subject = naming.prefix + said.subject;
    }
    answer.issued_at = said.issued_at;
    answer.expires_at = said.expires_at;
    return answer;
  }
  plugin::Answer revoke_presented(const plugin::PresentedToken& presented) {
    if (!introspector_ || !introspector_->settings().revoke)
      return {plugin::Code::Unsupported, "introspection.revoke is not set"};
    return introspector_->revoke(presented.token, presented.deadline);
  }

  void wake() noexcept {
    waker_.wake();
    provider_->wake();
    recorded_poll_.wake();
  }
  void stop() {
    if (recorded_) recorded_->cancel();
    recorded_poll_.stop();
    if (introspector_) introspector_->stop();
    provider_->stop();
  }

 private:
  static constexpr std::string_view logout_path = "/back-channel-logout";
  static constexpr std::string_view logout_prefix = "logout/";

  static std::unique_ptr<Provider> make_provider(const OauthSettings& settings, Ground ground) {
    if (settings.provider.empty()) return logs::make_log_provider();
    if (settings.provider == "oidc") return oidc::make_oidc(settings, std::move(ground));
    if (settings.provider == "entra") return entra::make_entra(settings, std::move(ground));
    if (settings.provider == "business_central")
      return business_central::make_business_central(settings, std::move(ground));
    if (settings.provider == "okta") return okta::make_okta(settings, std::move(ground));
    if (settings.provider == "auth0") return auth0::make_auth0(settings, std::move(ground));
    if (settings.provider == "authentik") return authentik::make_authentik(settings, std::move(ground));
    if (settings.provider == "shared_signals")
      return shared_signals::make_shared_signals(settings, std::move(ground));
    return keycloak::make_keycloak(settings, std::move(ground));
  }

  // By its name among the provider's other tellings, which it has as long as it lives; then by what we know.
  plugin::SessionDigest session_called(const std::string& name) {
    Sighting seen;
    seen.session = name;
    provider_->complete(seen);
    const plugin::SessionDigest called = host_.digest(name);
    if (seen.session.empty() || seen.session == name)
      return session_names_.find(called, host_.now()).value_or(called);
    const plugin::SessionDigest session = host_.digest(seen.session);
    if (session_names_.know(called, session, host_.now())) waker_.wake();  // poll alone may keep it
    return session;
  }

  // False when the host wants to stop.
  bool keep_session_names(Time deadline) {
    do {
      const std::vector<Memory> news = session_names_.take_news(host_.now());
      for (const Memory& one : news) {
        if (!remember(one)) return false;
      }
      if (news.empty()) return true;
    } while (host_.now() < deadline);
    return true;
  }

  void tell_gate_rules() {
    if (!gate_tokens_ && !introspector_) return;
    host_.gate_rules(gate_rules(gate_tokens_ ? &*gate_tokens_ : nullptr,
                                introspector_ ? &introspector_->settings() : nullptr, sign_out_link_));
  }

  // Once it is known the gate offers it; until then it refuses without it.
  void find_sign_out_link(Time deadline) {
    if (!settings_.provider_sign_out || !sign_out_link_.empty() || host_.now() < find_link_at_) return;
    find_link_at_ = host_.now() + find_link_every;
    try {
      if (!discovery_) discovery_.emplace(settings_.server, provider_->issuer());
      sign_out_link_ =
          link_of(*settings_.provider_sign_out, discovery_->endpoint("end_session_endpoint", deadline));
      tell_gate_rules();
    } catch (const plugin::Failure& failed) {
      if (failed.what() != link_failure_)
        host_.log(plugin::Level::Warning,
                  std::string("the gate can't offer the provider's own sign-out: ") + failed.what());
      link_failure_ = failed.what();
    }
  }

  // What can't be had now is asked for again, and the last keys stay with the gate meanwhile.
  void tell_gate_keys(Time deadline) {
    std::string failure;
    try {
      if (const auto jwks = gate_tokens_->keys_if_new(host_.gate_keys_wanted(), deadline))
        host_.gate_keys(*jwks);
    } catch (const plugin::Failure& failed) {
      failure = failed.what();
    }
    if (failure != keys_failure_ && !failure.empty())
      host_.log(plugin::Level::Warning, "the gate's keys can't be renewed: " + failure);
    keys_failure_ = std::move(failure);
  }

  // The session's end, or the end of all that the person has at this provider; and that the token was here.
  void take_logout(const LogoutToken& said, const std::string& id) {
    Sighting seen;
    seen.type = plugin::Type::SignOut;
    // `iat` is the beginning of its second; what began within it ended within it too.
    seen.at = std::min(said.issued_at + std::chrono::microseconds(999'999), host_.now());
    seen.key = std::string(logout_prefix) + id;
    seen.session = said.session;
    seen.subject = said.subject;
    seen.end_reason = plugin::EndReason::SignedOut;
    seen.application = said.audience;
    provider_->complete(seen);
    const Time until = said.good_until;
    keep(seen);
    keep(Memory{.key = seen.key, .value = std::to_string(until.time_since_epoch().count()), .until = until});
  }

  void keep(const Sighting& sighting) {
    if (!emit(sighting)) throw plugin::Failure(plugin::Code::Unavailable, "Curfew is stopping");
  }
  void keep(const Memory& memory) {
    if (!remember(memory)) throw plugin::Failure(plugin::Code::Unavailable, "Curfew is stopping");
  }

  Poll poll_recorded(Time deadline) {
    return recorded_poll_.until(
        deadline, *recorded_, outbox_,
        [this](const Sighting& sighting) {
          if (sighting.account_type != plugin::AccountType::Unknown) return emit(sighting);
          Sighting known = sighting;
          known.account_type =
              account_type_of(settings_, sighting.names.empty() || !sighting.user_name.empty()
                                             ? sighting.user_name
                                             : sighting.names.front().value);
          return emit(known);
        },
        [this] {
          const logs::LogInput sum = recorded_->coverage().sum();
          return files::RecordedEnd{recorded_->coverage().to_json(), sum.filtered_total(), sum.unreadable};
        });
  }

  // False when the host wants to stop: what it did not take is read again after the next start.
  bool hand_over(const Batch& batch) {
    for (const Sighting& sighting : batch.sightings) {
      if (!emit(sighting)) return false;
    }
    for (const Memory& memory : batch.memories) {
      if (!remember(memory)) return false;
    }
    for (const Advance& one : batch.advances) {
      if (host_.progress({.name = one.name,
                          .value = one.value,
                          .read = one.read,
                          .filtered = one.filtered,
                          .unreadable = one.unreadable,
                          .observed_until = one.observed_until,
                          .caught_up = one.caught_up}) == Emitted::Stopping)
        return false;
    }
    if (batch.cursor.empty()) return true;
    return host_.progress({.name = "events",
                           .value = batch.cursor,
                           .read = batch.read,
                           .filtered = batch.filtered,
                           .unreadable = batch.unreadable,
                           .observed_until = batch.observed_until,
                           .caught_up = batch.caught_up}) != Emitted::Stopping;
  }

  bool remember(const Memory& memory) {
    return host_.remember(memory.key, memory.value, memory.until) != Emitted::Stopping;
  }

  bool emit(const Sighting& sighting) {
    plugin::Observation seen;
    seen.type = sighting.type;
    seen.occurred_at = sighting.at;
    seen.key = sighting.key;
    if (!sighting.session.empty()) seen.session = host_.digest(sighting.session);
    seen.handle = sighting.handle;
    // The first is who it is, where the source may not teach that two names are one person.
    seen.identify(name_space_of(settings_, sighting.user_name, provider_->name_space_of_logins()),
                  sighting.user_name);
    seen.identify(provider_->name_space_of_subjects(), sighting.subject);
    for (const SightingName& name : sighting.names) seen.identify(name.name_space, name.value);
    seen.account_type = sighting.account_type;
    seen.auth_method = sighting.auth_method;
    seen.interactivity = sighting.interactivity;
    seen.end_reason = sighting.end_reason;
    seen.end_inferred = sighting.end_inferred;
    seen.fresh_credentials = sighting.fresh_credentials;
    seen.machine = sighting.machine;
    seen.factors = sighting.factors;
    seen.count = sighting.count;
    seen.device = sighting.device;
    seen.address = sighting.address;
    seen.user_agent = sighting.user_agent;
    seen.application = sighting.application;
    seen.failure = sighting.failure;
    return host_.emit(seen) != Emitted::Stopping;  // what is refused, the host counts
  }

  plugin::Host& host_;
  OauthSettings settings_;
  bool is_recorded_;
  bool is_trial_;
  plugin::Waker waker_;
  std::unique_ptr<Provider> provider_;
  std::optional<IssuerKeys> keys_;
  std::optional<Receiver> receiver_;
  std::optional<GateTokens> gate_tokens_;
  std::string keys_failure_;  // that was told last
  std::optional<Introspector> introspector_;
  SessionNames session_names_;
  std::optional<oidc::Discovery> discovery_;
  std::string sign_out_link_;
  std::string link_failure_;  // that was told last
  Time find_link_at_{};
  std::optional<logs::RecordedLogs> recorded_;
  files::RecordedPoll recorded_poll_;
  files::Outbox<Sighting> outbox_;
  Time next_poll_{};
  Time coverage_at_{};
};

}  // namespace
}  // namespace curfew::oauth

CURFEW_CONNECTOR(curfew::oauth::Oauth);
