#include "plugins/oauth/providers/okta/okta.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "plugins/oauth/gone_since.hpp"
#include "plugins/oauth/log_cursor.hpp"
#include "plugins/oauth/orders.hpp"
#include "plugins/oauth/providers/okta/people.hpp"
#include "plugins/oauth/timestamps.hpp"

namespace curfew::oauth::okta {
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

// How long Okta keeps its log.
constexpr Duration retention = std::chrono::hours(90 * 24);
const char* const log_permission = "of an administrator who may read reports (System Log)";

struct Options {
  std::string issuer;
  std::string api_token;
  std::size_t page = 1000;
  Duration access_token_lifetime = 1h;
};

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

Options options_of(const OauthSettings& settings) {
  const web::Setting& own = settings.own;
  own.only({"api_token", "issuer", "page_size", "access_token_lifetime"});
  Options options{.issuer = own.text("issuer", without_slash(settings.server.url)),
                  .api_token = own.text("api_token")};
  const int page = own.number("page_size", 1000);
  if (page < 1 || page > 1000) invalid(own.at("page_size") + " must be from 1 to 1000");
  options.page = static_cast<std::size_t>(page);
  // The most that an authorization server of Okta takes is a day.
  options.access_token_lifetime = within(own, "access_token_lifetime", 1h, 0s, 24h);
  return options;
}

AdminApi::Options api_of(const OauthSettings& settings, const Options& options, const Ground& ground,
                         web::RetryTerms terms) {
  return {
      .server = settings.server,
      .authority = {},
      .token_path = {},
      .credentials = {},
      .given_token = "SSWS " + options.api_token,
      .words = {.client = "the API token",
                .lacks = " lacks a permission: use one ",
                .unauthorized = "is okta.api_token right, and not expired or revoked (30 days without use)?",
                .not_found = "is url the organization's?"},
      .terms = terms,
      .now = ground.now};
}

class Okta final : public Provider {
 public:
  Okta(const OauthSettings& settings, Ground ground, web::RetryTerms terms)
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
    Batch batch;
    const Time before = server_time();
    if (cursor_.next.empty() || (cursor_.polled != Time{} && cursor_.polled < before - retention - 24h))
      begin(before);
    ApiReply reply = ask(cursor_.next, calls_end);
    if (reply.status == 400) {
      // The place where it goes on is not known there any more: from where it was read to last, with the
      // same keys.
      ground_.log(plugin::Level::Warning,
                  api_.where() +
                      ": Okta does not know any more where its log goes on; it is read again from "
                      "the time of the last reading");
      begin(before);
      reply = ask(cursor_.next, calls_end);
      if (reply.status == 400)
        throw Failure(Code::Failed,
                      api_.where() + ": asked for the log, it answered 400 (" + reply.code + ")");
    }
    LogPage page = read_log(reply.body, options_.issuer);
    tell_skew();
    const Time at = reply.date != Time{} ? reply.date : ground_.now();
    if (reply.next.empty() && page.rows > 0)
      throw Failure(Code::Failed, api_.where() + ": Okta does not say where its log goes on (Link, next)");
    LogCursor next = cursor_;
    if (!reply.next.empty()) next.next = reply.next;
    batch.caught_up = page.rows < options_.page;
    if (batch.caught_up) next.polled = at;
    batch.cursor = to_text(next);
    batch.memories = orders_.take_news();
    cursor_ = std::move(next);
    if (gap_) batch.sightings.push_back(*std::exchange(gap_, std::nullopt));
    batch.read = page.rows;
    batch.filtered = page.filtered;
    batch.unreadable = page.unreadable;
    std::stable_sort(page.sightings.begin(), page.sightings.end(),
                     [](const Sighting& a, const Sighting& b) { return a.at < b.at; });
    for (Sighting& seen : page.sightings) {
      seen.account_type = account_type_of(settings_, seen.user_name);
      lessen(seen);
      batch.sightings.push_back(std::move(seen));
    }
    if (batch.caught_up) batch.observed_until = at - settings_.arrival_delay;
    return batch;
  }

  void complete(Sighting& logout) override {
    const std::string user = logout.subject;
    if (!user.empty()) logout.subject = options_.issuer + "#" + user;
    if (is_id(user) && is_id(logout.session)) logout.handle = handle_of(user, logout.session);
    lessen(logout);
  }

  [[nodiscard]] std::string coverage() const override {
    return nlohmann::json{
        {"provider", "okta"},
        {"shows_not",
         {"activity but sign-ons to applications", "which sessions live", "tokens that are refreshed"}},
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

  // Alive while Okta has the session, a refresh token of the person from its time lives, or an access token
  // of the last moment may be accepted.
  [[nodiscard]] Liveness prove(const plugin::Probe& probe) override {
    const Handle handle = read_handle(probe.handle);
    if (handle.user.empty())
      throw Failure(Code::NotFound, "whose session it is isn't known any more: its handle was erased");
    orders_.note(handle.session);
    if (people_.has_session(handle, probe.deadline)) {
      gone_.lives(handle.session);
      return Liveness::Alive;
    }
    if (!gone_.has_found_any())
      throw Failure(
          Code::Unavailable,
          "Okta has found no session yet by an id of its log: that this one isn't found says nothing "
          "before");
    const Time now = ground_.now();
    const Time gone = gone_.since(handle.session, now);
    // Okta's time comes in whole seconds.
    if (people_.has_refresh_token(handle.user, gone + api_.clock_ahead() + notable_skew, probe.deadline))
      return Liveness::Alive;
    return now - gone < token_window() ? Liveness::Alive : Liveness::Dead;
  }

  void list(const std::function<bool(const LiveSession&)>& /*each*/, Time /*deadline*/) override {
    throw Failure(Code::Unsupported, "Okta's API lists no sessions");
  }

  void stop() override { api_.stop(); }

 private:
  [[nodiscard]] Duration token_window() const {
    return options_.access_token_lifetime + settings_.clock_skew;
  }
  [[nodiscard]] Time server_time() const { return ground_.now() + api_.clock_ahead(); }

  // A polling request: no end, oldest first; by when records were stored, so that none that is late is
  // missed.
  void begin(Time now) {
    Time from = cursor_.polled == Time{} ? now - settings_.history : cursor_.polled - settings_.arrival_delay;
    if (from < now - retention) {
      from = now - retention;
      note_gap();
    }
    std::string filter;
    for (const std::string_view type : event_types())
      filter += (filter.empty() ? "" : " or ") + ("eventType eq \"" + std::string(type)) + "\"";
    cursor_.next = "/api/v1/logs?since=" + web::percent_encoded(to_iso_time(from)) +
                   "&sortOrder=ASCENDING&limit=" + std::to_string(options_.page) +
                   "&filter=" + web::percent_encoded(filter);
    cursor_.polled = from;
  }

  [[nodiscard]] ApiReply ask(const std::string& path, Time deadline) {
    return api_.ask({.path = path,
                     .what = "the log",
                     .role = log_permission,
                     .also = {400},
                     .lane = AdminApi::Lane::Logs},
                    deadline);
  }

  // Told with the first page that comes.
  void note_gap() {
    ++gaps_;
    ground_.log(plugin::Level::Warning,
                "nobody read the log for longer than Okta keeps it (90 days); the gap is recorded");
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
                  api_.where() + ": Okta's clock is ahead of ours by " +
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
      if (std::string user = user_in(one.value); is_id(user)) return user;
    }
    return {};
  }

  Answer end_all(const std::string& user, Time deadline) {
    if (user.empty()) return {Code::NotFound, "the person has no id of this organization"};
    orders_.note(user);
    if (!people_.end_all(user, deadline)) return {Code::NotFound, "the organization has no such person"};
    return {Code::Ok,
            "all sessions and refresh tokens of the person are ended; access tokens from before are accepted "
            "until they expire by whoever does not ask Okta"};
  }

  Answer carry_out(const plugin::Action& action) {
    const std::string user = user_of(action);
    switch (action.step) {
      case Step::CancelSession: {
        if (action.revert) return {Code::Unsupported, "a session that was ended can't be given back"};
        const Handle handle = read_handle(action.handle);
        if (handle.user.empty()) return {Code::NotFound, "which session it is isn't known any more"};
        orders_.note(handle.session);
        if (!people_.end_session(handle.session, action.deadline))
          return {Code::NotFound, "the organization has no such session (any more)"};
        return {Code::Ok, "the session is ended; its tokens live on"};
      }
      case Step::SignOutSubject:
        if (action.revert) return {Code::Unsupported, "sessions that were ended can't be given back"};
        return end_all(user, action.deadline);
      case Step::BlockSignIn:
      case Step::DisableAccount:
        return disable_account(changes_ ? &*changes_ : nullptr, action, user, ground_.now(),
                               people_.account(user, action.deadline),
                               [&] { return end_all(user, action.deadline); });
      default:
        return {
            Code::Unsupported,
            "Okta has no such step: it ends one session without its tokens (cancel_session), or all that a "
            "person has (sign_out_subject)"};
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

std::unique_ptr<Provider> make_okta(const OauthSettings& settings, Ground ground, web::RetryTerms terms) {
  return std::make_unique<Okta>(settings, std::move(ground), terms);
}

}  // namespace curfew::oauth::okta
