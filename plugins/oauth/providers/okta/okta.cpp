#include "plugins/oauth/providers/okta/okta.hpp"

#include <utility>

#include "plugins/oauth/log_and_people/log_and_people.hpp"
#include "plugins/oauth/providers/okta/people.hpp"
#include "plugins/oauth/timestamps.hpp"

namespace curfew::oauth::okta {
namespace {

using plugin::Answer;
using plugin::Code;
using plugin::Duration;
using plugin::Failure;
using plugin::Step;
using plugin::Time;
using web::invalid;
using namespace std::chrono_literals;

// How long Okta keeps its log.
constexpr Duration retention = std::chrono::hours(90 * 24);
// What the log, the proofs and the steps ask for.
const char* const usual_scope =
    "okta.logs.read okta.sessions.manage okta.sessions.read okta.users.manage okta.users.read";
const char* const token_path = "/oauth2/v1/token";
const char* const log_permission = "of an administrator who may read reports (System Log)";

struct Options {
  std::string issuer;
  std::string api_token;  // empty: the application's key
  std::string key_id, scope;
  std::size_t page = 1000;
  Duration access_token_lifetime = 1h;
};

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

Options options_of(const OauthSettings& settings) {
  const web::Setting& own = settings.own;
  own.only({"api_token", "key_id", "scopes", "issuer", "page_size", "access_token_lifetime"});
  Options options{.issuer = own.text("issuer", without_slash(settings.server.url))};
  if (settings.client.id.empty()) {
    options.api_token = own.text("api_token");
    for (const char* of_key : {"key_id", "scopes"})
      if (own.has(of_key)) invalid(own.at(of_key) + " is of an application: give client_id too");
  } else {
    if (own.has("api_token")) invalid(own.at("api_token") + " and client_id are both given: choose one");
    options.key_id = own.text("key_id");
    const std::vector<std::string> scopes = list_in(own, "scopes");
    for (const std::string& one : scopes) options.scope += (options.scope.empty() ? "" : " ") + one;
    if (scopes.empty()) options.scope = usual_scope;
  }
  const int page = own.number("page_size", 1000);
  if (page < 1 || page > 1000) invalid(own.at("page_size") + " must be from 1 to 1000");
  options.page = static_cast<std::size_t>(page);
  // The most that an authorization server of Okta takes is a day.
  options.access_token_lifetime = within(own, "access_token_lifetime", 1h, 0s, 24h);
  return options;
}

AdminApi::Options api_of(const OauthSettings& settings, const Options& options, const Ground& ground,
                         web::RetryTerms terms) {
  if (!settings.client.id.empty()) {
    AdminApi::Options api{.server = settings.server,
                          .authority = {},
                          .token_path = token_path,
                          .credentials = settings.client,
                          .given_token = {},
                          .words = {.client = "the application '" + settings.client.id + "'",
                                    .lacks = " lacks a scope or a role: it needs what it takes ",
                                    .unauthorized = "is the application active, and without DPoP?",
                                    .not_found = "is url the organization's?"},
                          .terms = terms,
                          .now = ground.now};
    api.credentials.key_id = options.key_id;
    api.credentials.scope = options.scope;
    api.credentials.token_endpoint = without_slash(settings.server.url) + token_path;
    return api;
  }
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

class OktaService final : public Service {
 public:
  OktaService(const OauthSettings& settings, const Ground& ground, web::RetryTerms terms)
      : options_(options_of(settings)),
        history_(settings.history),
        arrival_delay_(settings.arrival_delay),
        ground_(ground),
        facts_{.name = "okta",
               .title = "Okta",
               .place = "organization",
               .names = live_names(options_.issuer),
               .issuer = options_.issuer,
               .shows_not = {"activity but sign-ons to applications", "which sessions live",
                             "tokens that are refreshed"},
               .ends = {Step::CancelSession},
               .access_token_lifetime = options_.access_token_lifetime},
        api_(api_of(settings, options_, ground, terms)),
        people_(api_) {}

  [[nodiscard]] const ServiceFacts& facts() const override { return facts_; }
  [[nodiscard]] AdminApi& api() override { return api_; }
  [[nodiscard]] PersonSession read_handle(std::string_view handle) const override {
    return okta::read_handle(handle);
  }

  [[nodiscard]] Portion read(const LogCursor& from, Time deadline) override {
    const Time calls_end = deadline + calls_last;
    const Time now = ground_.now() + api_.clock_ahead();
    Portion out{.next = from};
    if (from.next.empty() || (from.polled != Time{} && from.polled < now - retention - 24h))
      begin(from, now, out);
    ApiReply reply = ask(out.next.next, calls_end);
    if (reply.status == 400) {
      // The place where it goes on is not known there any more: from where it was read to last, with the
      // same keys.
      ground_.log(plugin::Level::Warning,
                  api_.where() +
                      ": Okta does not know any more where its log goes on; it is read again from "
                      "the time of the last reading");
      begin(from, now, out);
      reply = ask(out.next.next, calls_end);
      if (reply.status == 400)
        throw Failure(Code::Failed,
                      api_.where() + ": asked for the log, it answered 400 (" + reply.code + ")");
    }
    out.page = read_log(reply.body, options_.issuer);
    if (reply.next.empty() && out.page.rows > 0)
      throw Failure(Code::Failed, api_.where() + ": Okta does not say where its log goes on (Link, next)");
    if (!reply.next.empty()) out.next.next = reply.next;
    out.caught_up = out.page.rows < options_.page;
    out.at = reply.date;
    return out;
  }

  [[nodiscard]] bool has_session(const PersonSession& about, Time deadline) override {
    return people_.has_session(about, deadline);
  }
  [[nodiscard]] bool has_tokens(const PersonSession& about, Time by, Time deadline) override {
    return people_.has_refresh_token(about.user, by, deadline);
  }

  [[nodiscard]] Answer end_all(const std::string& user, Time deadline) override {
    if (!people_.end_all(user, deadline)) return {Code::NotFound, "the organization has no such person"};
    return {Code::Ok,
            "all sessions and refresh tokens of the person are ended; access tokens from before are accepted "
            "until they expire by whoever does not ask Okta"};
  }
  [[nodiscard]] Switch account(const std::string& user, Time deadline) override {
    return people_.account(user, deadline);
  }
  [[nodiscard]] Answer end_some(Step /*step*/, const PersonSession& about, const std::string& /*user*/,
                                Time deadline) override {
    if (!people_.end_session(about.session, deadline))
      return {Code::NotFound, "the organization has no such session (any more)"};
    return {Code::Ok, "the session is ended; its tokens live on"};
  }

 private:
  // A polling request: no end, oldest first; by when records were stored, so that none that is late is
  // missed.
  void begin(const LogCursor& last, Time now, Portion& out) const {
    Time from = last.polled == Time{} ? now - history_ : last.polled - arrival_delay_;
    if (from < now - retention) {
      from = now - retention;
      out.gap = "nobody read the log for longer than Okta keeps it (90 days)";
    }
    std::string filter;
    for (const std::string_view type : event_names(facts_.names.table))
      filter += (filter.empty() ? "" : " or ") + ("eventType eq \"" + std::string(type)) + "\"";
    out.next.next = "/api/v1/logs?since=" + web::percent_encoded(to_iso_time(from)) +
                    "&sortOrder=ASCENDING&limit=" + std::to_string(options_.page) +
                    "&filter=" + web::percent_encoded(filter);
    out.next.polled = from;
  }

  [[nodiscard]] ApiReply ask(const std::string& path, Time deadline) {
    return api_.ask({.path = path,
                     .what = "the log",
                     .role = log_permission,
                     .also = {400},
                     .lane = AdminApi::Lane::Logs},
                    deadline);
  }

  Options options_;
  Duration history_, arrival_delay_;
  const Ground& ground_;
  ServiceFacts facts_;
  AdminApi api_;
  People people_;
};

}  // namespace

std::unique_ptr<Provider> make_okta(const OauthSettings& settings, Ground ground, web::RetryTerms terms) {
  return make_log_and_people(settings, std::move(ground), [&](const Ground& lent) {
    return std::make_unique<OktaService>(settings, lent, terms);
  });
}

}  // namespace curfew::oauth::okta
