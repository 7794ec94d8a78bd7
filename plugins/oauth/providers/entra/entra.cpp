#include "plugins/oauth/providers/entra/entra.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "plugins/oauth/providers/entra/changes.hpp"
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
  std::string group;  // that suspend_access leaves; empty: it is not there
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

std::string group_in(const web::Setting& own, const std::string& journal) {
  const auto given = own.inner("suspend_access");
  if (!given) return {};
  given->only({"group"});
  std::string group = given->text("group");
  if (!is_object_id(group)) invalid(given->at("group") + " must be a group's object id");
  if (journal.empty())
    invalid("journal is missing: without it nobody knows who has to come back into the group of " +
            given->path());
  return group;
}

Options options_of(const OauthSettings& settings) {
  const web::Setting& own = settings.own;
  own.only({"tenant", "authority", "scope", "signins", "page_size", "settle", "access_token_lifetime",
            "revocation_delay", "suspend_access"});
  const std::string url = without_slash(settings.server.url);
  if (url.ends_with("/v1.0") || url.ends_with("/beta"))
    invalid("url must be without Graph's version: https://graph.microsoft.com");
  Options options{.tenant = own.text("tenant"),
                  .authority = authority_in(own),
                  .scope = own.text("scope", url + "/.default"),
                  .group = group_in(own, settings.journal)};
  if (!is_tenant(options.tenant)) invalid(own.at("tenant") + " must be the tenant's id or a domain of it");
  const std::string signins = own.text("signins", "interactive");
  if (signins != "interactive" && signins != "all")
    invalid(own.at("signins") + " must be interactive or all");
  options.all = signins == "all";
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
  return api;
}

std::string hex(const plugin::SessionDigest& digest) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t byte : digest.bytes) {
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
  return out;
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
        reader_(api_, ground_,
                {.all = options_.all,
                 .page = options_.page,
                 .arrival_delay = settings.arrival_delay,
                 .settle = options_.settle,
                 .history = settings.history}) {}

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
  }

  [[nodiscard]] Batch since(Time deadline) override {
    Batch batch = reader_.read(deadline);
    for (Sighting& seen : batch.sightings) seen.account_type = account_type_of(settings_, seen.user_name);
    return batch;
  }
  // It sends none.
  void complete(Sighting& /*logout*/) override {}

  [[nodiscard]] std::string coverage() const override {
    nlohmann::json shows_not{"sign_outs", "ends of sessions", "activity", "which sessions live"};
    if (!options_.all) shows_not.push_back("sign-ins that clients do on their own");
    return nlohmann::json{
        {"provider", "entra"},
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

  void stop() override { api_.stop(); }

 private:
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
        if (options_.group.empty())
          return {Code::Unsupported, "no group is configured (entra.suspend_access.group)"};
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
    const ChangeOrder order{
        .session = hex(action.session),
        .until = action.revert_after > Duration{} ? ground_.now() + action.revert_after : Time{}};
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
  SignInReader reader_;
};

}  // namespace

std::unique_ptr<Provider> make_entra(const OauthSettings& settings, Ground ground, web::RetryTerms terms) {
  return std::make_unique<Entra>(settings, std::move(ground), terms);
}

}  // namespace curfew::oauth::entra
