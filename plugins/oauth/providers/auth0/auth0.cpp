#include "plugins/oauth/providers/auth0/auth0.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "plugins/oauth/gone_since.hpp"
#include "plugins/oauth/log_cursor.hpp"
#include "plugins/oauth/orders.hpp"
#include "plugins/oauth/providers/auth0/people.hpp"
#include "plugins/oauth/timestamps.hpp"

namespace curfew::oauth::auth0 {
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

const char* const no_name = "the person has no id of this tenant";
const char* const no_session = "which session it is isn't known any more: its handle was erased";

struct Options {
  std::string issuer;
  std::string audience;
  std::size_t page = 100;
  Duration access_token_lifetime = 24h;
};

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

Options options_of(const OauthSettings& settings) {
  const web::Setting& own = settings.own;
  own.only({"issuer", "audience", "page_size", "access_token_lifetime"});
  const std::string url = without_slash(settings.server.url);
  Options options{.issuer = own.text("issuer", url + "/"),
                  .audience = own.text("audience", url + "/api/v2/")};
  const int page = own.number("page_size", 100);
  // As many as Auth0 gives at once.
  if (page < 1 || page > 100) invalid(own.at("page_size") + " must be from 1 to 100");
  options.page = static_cast<std::size_t>(page);
  options.access_token_lifetime = within(own, "access_token_lifetime", 24h, 0s, 24h);
  return options;
}

AdminApi::Options api_of(const OauthSettings& settings, const Options& options, const Ground& ground,
                         web::RetryTerms terms) {
  AdminApi::Options api{.server = settings.server,
                        .authority = {},
                        .token_path = "/oauth/token",
                        .credentials = settings.client,
                        .given_token = {},
                        .words = {},
                        .terms = terms,
                        .now = ground.now};
  api.credentials.audience = options.audience;
  api.words = {.client = "the application '" + settings.client.id + "'",
               .lacks = " lacks a permission of the Management API: grant ",
               .unauthorized = "is auth0.audience the tenant's own, and the application authorized for it?",
               .not_found = "is url the tenant's own domain?"};
  return api;
}

class Auth0 final : public Provider {
 public:
  Auth0(const OauthSettings& settings, Ground ground, web::RetryTerms terms)
      : options_(options_of(settings)),
        settings_(settings),
        ground_(std::move(ground)),
        api_(api_of(settings, options_, ground_, terms)),
        people_(api_),
        orders_(ground_.now, ground_.digest) {}

  [[nodiscard]] std::string issuer() const override { return options_.issuer; }

  void resume(const std::string& cursor) override {
    if (!settings_.journal.empty()) changes_.emplace(settings_.journal, ground_.source);
    if (cursor.empty()) return;
    cursor_ = read_log_cursor(cursor);
    if (cursor_.polled != Time{}) orders_.resume(cursor_.polled - settings_.arrival_delay);
  }
  void recall(std::string_view key, std::string_view value) override { (void)orders_.recall(key, value); }

  // One page: each has a cursor of its own.
  [[nodiscard]] Batch since(Time deadline) override {
    const Time calls_end = deadline + 6s;  // of calls that begin in time
    if (cursor_.next.empty()) return first_page(calls_end);
    const ApiReply reply = ask(cursor_.next, calls_end);
    if (reply.status == 400) {
      ground_.log(plugin::Level::Warning,
                  api_.where() +
                      ": Auth0 does not know any more where its log goes on; it is read again from "
                      "the time of the last reading, and a gap is recorded");
      note_gap();
      cursor_.next.clear();
      return first_page(calls_end);
    }
    LogPage page = read_log(reply.body, options_.issuer);
    LogCursor next = cursor_;
    if (!reply.next.empty())
      next.next = reply.next;
    else if (page.rows > 0)
      next.next = behind(page.last);
    return finish(std::move(page), std::move(next), reply);
  }

  void complete(Sighting& logout) override {
    const std::string user = logout.subject;
    if (!user.empty()) logout.subject = options_.issuer + "#" + user;
    if (is_user_id(user) && is_session_id(logout.session)) logout.handle = handle_of(user, logout.session);
    lessen(logout);
  }

  [[nodiscard]] std::string coverage() const override {
    return nlohmann::json{
        {"provider", "auth0"},
        {"shows_not", {"activity", "sessions that expire", "accounts that administrators change"}},
        {"lists_sessions", false},
        {"clock_ahead_seconds", std::chrono::duration_cast<std::chrono::seconds>(api_.clock_ahead()).count()},
        {"access_tokens_accepted_for_seconds",
         std::chrono::duration_cast<std::chrono::seconds>(token_window()).count()},
        {"throttled", api_.throttled()},
        {"gaps", gaps_}}
        .dump();
  }

  [[nodiscard]] Answer act(const plugin::Action& action) override {
    try {
      return carry_out(action);
    } catch (const Failure& failure) {
      return {failure.code(), failure.what()};
    }
  }

  // Alive while Auth0 lists the session or a refresh token of it, or an access token of the last moment may
  // be accepted.
  [[nodiscard]] Liveness prove(const plugin::Probe& probe) override {
    const Handle handle = read_handle(probe.handle);
    if (handle.user.empty()) throw Failure(Code::NotFound, no_session);
    orders_.note(handle.session);
    if (people_.has_session(handle, probe.deadline) ||
        !people_.refresh_tokens(handle, probe.deadline).empty()) {
      gone_.lives(handle.session);
      return Liveness::Alive;
    }
    if (!gone_.has_found_any())
      throw Failure(
          Code::Unavailable,
          "Auth0 has found no session yet by an id of its log: that this one isn't found says nothing "
          "before");
    const Time now = ground_.now();
    return now - gone_.since(handle.session, now) < token_window() ? Liveness::Alive : Liveness::Dead;
  }

  void list(const std::function<bool(const LiveSession&)>& /*each*/, Time /*deadline*/) override {
    throw Failure(Code::Unsupported, "Auth0's API lists sessions of one person at a time only");
  }

  void stop() override { api_.stop(); }

 private:
  [[nodiscard]] Duration token_window() const {
    return options_.access_token_lifetime + settings_.clock_skew;
  }

  [[nodiscard]] ApiReply ask(const std::string& path, Time deadline) {
    return api_.ask({.path = path,
                     .what = "the log",
                     .role = "read:logs and read:logs_users",
                     .also = {400},
                     .lane = AdminApi::Lane::Logs},
                    deadline);
  }

  [[nodiscard]] std::string behind(const std::string& id) const {
    if (id.empty())
      throw Failure(Code::Failed, api_.where() + ": no record of a page of Auth0's log has an id");
    return "/api/v2/logs?from=" + id + "&take=" + std::to_string(options_.page);
  }

  // The log goes on behind a record, so one is looked for first: the newest, or the oldest of the time that
  // is asked for, which is told then.
  [[nodiscard]] Batch first_page(Time deadline) {
    const Time now = ground_.now() + api_.clock_ahead();
    const bool is_new = cursor_.polled == Time{} && settings_.history == Duration{0};
    const Time from =
        cursor_.polled == Time{} ? now - settings_.history : cursor_.polled - settings_.arrival_delay;
    const std::string question =
        is_new ? "sort=date%3A-1"
               : "sort=date%3A1&q=" + web::percent_encoded("date:[" + to_iso_time(from) + " TO *]");
    const ApiReply reply = ask("/api/v2/logs?page=0&per_page=1&" + question, deadline);
    if (reply.status == 400)
      throw Failure(Code::Failed, api_.where() + ": asked for the log, it answered 400 (" + reply.code + ")");
    LogPage page = read_log(reply.body, options_.issuer);
    LogCursor next = cursor_;
    if (page.rows > 0) next.next = behind(page.last);
    if (is_new) {
      // From before there was a source: only its place counts.
      page.sightings.clear();
      page.filtered = page.rows;
      page.unreadable = 0;
    }
    return finish(std::move(page), std::move(next), reply);
  }

  [[nodiscard]] Batch finish(LogPage page, LogCursor next, const ApiReply& reply) {
    tell_skew();
    const Time at = reply.date != Time{} ? reply.date : ground_.now();
    const bool began = cursor_.next.empty() && !next.next.empty();
    Batch batch{.read = page.rows, .filtered = page.filtered, .unreadable = page.unreadable};
    batch.caught_up = page.rows < options_.page && !began;
    if (batch.caught_up) {
      next.polled = at;
      batch.observed_until = at - settings_.arrival_delay;
    }
    batch.cursor = to_text(next);
    batch.memories = orders_.take_news();
    cursor_ = std::move(next);
    if (gap_) batch.sightings.push_back(*std::exchange(gap_, std::nullopt));
    std::stable_sort(page.sightings.begin(), page.sightings.end(),
                     [](const Sighting& a, const Sighting& b) { return a.at < b.at; });
    for (Sighting& seen : page.sightings) {
      seen.account_type = account_type_of(settings_, seen.user_name);
      lessen(seen);
      batch.sightings.push_back(std::move(seen));
    }
    return batch;
  }

  // Told with the first page that comes.
  void note_gap() {
    ++gaps_;
    gap_.emplace();
    gap_->type = plugin::Type::Gap;
    gap_->at = ground_.now();
    gap_->key = "gap/" + std::to_string(cursor_.polled.time_since_epoch().count());
    gap_->count = 0;
  }

  void tell_skew() {
    const Duration ahead = api_.clock_ahead();
    const bool is_notable = ahead > notable_skew || ahead < -notable_skew;
    if (is_notable && !skew_told_)
      ground_.log(plugin::Level::Warning,
                  api_.where() + ": Auth0's clock is ahead of ours by " +
                      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(ahead).count()) +
                      " s; its records keep its time. Let this machine follow a time server");
    skew_told_ = is_notable;
  }

  [[nodiscard]] std::string user_in(std::string_view subject) const {
    const std::string prefix = options_.issuer + "#";
    return subject.starts_with(prefix) ? std::string(subject.substr(prefix.size())) : std::string{};
  }
  // An end that an order of ours may have left behind says nothing of tokens: it is no proof.
  void lessen(Sighting& seen) const {
    const bool is_end = seen.type == plugin::Type::SignOut || seen.type == plugin::Type::Expired;
    if (is_end && orders_.may_have_ended(seen.session, user_in(seen.subject), seen.at, api_.clock_ahead()))
      seen.end_inferred = true;
  }

  // By the handle; where it was erased, by the names.
  [[nodiscard]] std::string user_of(const plugin::Action& action) const {
    const Handle handle = read_handle(action.handle);
    if (!handle.user.empty()) return handle.user;
    for (const plugin::Identifier& one : action.identifiers) {
      if (one.name_space != subject_namespace) continue;
      if (std::string user = user_in(one.value); is_user_id(user)) return user;
    }
    return {};
  }

  Answer end_all(const std::string& user, Time deadline) {
    if (user.empty()) return {Code::NotFound, no_name};
    orders_.note(user);
    people_.end_all_sessions(user, deadline);
    people_.revoke_all(user, deadline);
    return {Code::Ok,
            "all sessions and refresh tokens of the person are being ended; access tokens from before are "
            "accepted until they expire"};
  }

  Answer end_one(const plugin::Action& action, bool with_tokens) {
    const Handle handle = read_handle(action.handle);
    if (handle.user.empty()) return {Code::NotFound, no_session};
    orders_.note(handle.session);
    const bool has = people_.has_session(handle, action.deadline);
    const std::vector<std::string> tokens =
        with_tokens ? people_.refresh_tokens(handle, action.deadline) : std::vector<std::string>{};
    if (!has && tokens.empty()) return {Code::NotFound, "the tenant lists nothing of the session (any more)"};
    if (has) people_.end_session(handle.session, action.deadline);
    for (const std::string& one : tokens) people_.revoke(one, action.deadline);
    return {Code::Ok, with_tokens ? "the session and its refresh tokens are being ended; access tokens from "
                                    "before are accepted until they expire"
                                  : "the session is being ended; its refresh tokens live on"};
  }

  Answer carry_out(const plugin::Action& action) {
    const std::string user = user_of(action);
    const bool ends = action.step == Step::CancelSession || action.step == Step::SignOutSession ||
                      action.step == Step::RevokeTokens || action.step == Step::SignOutSubject;
    if (ends && action.revert) return {Code::Unsupported, "what was ended can't be given back"};
    switch (action.step) {
      case Step::CancelSession:
        return end_one(action, false);
      case Step::SignOutSession:
        return end_one(action, true);
      case Step::RevokeTokens:
        if (user.empty()) return {Code::NotFound, no_name};
        people_.revoke_all(user, action.deadline);
        return {Code::Ok, "all refresh tokens of the person are being revoked; sessions of browsers live on"};
      case Step::SignOutSubject:
        return end_all(user, action.deadline);
      case Step::BlockSignIn:
      case Step::DisableAccount:
        return disable_account(changes_ ? &*changes_ : nullptr, action, user, ground_.now(),
                               people_.account(user, action.deadline),
                               [&] { return end_all(user, action.deadline); });
      default:
        return {Code::Unsupported, "Auth0 has no such step"};
    }
  }

  Options options_;
  OauthSettings settings_;
  Ground ground_;
  AdminApi api_;
  People people_;
  std::optional<Changes> changes_;
  GoneSince gone_;
  OrdersAtWork orders_;
  LogCursor cursor_;
  std::optional<Sighting> gap_;
  bool skew_told_ = false;
  std::uint64_t gaps_ = 0;
};

}  // namespace

std::unique_ptr<Provider> make_auth0(const OauthSettings& settings, Ground ground, web::RetryTerms terms) {
  return std::make_unique<Auth0>(settings, std::move(ground), terms);
}

}  // namespace curfew::oauth::auth0
