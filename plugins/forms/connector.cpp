// The forms connector: applications with sessions of their own, seen by their access logs, and ended and
// proved where they keep their sessions.
#include "curfew/plugin/connector.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "plugins/files/recorded_poll.hpp"
#include "plugins/forms/config_schema.hpp"
#include "plugins/forms/logs/live.hpp"
#include "plugins/forms/logs/recorded.hpp"
#include "plugins/forms/settings.hpp"
#include "plugins/forms/stores/sessions.hpp"

namespace curfew::forms {
namespace {

using plugin::Code;
using plugin::Emitted;
using plugin::Failure;
using plugin::Level;
using plugin::Poll;

constexpr Duration look_every = std::chrono::milliseconds(250);
// Of a visit: longer than any window, and than a daemon is away.
constexpr Duration memory_life = std::chrono::hours(24 * 30);
constexpr Duration coverage_every = std::chrono::seconds(30);

// Settings that can't be used are the administrator's to mend.
template <typename Make>
auto valid(Make make) {
  try {
    return make();
  } catch (const std::invalid_argument& failure) {
    throw Failure(Code::Invalid, failure.what());
  }
}

class Forms {
 public:
  static constexpr plugin::Description description{
      .name = "forms",
      .version = "0.1.0",
      .summary = "Applications with sign-in forms: access logs (IIS, nginx, Apache, JSON) and session stores",
      .config_schema = config_schema,
      .config_schema_version = 1,
      .capabilities = CURFEW_CAN_OBSERVE | CURFEW_CAN_SHOW_ACTIVITY | CURFEW_CAN_CANCEL_SESSION |
                      CURFEW_CAN_SIGN_OUT_SESSION | CURFEW_CAN_SIGN_OUT_SUBJECT | CURFEW_CAN_PROVE |
                      CURFEW_CAN_LIST_SESSIONS | CURFEW_CAN_CONCURRENT_ACTIONS};

  Forms(plugin::Host& host, const plugin::Settings& settings)
      : host_(host),
        settings_(valid([&] { return read_settings(settings.config); })),
        is_recorded_(settings.recorded),
        is_trial_(settings.trial),
        recorded_poll_(host) {
    const auto digest = [this](std::string_view id) { return host_.digest(id); };
    if (!settings_.store.empty())
      sessions_.emplace(make_store(settings_.store), digest, settings_.name_space);
    if (!settings_.inputs.empty()) {
      format_ = valid([&] { return make_format(settings_.format); });
      rules_.emplace(valid([&] { return Rules(settings_.rules); }));
    }
    // Where a request has the session's id, for a gate in front of the application.
    if (!settings_.gate_rules.empty()) host_.gate_rules(settings_.gate_rules);
  }
  ~Forms() { stop(); }

  void start() {
    if (is_trial_ || settings_.inputs.empty()) return;
    LogReading reading{*format_, *rules_, [this](std::string_view text) { return host_.digest(text); },
                       nullptr, settings_.window};
    if (is_recorded_) {
      recorded_.emplace(settings_.inputs, std::move(reading), settings_.recorded);
      recorded_poll_.start([this] { recorded_->read(); });
      return;
    }
    if (sessions_)
      reading.seen = [this](std::string_view id, std::string_view user) { sessions_->seen(id, user); };
    live_.emplace(settings_.inputs, std::move(reading), settings_.live,
                  [this](const std::string& identity) { return host_.cursor("file:" + identity); });
    if (settings_.window != Duration{}) {
      for (const auto& [key, value] : host_.recall_all()) live_->restore(key, value);
    }
    live_->open(host_.now());
  }

  Poll poll(Time deadline) {
    if (is_trial_) return Poll::Idle;
    if (recorded_) return poll_recorded(deadline);
    if (live_) return poll_live(deadline);
    if (is_recorded_) return Poll::Finished;
    // No log: nothing is ever behind.
    host_.progress({.name = "store", .value = "1", .caught_up = true});
    waker_.wait_until(deadline);
    return Poll::Ok;
  }

  plugin::Answer act(const plugin::Action& action) {
    if (!sessions_) return {Code::Unsupported, no_store};
    return sessions_->act(action);
  }
  plugin::Liveness prove(const plugin::Probe& probe) {
    if (!sessions_) throw Failure(Code::Unsupported, no_store);
    return sessions_->prove(probe);
  }
  void list_sessions(const plugin::SessionList& list) {
    if (!sessions_) throw Failure(Code::Unsupported, no_store);
    sessions_->list(list);
  }

  void wake() noexcept {
    waker_.wake();
    recorded_poll_.wake();
  }

  void stop() {
    if (recorded_) recorded_->cancel();
    recorded_poll_.stop();
    if (sessions_) sessions_->stop();
  }

 private:
  static constexpr const char* no_store =
      "this source has only an access log: a setting `store` says where the application keeps its sessions";

  // False when the host wants to stop.
  bool emit(const Finding& finding) {
    plugin::Observation seen;
    seen.type = finding.type;
    seen.occurred_at = finding.at;
    seen.expires_at = finding.expires_at;
    seen.key = finding.key;
    seen.session = finding.session;
    seen.identify(name_space_of(settings_, finding.user), finding.user);
    seen.account_type = account_type_of(settings_, finding.user);
    seen.auth_method = finding.auth_method;
    seen.interactivity = finding.interactivity;
    seen.end_reason = finding.end_reason;
    seen.end_inferred = finding.end_inferred;
    seen.fresh_credentials = finding.fresh_credentials;
    seen.machine = finding.machine;
    seen.count = finding.count;
    seen.address = finding.address;
    seen.user_agent = finding.user_agent;
    seen.application = settings_.application;
    seen.failure = finding.failure;
    return host_.emit(seen) != Emitted::Stopping;  // what is refused, the host counts
  }

  Poll poll_recorded(Time deadline) {
    return recorded_poll_.until(
        deadline, *recorded_, outbox_, [this](const Finding& finding) { return emit(finding); },
        [this] {
          const InputCoverage sum = recorded_->coverage().sum();
          std::uint64_t filtered = sum.headings;
          for (const auto& [reason, count] : sum.filtered) filtered += count;
          return files::RecordedEnd{recorded_->coverage_json(), filtered, sum.unreadable};
        });
  }

  Poll poll_live(Time deadline) {
    while (true) {
      const bool more = live_->step(host_.now());
      if (!hand_over()) return Poll::Ok;
      if (host_.now() >= deadline) return Poll::Ok;
      if (!more && waker_.wait_until(std::min(deadline, host_.now() + look_every))) return Poll::Ok;
    }
  }

  // Findings, then memory, then cursors: what is committed together leaves nothing half told. What the host
  // doesn't take is read again after the next start.
  bool hand_over() {
    for (Finding& finding : live_->take_findings()) outbox_.findings().push_back(std::move(finding));
    if (!outbox_.send([this](const Finding& finding) { return emit(finding); })) return false;
    for (const auto& [key, value] : live_->take_changes()) {
      if (host_.remember(key, value, host_.now() + memory_life) == Emitted::Stopping) return false;
    }
    for (const Live::Cursor& cursor : live_->take_cursors()) {
      const plugin::Progress progress{.name = cursor.name,
                                      .value = cursor.value,
                                      .read = cursor.counts.read,
                                      .filtered = cursor.counts.filtered,
                                      .unreadable = cursor.counts.unreadable,
                                      .observed_until = cursor.observed_until,
                                      .caught_up = cursor.caught_up,
                                      .forget = cursor.forget};
      if (host_.progress(progress) == Emitted::Stopping) return false;
    }
    for (const std::string& complaint : live_->take_complaints()) host_.log(Level::Warning, complaint);
    const Time now = host_.now();
    if (now - coverage_at_ >= coverage_every) {
      coverage_at_ = now;
      host_.coverage(live_->coverage_json());
    }
    return true;
  }

  plugin::Host& host_;
  FormsSettings settings_;
  bool is_recorded_;
  bool is_trial_;
  plugin::Waker waker_;
  std::optional<Sessions> sessions_;
  std::unique_ptr<LogFormat> format_;
  std::optional<Rules> rules_;
  std::optional<Live> live_;
  std::optional<Recorded> recorded_;
  files::RecordedPoll recorded_poll_;
  files::Outbox<Finding> outbox_;
  Time coverage_at_{};
};

}  // namespace
}  // namespace curfew::forms

CURFEW_CONNECTOR(curfew::forms::Forms);
