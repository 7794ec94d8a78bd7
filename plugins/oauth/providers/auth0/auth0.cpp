#include "plugins/oauth/providers/auth0/auth0.hpp"

#include <utility>

#include "plugins/oauth/log_and_people/log_and_people.hpp"
#include "plugins/oauth/providers/auth0/people.hpp"
#include "plugins/oauth/timestamps.hpp"

namespace curfew::oauth::auth0 {
namespace {

using plugin::Answer;
using plugin::Code;
using plugin::Duration;
using plugin::Failure;
using plugin::Step;
using plugin::Time;
using web::invalid;
using namespace std::chrono_literals;

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

class Auth0Service final : public Service {
 public:
  Auth0Service(const OauthSettings& settings, const Ground& ground, web::RetryTerms terms)
      : options_(options_of(settings)),
        history_(settings.history),
        arrival_delay_(settings.arrival_delay),
        ground_(ground),
        facts_{.name = "auth0",
               .title = "Auth0",
               .place = "tenant",
               .names = live_names(options_.issuer),
               .issuer = options_.issuer,
               .shows_not = {"activity", "sessions that expire", "accounts that administrators change"},
               .ends = {Step::CancelSession, Step::SignOutSession, Step::RevokeTokens},
               .access_token_lifetime = options_.access_token_lifetime,
               .tokens_name_sessions = true},
        api_(api_of(settings, options_, ground, terms)),
        people_(api_) {}

  [[nodiscard]] const ServiceFacts& facts() const override { return facts_; }
  [[nodiscard]] AdminApi& api() override { return api_; }
  [[nodiscard]] PersonSession read_handle(std::string_view handle) const override {
    return auth0::read_handle(handle);
  }

  [[nodiscard]] Portion read(const LogCursor& from, Time deadline) override {
    const Time calls_end = deadline + calls_last;
    if (from.next.empty()) return first_page(from, calls_end);
    const ApiReply reply = ask(from.next, calls_end);
    if (reply.status == 400) {
      Portion out = first_page({.next = {}, .polled = from.polled}, calls_end);
      out.gap = api_.where() +
                ": Auth0 does not know any more where its log goes on; it is read again from the time of "
                "the last reading";
      return out;
    }
    Portion out{.next = from};
    LogPage page = read_log(reply.body, options_.issuer);
    if (!reply.next.empty())
      out.next.next = reply.next;
    else if (page.rows > 0)
      out.next.next = behind(page.last);
    out.caught_up = page.rows < options_.page;
    out.at = reply.date;
    out.page = std::move(page);
    return out;
  }

  [[nodiscard]] bool has_session(const PersonSession& about, Time deadline) override {
    return people_.has_session(about, deadline);
  }
  [[nodiscard]] bool has_tokens(const PersonSession& about, Time /*by*/, Time deadline) override {
    return !people_.refresh_tokens(about, deadline).empty();
  }

  [[nodiscard]] Answer end_all(const std::string& user, Time deadline) override {
    people_.end_all_sessions(user, deadline);
    people_.revoke_all(user, deadline);
    return {Code::Ok,
            "all sessions and refresh tokens of the person are being ended; access tokens from before are "
            "accepted until they expire"};
  }
  [[nodiscard]] Switch account(const std::string& user, Time deadline) override {
    return people_.account(user, deadline);
  }
  [[nodiscard]] Answer end_some(Step step, const PersonSession& about, const std::string& user,
                                Time deadline) override {
    if (step == Step::RevokeTokens) {
      people_.revoke_all(user, deadline);
      return {Code::Ok, "all refresh tokens of the person are being revoked; sessions of browsers live on"};
    }
    const bool with_tokens = step == Step::SignOutSession;
    const bool has = people_.has_session(about, deadline);
    const std::vector<std::string> tokens =
        with_tokens ? people_.refresh_tokens(about, deadline) : std::vector<std::string>{};
    if (!has && tokens.empty()) return {Code::NotFound, "the tenant lists nothing of the session (any more)"};
    if (has) people_.end_session(about.session, deadline);
    for (const std::string& one : tokens) people_.revoke(one, deadline);
    return {Code::Ok, with_tokens ? "the session and its refresh tokens are being ended; access tokens from "
                                    "before are accepted until they expire"
                                  : "the session is being ended; its refresh tokens live on"};
  }
  void list(const std::function<bool(const LiveSession&)>& /*each*/, Time /*deadline*/) override {
    throw Failure(Code::Unsupported, "Auth0's API lists sessions of one person at a time only");
  }

 private:
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
  [[nodiscard]] Portion first_page(const LogCursor& last, Time deadline) {
    const Time now = ground_.now() + api_.clock_ahead();
    const bool is_new = last.polled == Time{} && history_ == Duration{0};
    const Time from = last.polled == Time{} ? now - history_ : last.polled - arrival_delay_;
    const std::string question =
        is_new ? "sort=date%3A-1"
               : "sort=date%3A1&q=" + web::percent_encoded("date:[" + to_iso_time(from) + " TO *]");
    const ApiReply reply = ask("/api/v2/logs?page=0&per_page=1&" + question, deadline);
    if (reply.status == 400)
      throw Failure(Code::Failed, api_.where() + ": asked for the log, it answered 400 (" + reply.code + ")");
    LogPage page = read_log(reply.body, options_.issuer);
    Portion out{.next = last};
    if (page.rows > 0) out.next.next = behind(page.last);
    if (is_new) {
      // From before there was a source: only its place counts.
      page.sightings.clear();
      page.filtered = page.rows;
      page.unreadable = 0;
    }
    out.caught_up = out.next.next.empty();
    out.at = reply.date;
    out.page = std::move(page);
    return out;
  }

  Options options_;
  Duration history_, arrival_delay_;
  const Ground& ground_;
  ServiceFacts facts_;
  AdminApi api_;
  People people_;
};

}  // namespace

std::unique_ptr<Provider> make_auth0(const OauthSettings& settings, Ground ground, web::RetryTerms terms) {
  return make_log_and_people(settings, std::move(ground), [&](const Ground& lent) {
    return std::make_unique<Auth0Service>(settings, lent, terms);
  });
}

}  // namespace curfew::oauth::auth0
