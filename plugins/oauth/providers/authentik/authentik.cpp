#include "plugins/oauth/providers/authentik/authentik.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include <utility>

#include "plugins/oauth/event_sweep.hpp"
#include "plugins/oauth/log_and_people/log_and_people.hpp"
#include "plugins/oauth/providers/authentik/people.hpp"
#include "plugins/oauth/providers/authentik/session_watch.hpp"

namespace curfew::oauth::authentik {
namespace {

using nlohmann::json;
using plugin::Answer;
using plugin::Code;
using plugin::Duration;
using plugin::Failure;
using plugin::Step;
using plugin::Time;
using web::invalid;
using namespace std::chrono_literals;

constexpr std::size_t most_bytes_of_keys = 2'500;  // the host keeps 4096 in all
constexpr std::size_t most_pages_of_sessions = 1'000;
constexpr Duration longest_listing = 10min;

struct Options {
  std::string api_token;
  std::string group;
  std::size_t page = 100;
  Duration access_token_lifetime = 1h;
};

Options options_of(const OauthSettings& settings) {
  const web::Setting& own = settings.own;
  own.only({"api_token", "page_size", "access_token_lifetime", "suspend_access"});
  if (settings.back_channel || settings.gate_tokens)
    invalid(
        "back_channel_logout and gate_tokens mean nothing with provider authentik: each of its applications "
        "has an issuer of its own. Give it a source with provider oidc");
  Options options{.api_token = own.text("api_token")};
  const int page = own.number("page_size", 100);
  // As many as authentik gives at once, unless it is set otherwise there.
  if (page < 1 || page > 100) invalid(own.at("page_size") + " must be from 1 to 100");
  options.page = static_cast<std::size_t>(page);
  options.access_token_lifetime = within(own, "access_token_lifetime", 1h, 0s, 24h);
  if (const auto access = own.inner("suspend_access")) {
    access->only({"group"});
    options.group = access->text("group");
    if (!is_session(options.group)) invalid(access->at("group") + " must be the group's UUID");
    if (settings.journal.empty()) invalid(access->path() + " needs a journal: who has left is to come back");
  }
  return options;
}

AdminApi::Options api_of(const OauthSettings& settings, const Options& options, const Ground& ground,
                         web::RetryTerms terms) {
  // A token that is wrong, expired or revoked gets a 403, too.
  return {.server = settings.server,
          .authority = {},
          .token_path = {},
          .credentials = {},
          .given_token = "Bearer " + options.api_token,
          .words = {.client = "the API token",
                    .lacks = ": is authentik.api_token right, not expired, and ",
                    .unauthorized = "is authentik.api_token right, and not expired or revoked?",
                    .not_found = "is url the installation's?"},
          .terms = terms,
          .now = ground.now};
}

std::int64_t milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

class AuthentikService final : public Service {
 public:
  AuthentikService(const OauthSettings& settings, const Ground& ground, web::RetryTerms terms)
      : options_(options_of(settings)),
        history_(settings.history),
        ground_(ground),
        facts_{.name = "authentik",
               .title = "authentik",
               .place = "installation",
               .names = live_names(),
               .issuer = {},
               .shows_not = {"which session an event is of, where one person has several at one address",
                             "accounts that administrators change", "whom an administrator acts as"},
               .ends = {Step::CancelSession, Step::RevokeTokens},
               .access_token_lifetime = options_.access_token_lifetime,
               .lists_sessions = true},
        api_(api_of(settings, options_, ground, terms)),
        people_(api_),
        watch_(ground),
        sweep_({.fetch = [this](std::int64_t, std::size_t first, std::size_t) { return fetch(first); },
                .overlap = milliseconds(settings.arrival_delay),
                .page = options_.page,
                .whose = "authentik"}) {}

  [[nodiscard]] const ServiceFacts& facts() const override { return facts_; }
  [[nodiscard]] AdminApi& api() override { return api_; }
  [[nodiscard]] PersonSession read_handle(std::string_view handle) const override {
    return authentik::read_handle(handle);
  }
  void recall(std::string_view key, std::string_view value) override { watch_.recall(key, value); }

  // The events first, then the sessions: what an event says has happened to them by then.
  [[nodiscard]] Portion read(const LogCursor& from, Time deadline) override {
    calls_end_ = deadline + calls_last;
    if (!is_reading_) begin(from);
    while (!has_events_) {
      has_events_ = sweep_.step();
      if (!has_events_ && ground_.now() >= deadline) return part();
    }
    if (listed_at_ == Time{}) listed_at_ = ground_.now();
    while (!has_sessions_) {
      if (!fetch_sessions()) return part();
      if (!has_sessions_ && ground_.now() >= deadline) return part();
    }
    return whole(from);
  }

  [[nodiscard]] bool has_session(const PersonSession& about, Time deadline) override {
    return people_.has_session(about, deadline);
  }
  [[nodiscard]] bool has_tokens(const PersonSession& about, Time /*by*/, Time deadline) override {
    return people_.has_tokens(about.user, deadline);
  }
  [[nodiscard]] bool finds_another(const PersonSession& about, Time deadline) override {
    const SessionPage some = people_.sessions(1, 2, AdminApi::Lane::Orders, deadline);
    return std::any_of(some.sessions.begin(), some.sessions.end(),
                       [&](const ListedSession& one) { return one.id != about.session; });
  }

  [[nodiscard]] Answer end_all(const std::string& user, Time deadline) override {
    if (!people_.end_sessions(user, deadline)) return {Code::NotFound, "the installation has no such person"};
    people_.end_tokens(user, deadline);
    return {Code::Ok,
            "all sessions and tokens of the person are ended; access tokens from before are accepted until "
            "they expire by whoever does not ask authentik"};
  }
  [[nodiscard]] Switch account(const std::string& user, Time deadline) override {
    return people_.account(user, deadline);
  }
  [[nodiscard]] Access access(const std::string& user, Time deadline) override {
    if (options_.group.empty()) return {};
    return {.key = user + "/member/" + options_.group,
            .change = people_.membership(user, options_.group, deadline)};
  }
  [[nodiscard]] Answer end_some(Step step, const PersonSession& about, const std::string& user,
                                Time deadline) override {
    if (step == Step::RevokeTokens) {
      people_.end_tokens(user, deadline);
      return {Code::Ok, "all tokens of the person are ended; sessions of browsers live on"};
    }
    if (!people_.end_session(about.session, deadline))
      return {Code::NotFound, "the installation has no such session (any more)"};
    return {Code::Ok, "the session is ended; its tokens live on"};
  }

  void list(const std::function<bool(const LiveSession&)>& each, Time deadline) override {
    for (std::size_t number = 1;; ++number) {
      if (number > most_pages_of_sessions)
        throw Failure(Code::Failed, api_.where() + ": the list of sessions does not end");
      const SessionPage page = people_.sessions(number, options_.page, AdminApi::Lane::Orders, deadline);
      for (const ListedSession& one : page.sessions) {
        if (!each({.id = one.id,
                   .handle = handle_of(one.user, one.id),
                   .subject = one.user,
                   .user_name = {},
                   .started_at = {},
                   .last_activity_at = one.last_used}))
          return;
      }
      if (page.is_last) return;
    }
  }

 private:
  [[nodiscard]] static Portion part() {
    Portion out;
    out.is_part = true;
    return out;
  }

  void begin(const LogCursor& from) {
    is_first_ = from.next.empty();
    if (is_first_) {
      const std::int64_t floor =
          milliseconds((ground_.now() + api_.clock_ahead() - history_).time_since_epoch());
      sweep_.resume({.time = floor, .floor = floor, .known = {}});
    } else {
      try {
        sweep_.resume(mark_of(json::parse(from.next)));
      } catch (const json::exception&) {
        throw Failure(Code::Failed,
                      "the stored cursor can't be read: it was not written by this connector for authentik");
      }
    }
    is_reading_ = true;
    has_events_ = has_sessions_ = false;
    events_at_ = listed_at_ = {};
    sessions_.clear();
    number_ = 0;
  }

  // Pages have numbers, and newer events shift them: the sweep knows what it has seen.
  SweepPage fetch(std::size_t first) {
    event_page_ = first == 0 ? 1 : event_page_ + 1;
    std::string path = "/api/v3/events/events/?ordering=-created&page=" + std::to_string(event_page_) +
                       "&page_size=" + std::to_string(options_.page);
    for (const std::string_view name : event_names(facts_.names.table))
      path += "&actions=" + std::string(name);
    const ApiReply reply = api_.ask({.path = path,
                                     .what = "the events",
                                     .role = "of a superuser",
                                     .also = {404},
                                     .lane = AdminApi::Lane::Logs},
                                    calls_end_);
    if (first == 0) events_at_ = reply.date != Time{} ? reply.date : ground_.now();
    // Events were deleted while pages turned: there is no such page any more.
    if (reply.status == 404 && first > 0 && is_own_error(reply.body))
      return {.records = {}, .rows = 0, .unreadable = 0, .is_last = true};
    return read_events(reply.body);
  }

  // One page. False: the reading was given up, and begins anew.
  bool fetch_sessions() {
    SessionPage page;
    try {
      page = people_.sessions(++number_, options_.page, AdminApi::Lane::Logs, calls_end_);
      if (number_ > most_pages_of_sessions)
        throw Failure(Code::Failed, api_.where() + ": the list of sessions does not end");
    } catch (const Failure&) {
      // What was listed long ago is no list any more.
      sessions_.clear();
      number_ = 0;
      listed_at_ = {};
      throw;
    }
    if (ground_.now() - listed_at_ > longest_listing) {
      sessions_.clear();
      number_ = 0;
      listed_at_ = {};
      return false;
    }
    for (ListedSession& one : page.sessions) sessions_.push_back(std::move(one));
    has_sessions_ = page.is_last;
    return true;
  }

  Portion whole(const LogCursor& from) {
    Portion out{.next = from};
    const EventSweep before = sweep_;
    Swept swept = sweep_.take();
    try {
      std::vector<Sighting> events;
      for (SweepRecord& record : swept.records) {
        if (record.sighting)
          events.push_back(*std::move(record.sighting));
        else
          ++out.page.filtered;
      }
      watch_.take(std::move(events), sessions_,
                  {.at = listed_at_ + api_.clock_ahead(),
                   .is_first = is_first_,
                   .is_there = [this](const std::string& id) { return people_.is_there(id, calls_end_); }},
                  out);
    } catch (const Failure&) {
      sweep_ = before;
      throw;
    }
    if (swept.lost_sight && Time(std::chrono::milliseconds(before.mark().time)) > events_at_ - 24h)
      out.gap = api_.where() + ": events that were read before are not there any more: somebody deleted them";
    out.page.rows = swept.read;
    out.page.unreadable = swept.unreadable;
    out.next.next = json_of(sweep_.mark(), most_bytes_of_keys).dump();
    out.caught_up = swept.is_all;
    out.at = events_at_;
    is_reading_ = false;
    return out;
  }

  Options options_;
  Duration history_;
  const Ground& ground_;
  ServiceFacts facts_;
  AdminApi api_;
  People people_;
  SessionWatch watch_;

  // A reading under way.
  EventSweep sweep_;
  Time calls_end_{}, events_at_{}, listed_at_{};
  bool is_reading_ = false, is_first_ = false, has_events_ = false, has_sessions_ = false;
  std::size_t event_page_ = 0, number_ = 0;
  std::vector<ListedSession> sessions_;
};

}  // namespace

std::unique_ptr<Provider> make_authentik(const OauthSettings& settings, Ground ground,
                                         web::RetryTerms terms) {
  return make_log_and_people(settings, std::move(ground), [&](const Ground& lent) {
    return std::make_unique<AuthentikService>(settings, lent, terms);
  });
}

}  // namespace curfew::oauth::authentik
