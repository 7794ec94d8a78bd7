#include "plugins/oauth/providers/keycloak/keycloak.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "plugins/oauth/orders.hpp"
#include "plugins/oauth/providers/keycloak/accounts.hpp"
#include "plugins/oauth/providers/keycloak/cursor.hpp"
#include "plugins/oauth/providers/keycloak/event_reader.hpp"
#include "plugins/oauth/providers/keycloak/realm_facts.hpp"
#include "plugins/oauth/providers/keycloak/sessions.hpp"

namespace curfew::oauth::keycloak {
namespace {

using plugin::Answer;
using plugin::Code;
using plugin::Duration;
using plugin::Failure;
using plugin::Liveness;
using plugin::Step;
using plugin::Time;
using namespace std::chrono_literals;

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

// Probes come without names: whose session it is stands in its handle.
std::string handle_of(const std::string& session, const std::string& user) { return session + "/" + user; }

struct Target {
  std::string session;  // empty: it is none of the person's
  std::string user;
};

struct Options {
  std::string realm;
  std::string issuer;
  bool admin_events = true;
  std::size_t page = 200;
  std::optional<Duration> access_token_lifespan;
};

Options options_of(const web::Setting& own) {
  own.only({"realm", "issuer", "admin_events", "page_size", "access_token_lifespan"});
  Options options{.realm = own.text("realm"),
                  .issuer = own.text("issuer", ""),
                  .admin_events = own.flag("admin_events", true)};
  const int page = own.number("page_size", 200);
  if (page < 1 || page > 10'000) web::invalid(own.at("page_size") + " must be from 1 to 10000");
  options.page = static_cast<std::size_t>(page);
  if (own.has("access_token_lifespan"))
    options.access_token_lifespan = own.duration("access_token_lifespan", Duration{});
  return options;
}

class Keycloak final : public Provider {
 public:
  Keycloak(const OauthSettings& settings, Ground ground, web::RetryTerms terms)
      : options_(options_of(settings.own)),
        settings_(settings),
        ground_(std::move(ground)),
        prefix_((options_.issuer.empty()
                     ? without_slash(settings.server.url) + "/realms/" + web::percent_encoded(options_.realm)
                     : options_.issuer) +
                "#"),
        path_("/admin/realms/" + web::percent_encoded(options_.realm)),
        api_(settings.server,
             "/realms/" + web::percent_encoded(options_.realm) + "/protocol/openid-connect/token",
             settings.client, terms),
        facts_(api_, path_, settings.client.id, !options_.access_token_lifespan),
        sessions_(api_, path_),
        reader_(api_, facts_, ground_,
                {.realm = options_.realm,
                 .path = path_,
                 .admin_events = options_.admin_events,
                 .page = options_.page,
                 .arrival_delay = settings.arrival_delay,
                 .history = settings.history}),
        orders_(ground_.now, ground_.digest) {}

  [[nodiscard]] std::string issuer() const override { return prefix_.substr(0, prefix_.size() - 1); }
  void resume(const std::string& cursor) override {
    if (!settings_.journal.empty()) accounts_.emplace(api_, path_, settings_.journal, ground_.source);
    reader_.resume(cursor);
    if (cursor.empty()) return;
    // One that is stored late was not read then.
    const Time polled{std::chrono::milliseconds(read_cursor(cursor).polled)};
    orders_.resume(polled - settings_.arrival_delay);
  }
  void recall(std::string_view key, std::string_view value) override { orders_.recall(key, value); }

  [[nodiscard]] Batch since(Time deadline) override {
    Batch batch = reader_.read(deadline);
    if (!batch.cursor.empty()) batch.memories = orders_.take_news();
    // What an order ended is no news; the probe proves it.
    batch.filtered += std::erase_if(batch.sightings, [&](const Sighting& seen) {
      return seen.type == plugin::Type::Revoked && orders_.knows(seen.session, seen.subject);
    });
    for (Sighting& seen : batch.sightings) {
      if (seen.account_type == plugin::AccountType::Unknown)
        seen.account_type = account_type_of(settings_, seen.user_name);
      complete(seen);
    }
    return batch;
  }

  void complete(Sighting& seen) override {
    // Nor is a sign-out a proof then: it would not wait for the tokens.
    if (seen.type == plugin::Type::SignOut &&
        orders_.may_have_ended(seen.session, seen.subject, seen.at, facts_.clock_ahead()))
      seen.end_inferred = true;
    if (!seen.session.empty() && !seen.subject.empty()) seen.handle = handle_of(seen.session, seen.subject);
    if (!seen.subject.empty()) seen.subject = prefix_ + seen.subject;
  }

  [[nodiscard]] std::string coverage() const override {
    const EventsConfig config = facts_.events();
    nlohmann::json not_saved = nlohmann::json::array();
    for (const std::string_view type : user_event_types()) {
      if (config.is_read && !config.types.contains(std::string(type))) not_saved.push_back(type);
    }
    const auto longest = token_window();
    return nlohmann::json{
        {"provider", "keycloak"},
        {"realm", options_.realm},
        {"events_saved", config.user_events},
        {"events_not_saved", std::move(not_saved)},
        {"events_kept_seconds", config.expiration},
        {"admin_events_read", config.admin_events && options_.admin_events},
        {"admin_events_have_details", config.admin_details},
        {"clock_ahead_seconds",
         std::chrono::duration_cast<std::chrono::seconds>(facts_.clock_ahead()).count()},
        {"access_tokens_accepted_for_seconds",
         longest ? nlohmann::json(std::chrono::duration_cast<std::chrono::seconds>(*longest).count())
                 : nlohmann::json()},
        {"throttled", api_.throttled()},
        {"gaps", reader_.gaps()}}
        .dump();
  }

  [[nodiscard]] Answer act(const plugin::Action& action) override {
    try {
      return carry_out(action);
    } catch (const Failure& failure) {
      return {failure.code(), failure.what()};
    }
  }

  [[nodiscard]] Liveness prove(const plugin::Probe& probe) override {
    const auto [id, user] = target_of(probe.handle, probe.session, probe.identifiers, probe.deadline);
    if (user.empty())
      throw Failure(Code::NotFound, "whose session it is isn't known any more: its handle was erased");
    if (id.empty())
      throw Failure(Code::NotFound,
                    "no session of this person at Keycloak is this one, and its handle was erased");
    // Also what a killed process had not remembered.
    if (probe.ordered_at != Time{}) orders_.note(id);
    const auto gone_for = sessions_.gone_for(id, user, probe.deadline);
    if (!gone_for) return Liveness::Alive;
    const auto window = token_window();
    if (!window)
      throw Failure(
          Code::Unavailable,
          "the session is gone; how long access tokens from before are accepted is not known yet: it was "
          "not read, and access_token_lifespan is not set");
    // Until then a token that was given out at the last moment is accepted by who doesn't ask Keycloak.
    return *gone_for >= *window ? Liveness::Dead : Liveness::Alive;
  }

  void list(const std::function<bool(const LiveSession&)>& each, Time deadline) override {
    sessions_.all(
        [&](const LiveSession& session) {
          LiveSession named = session;
          if (!named.subject.empty()) {
            named.handle = handle_of(named.id, named.subject);
            named.subject = prefix_ + named.subject;
          }
          return each(named);
        },
        deadline);
  }

  void stop() override { api_.stop(); }

 private:
  [[nodiscard]] std::optional<Duration> token_window() const {
    const auto longest =
        options_.access_token_lifespan ? options_.access_token_lifespan : facts_.longest_access_token();
    if (!longest) return std::nullopt;
    return *longest == Duration{} ? Duration{} : *longest + settings_.clock_skew;
  }

  // By the handle; where it was erased, by the digest among the person's sessions. Another realm's subject is
  // another person.
  [[nodiscard]] Target target_of(std::string_view handle, const plugin::SessionDigest& digest,
                                 const std::vector<plugin::Identifier>& identifiers, Time deadline) {
    Target target;
    const std::size_t slash = handle.find('/');
    target.session = handle.substr(0, slash);
    if (slash != std::string_view::npos) target.user = handle.substr(slash + 1);
    for (const plugin::Identifier& one : identifiers) {
      if (target.user.empty() && one.name_space == subject_namespace && one.value.starts_with(prefix_))
        target.user = one.value.substr(prefix_.size());
    }
    if (!target.session.empty() || target.user.empty() || digest == plugin::SessionDigest{}) return target;
    for (const LiveSession& session : sessions_.of_user(target.user, deadline)) {
      if (ground_.digest(session.id) == digest) target.session = session.id;
    }
    return target;
  }

  Answer carry_out(const plugin::Action& action) {
    const auto [id, user] = target_of(action.handle, action.session, action.identifiers, action.deadline);
    const AccountOrder order{
        .session = plugin::to_hex(action.session.bytes),
        .until = action.revert_after > Duration{} ? ground_.now() + action.revert_after : Time{}};
    switch (action.step) {
      case Step::CancelSession:
      case Step::SignOutSession:
        if (action.revert) return {Code::Unsupported, "a session that was ended can't be given back"};
        if (id.empty()) return {Code::NotFound, "no session of this person at Keycloak is this one"};
        orders_.note(id);
        return action.step == Step::CancelSession ? sessions_.end_online(id, action.deadline)
                                                  : sessions_.end(id, action.deadline);
      case Step::RevokeTokens:
        if (action.revert) return {Code::Unsupported, "tokens that were revoked can't be given back"};
        if (user.empty()) return {Code::NotFound, no_name};
        orders_.note(user);
        return sessions_.revoke_tokens_of(user, action.deadline);
      case Step::SignOutSubject:
        if (action.revert) return {Code::Unsupported, "sessions that were ended can't be given back"};
        if (user.empty()) return {Code::NotFound, no_name};
        orders_.note(user);
        return sessions_.end_all_of(user, action.deadline);
      case Step::BlockSignIn:
        if (!action.revert && action.revert_after == Duration{})
          return {Code::Refused,
                  "block_sign_in is for a time: give the step revert_after, or use disable_account to "
                  "disable for "
                  "good"};
        [[fallthrough]];
      case Step::DisableAccount:
        return change_account(action, user, order);
      default:
        return {Code::Unsupported, "Keycloak has no such step"};
    }
  }

  // Disabled, the sessions of an account still stand in Keycloak's lists, and live again with it.
  Answer change_account(const plugin::Action& action, const std::string& user, const AccountOrder& order) {
    if (!accounts_) return {Code::Unsupported, "no journal is configured: accounts are not changed"};
    if (user.empty()) return {Code::NotFound, no_name};
    if (action.revert) return accounts_->enable(user, order, action.deadline);
    orders_.note(user);
    Answer disabled = accounts_->disable(user, order, action.deadline);
    if (disabled.code != Code::Ok && disabled.code != Code::NotFound) return disabled;
    const Answer ended = sessions_.end_all_of(user, action.deadline);
    if (ended.code == Code::Ok) disabled.text += "; " + ended.text;
    return disabled;
  }

  static constexpr const char* no_name = "the person has no name of this realm (oidc_subject of its issuer)";

  Options options_;
  OauthSettings settings_;
  Ground ground_;
  std::string prefix_;  // of a subject: the issuer and #
  std::string path_;
  AdminApi api_;
  RealmFacts facts_;
  Sessions sessions_;
  std::optional<Accounts> accounts_;
  EventReader reader_;
  OrdersAtWork orders_;
};

}  // namespace

std::unique_ptr<Provider> make_keycloak(const OauthSettings& settings, Ground ground, web::RetryTerms terms) {
  return std::make_unique<Keycloak>(settings, std::move(ground), terms);
}

}  // namespace curfew::oauth::keycloak
