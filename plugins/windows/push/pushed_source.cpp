#include "plugins/windows/push/pushed_source.hpp"

#include <algorithm>
#include <utility>

namespace curfew::windows {
namespace {

using plugin::Emitted;

constexpr Duration look_every = std::chrono::seconds(1);
constexpr Duration coverage_every = std::chrono::seconds(30);
constexpr Duration session_life = std::chrono::hours(24 * 30);
// What was pushed and never judged: the daemon was away for longer than anybody waits.
constexpr Duration pushed_life = std::chrono::hours(24 * 30);
// A sender that lost its answer comes again within this.
constexpr Duration seen_life = std::chrono::hours(48);

PushLimits limits_of(bool is_by_event_time) {
  PushLimits limits;
  // A history waits as a whole.
  if (is_by_event_time) limits.waiting_records = limits.known_identities;
  return limits;
}

}  // namespace

PushedSource::PushedSource(plugin::Host& host, const ConnectorSettings& settings, bool is_by_event_time,
                           Emit emit)
    : host_(host), emit_(std::move(emit)), intake_(limits_of(is_by_event_time)) {
  if (is_by_event_time) {
    history_.emplace(settings.recorded, settings.quiet);
  } else {
    live_.emplace(settings.live.pairing, settings.live.arrival_delay);
  }
}

void PushedSource::start() {
  for (const auto& [key, value] : host_.recall_all()) {
    if (intake_.restore(key, value)) continue;
    if (live_) live_->restore(key, value);
    if (history_) history_->restore(key, value);
  }
  intake_.end_restore();
}

plugin::HttpAnswer PushedSource::http(const plugin::HttpRequest& request) {
  const auto remember = [this](std::string_view key, std::string_view value) {
    const Duration life = key.starts_with("seen/") ? seen_life : pushed_life;
    return host_.remember(key, value, host_.now() + life) == Emitted::Taken;
  };
  plugin::HttpAnswer answer;
  try {
    answer = answer_push(request, [&](std::vector<PushedRecord>&& records) {
      return intake_.take(std::move(records), remember);
    });
  } catch (const NotKept& failure) {
    throw plugin::Failure(plugin::Code::Unavailable, failure.what());
  }
  if (answer.status >= 400 && answer.status != 404 && answer.status != 429)
    host_.log(plugin::Level::Warning, "a push to " + std::string(request.path) + " was answered " +
                                          std::to_string(answer.status) + ": " + answer.body);
  waker_.wake();
  return answer;
}

plugin::Poll PushedSource::poll(Time deadline) {
  while (true) {
    const bool more = step();
    const Time now = host_.now();
    if (more) {
      if (now >= deadline) return plugin::Poll::Ok;
      continue;
    }
    if (now >= deadline) return plugin::Poll::Ok;
    waker_.wait_until(std::min(deadline, now + look_every));
    if (host_.now() >= deadline) return plugin::Poll::Ok;
    (void)step();
    return plugin::Poll::Ok;
  }
}

bool PushedSource::step() {
  const Time now = host_.now();
  const bool more = live_ ? step_live(now) : step_history(now);
  for (const std::string& key : intake_.take_superfluous()) {
    if (host_.remember(key, "", {}) == Emitted::Stopping) return false;
  }
  if (now - coverage_at_ >= coverage_every) {
    coverage_at_ = now;
    host_.coverage(coverage());
  }
  return more;
}

std::string PushedSource::coverage() const {
  return (live_ ? live_->coverage() : history_->coverage()).to_json();
}

// Findings, then memory, then what is needed no longer, then the cursor: what is committed together leaves
// nothing half told.
bool PushedSource::settle_up(const std::map<std::string, std::string>& changes, const JudgedTexts& judged,
                             const PushCounts& counts, Time judged_until, bool always) {
  const Time now = host_.now();
  for (const auto& [key, value] : changes) {
    if (host_.remember(key, value, now + session_life) == Emitted::Stopping) return false;
  }
  for (const std::string& key : judged.keys) {
    if (host_.remember(key, "", {}) == Emitted::Stopping) return false;
  }
  intake_.judged(judged.records);
  if (!counts.any() && judged_until <= told_until_ && !always) return true;
  told_until_ = std::max(told_until_, judged_until);
  told_at_ = now;
  const plugin::Progress progress{.name = "pushed",
                                  .value = "1",
                                  .read = counts.read,
                                  .filtered = counts.filtered,
                                  .unreadable = counts.unreadable,
                                  .observed_until = judged_until,
                                  .caught_up = true};
  return host_.progress(progress) != Emitted::Stopping;
}

bool PushedSource::step_live(Time now) {
  bool any = false;
  while (auto batch = intake_.next()) {
    live_->take(std::move(*batch), now);
    any = true;
  }
  live_->advance(now);
  for (Finding& finding : live_->take_findings()) outbox_.findings().push_back(std::move(finding));
  if (!outbox_.send(emit_)) return false;
  const bool is_due = now - told_at_ >= look_every;
  if (!any && !is_due) return false;
  if (!settle_up(live_->take_changes(), live_->take_judged(), live_->take_counts(), live_->judged_until(),
                 is_due))
    return false;
  return any;
}

bool PushedSource::step_history(Time now) {
  while (history_->is_open()) {
    auto batch = intake_.next();
    if (!batch) break;
    history_->take(std::move(*batch), now);
  }
  if (!outbox_.send(emit_)) return false;
  const bool more = history_->next(outbox_.findings(), now);
  if (!outbox_.send(emit_)) return false;
  // Within a piece too: what was told so far may go on.
  if (more) {
    const plugin::Progress progress{
        .name = "pushed", .value = "1", .observed_until = history_->judged_until()};
    return host_.progress(progress) != Emitted::Stopping;
  }
  (void)settle_up(history_->take_changes(), history_->take_judged(), history_->take_counts(),
                  history_->judged_until(), false);
  return false;
}

}  // namespace curfew::windows
