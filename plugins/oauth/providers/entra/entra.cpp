#include "plugins/oauth/providers/entra/entra.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "plugins/oauth/changes.hpp"
#include "plugins/oauth/providers/entra/hub_reader.hpp"
#include "plugins/oauth/providers/entra/hub_settings.hpp"
#include "plugins/oauth/providers/entra/people.hpp"
#include "plugins/oauth/providers/entra/sign_in_reader.hpp"

namespace curfew::oauth::entra {
namespace {

using plugin::Answer;
using plugin::Code;
using plugin::Duration;
using plugin::Failure;
using plugin::Liveness;
using plugin::Step;
using plugin::Time;
using web::invalid;
using namespace std::chrono_literals;

// How far back sign-ins are looked through for a proof; Entra keeps them at least so long.
constexpr Duration longest_look_back = std::chrono::hours(7 * 24);

const char* const is_external =
    "the person is an external user (guest): sign-ins are their home tenant's, and Entra revokes and blocks "
    "nothing "
    "of them here; have it done at the home tenant";
const char* const no_name = "the person has no object id of this tenant (entra_object)";

struct Options {
  std::string tenant;
  std::string authority;
  std::string scope;
  bool all = false;
  std::size_t page = 500;
  Duration settle = 5min;
  Duration access_token_lifetime = 90min;
  Duration revocation_delay = 5min;
  bool audits = true;
  std::string group;    // that suspend_access leaves; empty: it is not there
  std::string licence;  // that it takes, by its skuId
  std::optional<kafka::ServerSettings> hub;
};

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

Duration duration_in(const web::Setting& own, const std::string& key, Duration fallback, Duration most) {
  const Duration value = own.duration(key, fallback);
  if (value > most)
    invalid(own.at(key) + " may be " +
            std::to_string(std::chrono::duration_cast<std::chrono::minutes>(most).count()) + "m at most");
  return value;
}

bool is_tenant(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

// The secret goes there.
std::string authority_in(const web::Setting& own) {
  std::string authority = without_slash(own.text("authority", "https://login.microsoftonline.com"));
  const bool is_near = authority.starts_with("http://127.") || authority.starts_with("http://localhost") ||
                       authority.starts_with("http://[::1]");
  if (!authority.starts_with("https://") && !is_near) invalid(own.at("authority") + " must be https://…");
  return authority;
}

// What suspend_access takes away: the membership of a group, or a licence.
void take_suspension(const web::Setting& own, const std::string& journal, Options& options) {
  const auto given = own.inner("suspend_access");
  if (!given) return;
  given->only({"group", "licence"});
  options.group = given->text("group", "");
  options.licence = given->text("licence", "");
  if (options.group.empty() == options.licence.empty())
    invalid(given->path() + " must have a group or a licence, and not both");
  if (!options.group.empty() && !is_object_id(options.group))
    invalid(given->at("group") + " must be a group's object id");
  if (!options.licence.empty() && !is_object_id(options.licence))
    invalid(given->at("licence") + " must be a licence's skuId");
  if (journal.empty())
    invalid("journal is missing: without it nobody knows who has to get back what " + given->path() +
            " took");
}

void take_hub(const web::Setting& own, Options& options) {
  const auto given = own.inner("event_hub");
  if (!given) return;
  if (own.has("signins") && !options.all)
    invalid(own.at("signins") + " must be all with event_hub: the hub has them all");
  options.all = true;
  options.hub = hub_settings(*given);
}

Options options_of(const OauthSettings& settings) {
  const web::Setting& own = settings.own;
  own.only({"tenant", "authority", "scope", "signins", "page_size", "settle", "access_token_lifetime",
            "revocation_delay", "suspend_access", "event_hub", "audits"});
  const std::string url = without_slash(settings.server.url);
  if (url.ends_with("/v1.0") || url.ends_with("/beta"))
    invalid("url must be without Graph's version: https://graph.microsoft.com");
  Options options{.tenant = own.text("tenant"),
                  .authority = authority_in(own),
                  .scope = own.text("scope", url + "/.default")};
  take_suspension(own, settings.journal, options);
  if (!is_tenant(options.tenant)) invalid(own.at("tenant") + " must be the tenant's id or a domain of it");
  const std::string signins = own.text("signins", "interactive");
  if (signins != "interactive" && signins != "all")
    invalid(own.at("signins") + " must be interactive or all");
  options.all = signins == "all";
  take_hub(own, options);
  options.audits = own.flag("audits", true);
  const int page = own.number("page_size", 500);
  if (page < 10 || page > 1000) invalid(own.at("page_size") + " must be from 10 to 1000");
  options.page = static_cast<std::size_t>(page);
  options.settle = duration_in(own, "settle", options.settle, 1h);
  options.access_token_lifetime =
      duration_in(own, "access_token_lifetime", options.access_token_lifetime, 28h);
  options.revocation_delay = duration_in(own, "revocation_delay", options.revocation_delay, 1h);
  return options;
}

GraphApi::Options api_of(const OauthSettings& settings, const Options& options, web::RetryTerms terms) {
  GraphApi::Options api{.server = settings.server,
                        .authority = settings.server,
                        .token_path = "/" + options.tenant + "/oauth2/v2.0/token",
                        .credentials = settings.client,
                        .terms = terms};
  api.authority.url = options.authority;
  api.credentials.scope = options.scope;
  api.credentials.token_endpoint = options.authority + api.token_path;
  return api;
}

std::int64_t seconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

class Entra final : public Provider {
 public:
  Entra(const OauthSettings& settings, Ground ground, web::RetryTerms terms)
      : options_(options_of(settings)),
        settings_(settings),
        ground_(std::move(ground)),
        api_(api_of(settings, options_, terms)),
        people_(api_),
        reader_(api_, ground_, reading(sign_in_log(options_.all))) {
    if (options_.audits) audits_.emplace(api_, ground_, reading(audit_log(settings_.client.id)));
    if (options_.hub)
      hub_.emplace(HubReader::Options{.server = *options_.hub,
                                      .own_client = settings_.client.id,
                                      .arrival_delay = settings_.arrival_delay,
                                      .clock_skew = settings_.clock_skew,
                                      .history = settings_.history,
                                      .check_every = settings_.poll_every},
                   ground_);
  }

  [[nodiscard]] std::string issuer() const override {
    return options_.authority + "/" + options_.tenant + "/v2.0";
  }
  [[nodiscard]] std::string_view name_space_of_subjects() const override { return object_namespace; }
  // `sub` is another one for each application.
  [[nodiscard]] PersonNaming person_in_tokens() const override {
    return {.claim = "oid", .name_space = std::string(object_namespace), .prefix = {}};
  }

  void resume(const std::string& cursor) override {
    if (!settings_.journal.empty()) changes_.emplace(settings_.journal, ground_.source);
    reader_.resume(cursor);
    if (audits_ && ground_.cursor) audits_->resume(ground_.cursor(audit_cursor).value_or(""));
    if (hub_) hub_->resume();
  }

  // In turns: sign-ins to their end, then the directory's audits to theirs.
  [[nodiscard]] Batch since(Time deadline) override {
    if (audits_ && is_turn_of_audits()) return read_audits(deadline);
    Batch batch = hub_ ? hub_->read(deadline) : reader_.read(deadline);
    if (audits_ && !hub_ && batch.caught_up) batch.again = audits_are_next_ = true;
    for (Sighting& seen : batch.sightings) seen.account_type = account_type_of(settings_, seen.user_name);
    return batch;
  }
  // It sends none.
  void complete(Sighting& /*logout*/) override {}

  [[nodiscard]] std::string coverage() const override {
    nlohmann::json shows_not{"sign_outs", "ends of sessions", "activity", "which sessions live"};
    if (!options_.all) shows_not.push_back("sign-ins that clients do on their own");
    if (!audits_) shows_not.push_back("changes of accounts and passwords");
    nlohmann::json hub;
    if (hub_)
      hub = {{"hub", options_.hub->topic},
             {"partitions", hub_->partitions()},
             {"messages_behind", hub_->behind()},
             {"of_services_or_other_logs_left_out", hub_->others()},
             {"throttled", hub_->throttled()}};
    return nlohmann::json{
        {"provider", "entra"},
        {"event_hub", std::move(hub)},
        {"audits", audits_.has_value()},
        {"tenant", options_.tenant},
        {"signins", options_.all ? "all" : "interactive"},
        {"sessions_are", options_.all ? "Entra's; a sign-in without a session id is one of its own"
                                      : "sign-ins: one browser or device may have several"},
        {"shows_not", std::move(shows_not)},
        {"lists_sessions", false},
        {"clock_ahead_seconds", seconds(api_.clock_ahead())},
        {"access_tokens_accepted_for_seconds", seconds(token_window())},
        {"interrupts_left_out", reader_.interrupts()},
        {"throttled", api_.throttled()},
        {"gaps", reader_.gaps() + (audits_ ? audits_->gaps() : 0) + (hub_ ? hub_->gaps() : 0)}}
        .dump();
  }

  [[nodiscard]] Answer act(const plugin::Action& action) override {
    try {
      return carry_out(action);
    } catch (const Failure& failure) {
      return {failure.code(), failure.what()};
    }
  }

  // Graph knows no session. It knows since when a person's tokens count, and what was signed in since.
  [[nodiscard]] Liveness prove(const plugin::Probe& probe) override {
    const Handle handle = read_handle(probe.handle);
    if (handle.user.empty())
      throw Failure(Code::NotFound, "whose session it is isn't known any more: its handle was erased");
    const Person person = people_.find(handle.user, probe.deadline);
    if (!person.exists)
      throw Failure(
          Code::NotFound,
          "the tenant has no such person any more: since when their tokens are refused isn't shown");
    if (person.is_external) throw Failure(Code::Unsupported, is_external);
    if (!person.valid_from) return Liveness::Alive;
    const Time now = person.asked_at != Time{} ? person.asked_at : ground_.now();
    const Duration since = now - *person.valid_from;
    // Until then an access token that was given out at the last moment is accepted: no application asks Entra
    // about one. Of what is long ago, the sign-ins that came after it can't be shown any more.
    if (since < token_window() || since > longest_look_back) return Liveness::Alive;
    return was_given_tokens_after(handle, *person.valid_from, probe.deadline) ? Liveness::Alive
                                                                              : Liveness::Dead;
  }

  void list(const std::function<bool(const LiveSession&)>& /*each*/, Time /*deadline*/) override {
    throw Failure(Code::Unsupported, "Microsoft Graph lists no sessions");
  }

  void stop() override {
    api_.stop();
    wake();
  }
  void wake() noexcept override {
    if (hub_) hub_->wake();
  }

 private:
  static constexpr const char* audit_cursor = "audits";

  [[nodiscard]] SignInReader::Options reading(GraphLog log) const {
    return {.log = std::move(log),
            .page = options_.page,
            .arrival_delay = settings_.arrival_delay,
            .settle = options_.settle,
            .history = settings_.history};
  }

  // A hub is waited for as long as there is nothing else to do.
  [[nodiscard]] bool is_turn_of_audits() const {
    return hub_ ? ground_.now() >= audits_at_ : audits_are_next_;
  }

  // What it can't read (it has no permission) must not keep the sign-ins.
  Batch read_audits(Time deadline) {
    audits_are_next_ = false;
    audits_at_ = ground_.now() + settings_.poll_every;
    Batch batch = audits_->read(deadline);
    for (Sighting& seen : batch.sightings) seen.account_type = account_type_of(settings_, seen.user_name);
    if (!batch.caught_up) {
      audits_are_next_ = true;
      audits_at_ = Time{};
    }
    batch.again = hub_.has_value();
    // No statement about time: sign-ins come by another way.
    if (!batch.cursor.empty())
      batch.advances.push_back({.name = audit_cursor,
                                .value = std::exchange(batch.cursor, {}),
                                .read = std::exchange(batch.read, 0),
                                .filtered = std::exchange(batch.filtered, 0),
                                .unreadable = std::exchange(batch.unreadable, 0)});
    return batch;
  }

  // After a revocation: until it is in effect, and then as long as the last access token; and until the logs
  // of that time have come.
  [[nodiscard]] Duration token_window() const {
    return std::max(options_.access_token_lifetime + settings_.clock_skew + options_.revocation_delay,
                    settings_.arrival_delay + options_.settle);
  }

  // A sign-in may have begun before it and ended after; what a client was given until it was in effect does
  // not outlive the window.
  [[nodiscard]] bool was_given_tokens_after(const Handle& handle, Time valid_from, Time deadline) const {
    const Duration delay = std::max<Duration>(options_.revocation_delay, 1s);
    const std::vector<SignInRecord> records = reader_.of_person(handle.user, valid_from - delay, deadline);
    return std::any_of(records.begin(), records.end(), [&](const SignInRecord& one) {
      return one.succeeded && one.session == handle.session &&
             (one.interactive ? one.at > valid_from - delay : one.at > valid_from + delay);
    });
  }

  // By the handle; where it was erased, by the names.
  [[nodiscard]] static std::string user_of(const plugin::Action& action) {
    const Handle handle = read_handle(action.handle);
    if (!handle.user.empty()) return handle.user;
    for (const plugin::Identifier& one : action.identifiers) {
      if (one.name_space == object_namespace && is_object_id(one.value)) return std::string(one.value);
    }
    return {};
  }

  Answer carry_out(const plugin::Action& action) {
    const std::string user = user_of(action);
    switch (action.step) {
      case Step::CancelSession:
      case Step::SignOutSession:
        return {Code::Unsupported,
                "Microsoft Graph can't end one session, only all of a person's: take "
                "revoke_tokens or sign_out_subject"};
      case Step::RevokeTokens:
      case Step::SignOutSubject:
        if (action.revert) return {Code::Unsupported, "sessions that were ended can't be given back"};
        if (user.empty()) return {Code::NotFound, no_name};
        if (auto refusal = refusal_of(user, action.deadline)) return *std::move(refusal);
        return revoke(user, action.deadline);
      case Step::SuspendAccess:
        if (!options_.licence.empty())
          return change(action, user, user + "/licence/" + options_.licence,
                        people_.licence(user, options_.licence, action.deadline));
        if (options_.group.empty())
          return {Code::Unsupported, "no group and no licence is configured (entra.suspend_access)"};
        return change(action, user, user + "/member/" + options_.group,
                      people_.membership(user, options_.group, action.deadline));
      case Step::BlockSignIn:
        if (!action.revert && action.revert_after == Duration{})
          return {Code::Refused,
                  "block_sign_in is for a time: give the step revert_after, or use disable_account to "
                  "disable for "
                  "good"};
        [[fallthrough]];
      case Step::DisableAccount:
        return disable(action, user);
      default:
        return {Code::Unsupported, "Microsoft Entra has no such step"};
    }
  }

  [[nodiscard]] std::optional<Answer> refusal_of(const std::string& user, Time deadline) {
    const Person person = people_.find(user, deadline);
    if (!person.exists) return Answer{Code::NotFound, "the tenant has no such person"};
    if (person.is_external) return Answer{Code::Refused, is_external};
    return std::nullopt;
  }

  Answer revoke(const std::string& user, Time deadline) {
    if (!people_.revoke(user, deadline)) return {Code::NotFound, "the tenant has no such person"};
    return {Code::Ok,
            "all refresh tokens and browser sessions of the person are revoked, in effect within minutes; "
            "access tokens from before live until they expire"};
  }

  Answer change(const plugin::Action& action, const std::string& user, const std::string& key,
                const Switch& what) {
    if (!changes_) return {Code::Unsupported, "no journal is configured: nothing is changed"};
    if (user.empty()) return {Code::NotFound, no_name};
    const ChangeOrder order = change_order(action, ground_.now());
    // What was done is undone whatever the person has become since.
    if (action.revert) return changes_->on(key, order, what);
    if (auto refusal = refusal_of(user, action.deadline)) return *std::move(refusal);
    return changes_->off(key, order, what);
  }

  // Of an account that is enabled again the refresh tokens from before would count again.
  Answer disable(const plugin::Action& action, const std::string& user) {
    Answer disabled = change(action, user, user + "/enabled", people_.account(user, action.deadline));
    if (action.revert || user.empty() || (disabled.code != Code::Ok && disabled.code != Code::NotFound))
      return disabled;
    const Answer ended = revoke(user, action.deadline);
    if (ended.code == Code::Ok) disabled.text += "; " + ended.text;
    return disabled;
  }

  Options options_;
  OauthSettings settings_;
  Ground ground_;
  GraphApi api_;
  People people_;
  std::optional<Changes> changes_;
  SignInReader reader_;  // with a hub for proofs alone
  std::optional<SignInReader> audits_;
  std::optional<HubReader> hub_;
  bool audits_are_next_ = false;
  Time audits_at_{};
};

}  // namespace

std::unique_ptr<Provider> make_entra(const OauthSettings& settings, Ground ground, web::RetryTerms terms) {
  return std::make_unique<Entra>(settings, std::move(ground), terms);
}

}  // namespace curfew::oauth::entra
