#include "plugins/oauth/log_and_people/log_and_people.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "plugins/oauth/gone_since.hpp"
#include "plugins/oauth/orders.hpp"

namespace curfew::oauth {
namespace {

using plugin::Answer;
using plugin::Code;
using plugin::Duration;
using plugin::Failure;
using plugin::Liveness;
using plugin::Step;
using plugin::Time;

const char* const no_session = "which session it is isn't known any more: its handle was erased";

std::int64_t seconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

class LogAndPeople final : public Provider {
 public:
  LogAndPeople(const OauthSettings& settings, Ground ground, const MakeService& make)
      : settings_(settings),
        ground_(std::move(ground)),
        service_(make(ground_)),
        facts_(service_->facts()),
        gone_([this](const std::string& id) { return plugin::to_hex(ground_.digest("gone\n" + id).bytes); }),
        orders_(ground_.now, ground_.digest) {}

  [[nodiscard]] std::string issuer() const override { return facts_.issuer; }
  [[nodiscard]] std::string_view name_space_of_subjects() const override {
    return facts_.names.table.subject_namespace;
  }
  [[nodiscard]] std::string_view name_space_of_logins() const override {
    return facts_.names.table.user_namespace;
  }
  [[nodiscard]] PersonNaming person_in_tokens() const override {
    return {.claim = "sub", .name_space = std::string(subject_namespace), .prefix = facts_.issuer + "#"};
  }

  void resume(const std::string& cursor) override {
    if (!settings_.journal.empty()) changes_.emplace(settings_.journal, ground_.source);
    if (cursor.empty()) return;
    cursor_ = read_log_cursor(cursor);
    if (cursor_.polled != Time{}) orders_.resume(cursor_.polled - settings_.arrival_delay);
  }
  void recall(std::string_view key, std::string_view value) override {
    if (!orders_.recall(key, value) && !gone_.recall(key, value)) service_->recall(key, value);
  }

  // One page: each has a cursor of its own.
  [[nodiscard]] Batch since(Time deadline) override {
    Portion part = service_->read(cursor_, deadline);
    if (part.is_part) return {};
    tell_skew();
    const Time at = part.at != Time{} ? part.at : ground_.now();
    Batch batch{.read = part.page.rows, .filtered = part.page.filtered, .unreadable = part.page.unreadable};
    batch.caught_up = part.caught_up;
    if (batch.caught_up) {
      part.next.polled = at;
      batch.observed_until = at - settings_.arrival_delay;
    }
    batch.cursor = to_text(part.next);
    batch.memories = orders_.take_news();
    for (Memory& one : gone_.take_news(ground_.now())) batch.memories.push_back(std::move(one));
    for (Memory& one : part.memories) batch.memories.push_back(std::move(one));
    if (!part.gap.empty()) batch.sightings.push_back(gap(part.gap));
    cursor_ = std::move(part.next);
    std::stable_sort(part.page.sightings.begin(), part.page.sightings.end(),
                     [](const Sighting& a, const Sighting& b) { return a.at < b.at; });
    for (Sighting& seen : part.page.sightings) {
      seen.account_type = account_type_of(settings_, seen.user_name);
      lessen(seen);
      batch.sightings.push_back(std::move(seen));
    }
    return batch;
  }

  void complete(Sighting& logout) override {
    const std::string user = logout.subject;
    if (!user.empty()) logout.names.push_back(subject_of(facts_.issuer, user));
    if (!facts_.names.is_user(user))
      logout.subject.clear();
    else if (facts_.names.is_session(logout.session))
      logout.handle = facts_.names.handle_of(user, logout.session);
    lessen(logout);
  }

  [[nodiscard]] std::string coverage() const override {
    return nlohmann::json{{"provider", facts_.name},
                          {"shows_not", facts_.shows_not},
                          {"lists_sessions", facts_.lists_sessions},
                          {"clock_ahead_seconds", seconds(service_->api().clock_ahead())},
                          {"access_tokens_accepted_for_seconds", seconds(token_window())},
                          {"throttled", service_->api().throttled()},
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

  // Alive while the provider has the session or what gives tokens of it, or an access token of the last
  // moment may be accepted.
  [[nodiscard]] Liveness prove(const plugin::Probe& probe) override {
    const PersonSession about = service_->read_handle(probe.handle);
    if (about.user.empty()) throw Failure(Code::NotFound, no_session);
    // Also what a killed process had not remembered.
    if (probe.ordered_at != Time{}) orders_.note(about.session);
    if (service_->has_session(about, probe.deadline) ||
        (facts_.tokens_name_sessions && service_->has_tokens(about, ground_.now(), probe.deadline))) {
      gone_.lives(about.session);
      return Liveness::Alive;
    }
    if (!gone_.has_found_any() && !service_->finds_another(about, probe.deadline))
      throw Failure(Code::Unavailable, facts_.title +
                                           " has found no session yet by an id of its log: that this one "
                                           "isn't found says nothing before");
    const Time gone = gone_.since(about.session, ground_.now());
    // The provider's time comes in whole seconds.
    if (!facts_.tokens_name_sessions &&
        service_->has_tokens(about, gone + service_->api().clock_ahead() + notable_skew, probe.deadline)) {
      gone_.holds(about.session);
      return Liveness::Alive;
    }
    const Time now = ground_.now();
    return now - gone_.bare_since(about.session, now) < token_window() ? Liveness::Alive : Liveness::Dead;
  }

  void list(const std::function<bool(const LiveSession&)>& each, Time deadline) override {
    service_->list(each, deadline);
  }

  void stop() override { service_->api().stop(); }

 private:
  [[nodiscard]] Duration token_window() const { return facts_.access_token_lifetime + settings_.clock_skew; }

  Sighting gap(const std::string& why) {
    ++gaps_;
    ground_.log(plugin::Level::Warning, why + "; the gap is recorded");
    Sighting out;
    out.type = plugin::Type::Gap;
    out.at = ground_.now();
    out.key = "gap/" + std::to_string(cursor_.polled.time_since_epoch().count());
    out.count = 0;
    return out;
  }

  void tell_skew() {
    const Duration ahead = service_->api().clock_ahead();
    const bool is_notable = ahead > notable_skew || ahead < -notable_skew;
    if (is_notable && !skew_told_)
      ground_.log(plugin::Level::Warning,
                  service_->api().where() + ": " + facts_.title + "'s clock is ahead of ours by " +
                      std::to_string(seconds(ahead)) +
                      " s; its records keep its time. Let this machine follow a time server");
    skew_told_ = is_notable;
  }

  // An end that an order of ours may have left behind says nothing of tokens: it is no proof.
  void lessen(Sighting& seen) {
    const bool is_end = seen.type == plugin::Type::SignOut || seen.type == plugin::Type::Expired;
    if (is_end && orders_.may_have_ended(seen.session, seen.subject, seen.at, service_->api().clock_ahead()))
      seen.end_inferred = true;
  }

  // By the handle; where it was erased, by the names.
  [[nodiscard]] std::string user_of(const plugin::Action& action, const PersonSession& about) const {
    if (!about.user.empty()) return about.user;
    const std::string prefix = facts_.names.issuer + "#";
    for (const plugin::Identifier& one : action.identifiers) {
      std::string user;
      if (one.name_space == name_space_of_subjects())
        user = one.value;
      else if (one.name_space == subject_namespace && prefix.size() > 1 && one.value.starts_with(prefix))
        user = one.value.substr(prefix.size());
      if (facts_.names.is_user(user)) return user;
    }
    return {};
  }

  Answer end_all(const std::string& user, Time deadline) {
    if (user.empty()) return {Code::NotFound, "the person has no id of this " + facts_.place};
    orders_.note(user);
    return service_->end_all(user, deadline);
  }

  Answer suspend(const plugin::Action& action, const std::string& user) {
    if (user.empty()) return {Code::NotFound, "the person has no id of this " + facts_.place};
    const Service::Access access = service_->access(user, action.deadline);
    if (access.key.empty())
      return {Code::Unsupported, "nothing that suspend_access could take away is configured"};
    if (!changes_) return {Code::Unsupported, "no journal is configured: nobody leaves a group"};
    const ChangeOrder order = change_order(action, ground_.now());
    return action.revert ? changes_->on(access.key, order, access.change)
                         : changes_->off(access.key, order, access.change);
  }

  Answer carry_out(const plugin::Action& action) {
    const PersonSession about = service_->read_handle(action.handle);
    const std::string user = user_of(action, about);
    switch (action.step) {
      case Step::BlockSignIn:
      case Step::DisableAccount:
        return disable_account(changes_ ? &*changes_ : nullptr, action, user, ground_.now(),
                               service_->account(user, action.deadline),
                               [&] { return end_all(user, action.deadline); });
      case Step::SuspendAccess:
        return suspend(action, user);
      default:
        break;
    }
    if (action.revert) return {Code::Unsupported, "what was ended can't be given back"};
    if (action.step == Step::SignOutSubject) return end_all(user, action.deadline);
    if (std::find(facts_.ends.begin(), facts_.ends.end(), action.step) == facts_.ends.end())
      return {Code::Unsupported, facts_.title + " has no such step"};
    const bool is_of_session = action.step == Step::CancelSession || action.step == Step::SignOutSession;
    if (is_of_session && about.user.empty()) return {Code::NotFound, no_session};
    if (!is_of_session && user.empty())
      return {Code::NotFound, "the person has no id of this " + facts_.place};
    orders_.note(is_of_session ? about.session : user);
    return service_->end_some(action.step, about, user, action.deadline);
  }

  OauthSettings settings_;
  Ground ground_;
  std::unique_ptr<Service> service_;
  const ServiceFacts& facts_;
  std::optional<Changes> changes_;
  GoneSince gone_;
  OrdersAtWork orders_;
  LogCursor cursor_;
  bool skew_told_ = false;
  std::uint64_t gaps_ = 0;
};

}  // namespace

std::unique_ptr<Provider> make_log_and_people(const OauthSettings& settings, Ground ground,
                                              const MakeService& make) {
  return std::make_unique<LogAndPeople>(settings, std::move(ground), make);
}

}  // namespace curfew::oauth
