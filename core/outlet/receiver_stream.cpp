// What a stream does by itself: it queues what the ledger proves, and delivers it. What the receiver does
// with it is in stream_management.cpp, and its polls are in receiver_poll.cpp.
#include "core/outlet/receiver_stream.hpp"

#include <algorithm>
#include <utility>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/kill_point.hpp"
#include "core/outlet/receiver_secret.hpp"

namespace curfew::outlet {

using metrics::OutletOutcome;

namespace {

constexpr Duration push_timeout = std::chrono::seconds(10);
constexpr Duration first_pause = std::chrono::seconds(1);
constexpr Duration longest_pause = std::chrono::minutes(5);
constexpr Duration idle_pause = std::chrono::seconds(2);
constexpr int most_pushes = 50;  // before the ledger is looked at again

}  // namespace

std::string random_id() {
  std::array<std::uint8_t, 16> bytes{};
  base::fill_random(bytes);
  return base::to_hex(bytes);
}

ReceiverStream::ReceiverStream(const Ground& ground, const Knowledge& knowledge, const SigningKeys& keys,
                               ReceiverSettings settings, std::string secrets_folder)
    : ground_(ground),
      knowledge_(knowledge),
      settings_(std::move(settings)),
      secrets_folder_(std::move(secrets_folder)),
      maker_(ground, knowledge, keys, settings_.telling, settings_.tells_handle),
      cursor_(ground, "signals/" + settings_.name),
      subjects_at_(ground, "subjects/" + settings_.name) {
  if (!cursor_.is_new()) {
    state_ = stream_state_from_json(cursor_.state());
  } else if (settings_.fixed) {
    StreamState fresh;
    fresh.id = random_id();
    fresh.default_subjects = settings_.default_subjects;
    change_at(newest_place(ground_), std::move(fresh));
  }
  if (settings_.fixed) state_.delivery = *settings_.fixed;
  load_subjects();
  note_waiting();
  for (const OutletOutcome outcome :
       {OutletOutcome::Delivered, OutletOutcome::Refused, OutletOutcome::NotTold, OutletOutcome::NotWanted,
        OutletOutcome::Dropped})
    count(outcome, 0);
  follower_ = std::make_unique<Follower>(
      ground_, cursor_,
      FollowerSettings{.name = "signals/" + settings_.name,
                       .appetite = [this] { return appetite(); },
                       .take = [this](const Chunk& chunk) { return take(chunk); }});
}

ReceiverStream::~ReceiverStream() { stop(); }

void ReceiverStream::start() { follower_->start(); }

void ReceiverStream::wake() { follower_->wake(); }

void ReceiverStream::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    arrived_.notify_all();
  }
  follower_->stop();
}

void ReceiverStream::note_waiting() const {
  if (ground_.metrics != nullptr)
    ground_.metrics->gauge(metrics::outlet_waiting, {"signals/" + settings_.name})
        .set(static_cast<double>(state_.pending.size()));
}

void ReceiverStream::count(OutletOutcome outcome, std::size_t how_many) const {
  if (ground_.metrics != nullptr)
    ground_.metrics
        ->counter(metrics::outlet_delivered, {"signals/" + settings_.name, metrics::name_of(outcome)})
        .add(static_cast<double>(how_many));
}

// With the lock held; in memory only what is stored.
void ReceiverStream::change_at(store::Place place, StreamState next) {
  cursor_.move(place, to_json(next));
  state_ = std::move(next);
  note_waiting();
}

void ReceiverStream::change(StreamState next) { change_at(cursor_.place(), std::move(next)); }

Appetite ReceiverStream::appetite() {
  const std::lock_guard lock(mutex_);
  if (state_.id.empty()) return Appetite::None;
  if (state_.status == StreamStatus::Paused || state_.pending.size() >= most_pending) return Appetite::Later;
  return Appetite::Now;
}

Duration ReceiverStream::take(const Chunk& chunk) {
  absorb(chunk);
  {
    const std::lock_guard lock(mutex_);
    if (state_.delivery == Delivery::Poll) return idle_pause;
  }
  return deliver();
}

void ReceiverStream::absorb(const Chunk& chunk) {
  const std::lock_guard lock(mutex_);
  // Meanwhile it may have been given up, made anew, paused.
  if (state_.id.empty() || state_.status == StreamStatus::Paused || chunk.first < cursor_.place()) return;
  const bool is_wanted = state_.requested.empty() ||
                         std::find(state_.requested.begin(), state_.requested.end(), session_revoked_type) !=
                             state_.requested.end();
  StreamState next = state_;
  std::size_t looked_at = 0;
  for (; looked_at < chunk.entries.size() && next.pending.size() < most_pending; ++looked_at) {
    if (next.status == StreamStatus::Disabled || !is_wanted ||
        !proves_sign_out(chunk.entries[looked_at].entry))
      continue;
    const store::Place place = chunk.place_of(looked_at);
    next.pending.push_back({.id = event_id(chunk.id, place, next.id), .place = place, .state = {}});
  }
  const store::Place place = chunk.place_of(looked_at);
  // After all that it is to vouch for.
  if (next.asked && place >= next.asked->after) {
    next.pending.push_back({.id = next.asked->id, .place = {}, .state = next.asked->state});
    next.asked.reset();
  }
  if (next.pending.size() == state_.pending.size()) {
    if (place > cursor_.place()) cursor_.pass(place);
    return;
  }
  change_at(place, std::move(next));
  arrived_.notify_all();
}

void ReceiverStream::record_told(const std::vector<Pending>& told, std::size_t names) const {
  if (names == 0) return;
  std::string reason = "told of session-revoked:";
  for (const Pending& one : told) {
    if (reason.size() < 900) reason += " " + one.id;
  }
  knowledge_.record_access("receiver " + settings_.name, reason, names);
}

Duration ReceiverStream::deliver() {
  for (int pushed = 0; pushed < most_pushes && !follower_->is_stopping(); ++pushed) {
    Pending front;
    PushTarget target;
    std::string stream;
    std::optional<SubjectFilter> wanted;
    {
      const std::lock_guard lock(mutex_);
      if (state_.pending.empty() || state_.status != StreamStatus::Enabled ||
          state_.delivery != Delivery::Push)
        return idle_pause;
      const auto left = retry_at_ - ground_.steady_now();
      if (pause_ > Duration(0) && left > left.zero()) return std::chrono::ceil<Duration>(left);
      front = state_.pending.front();
      target = target_of(state_);
      stream = state_.id;
      wanted = filter();
    }
    const MadeEvent event = maker_.make(front, stream, *wanted);
    PushAnswer answer{.fate = PushFate::Delivered, .text = {}, .retry_after = {}};
    if (!event.token.empty()) {
      if (!front.disclosed) record_told({front}, event.names);
      base::kill_point("outlet.before_push");
      answer = push_event(target, event.token, push_timeout, ground_.now());
      base::kill_point("outlet.after_push");
    }
    const std::lock_guard lock(mutex_);
    const bool is_there = !state_.pending.empty() && state_.pending.front().id == front.id;
    if (answer.fate == PushFate::Again) {
      if (is_there) state_.pending.front().disclosed = true;
      return give_up_for_now(answer);
    }
    if (pause_ > Duration(0))
      ground_.log(Severity::Info, "the receiver " + settings_.name + " takes events again");
    pause_ = Duration(0);
    if (answer.fate == PushFate::Refused)
      ground_.log(Severity::Warning, "the receiver " + settings_.name + " refused event " + front.id +
                                         " for good: " + answer.text);
    if (!is_there) continue;
    StreamState next = state_;
    next.pending.pop_front();
    change(std::move(next));
    count(event.is_unwanted                  ? OutletOutcome::NotWanted
          : event.token.empty()              ? OutletOutcome::NotTold
          : answer.fate == PushFate::Refused ? OutletOutcome::Refused
                                             : OutletOutcome::Delivered);
  }
  return Duration(0);
}

Duration ReceiverStream::give_up_for_now(const PushAnswer& answer) {
  if (ground_.metrics != nullptr)
    ground_.metrics->counter(metrics::outlet_failures, {"signals/" + settings_.name}).add();
  if (pause_ == Duration(0))
    ground_.log(Severity::Warning, "the receiver " + settings_.name + " takes no events (" + answer.text +
                                       "); they wait and are sent again");
  pause_ = pause_ == Duration(0) ? first_pause : std::min(pause_ * 2, longest_pause);
  const Duration wait = std::max(pause_, answer.retry_after.value_or(Duration(0)));
  retry_at_ = ground_.steady_now() + wait;
  return wait;
}

PushTarget ReceiverStream::target_of(const StreamState& state) const {
  PushTarget target;
  target.ca_file = settings_.ca_file;
  if (settings_.fixed) {
    target.url = settings_.push_url;
    target.authorization = settings_.push_authorization;
    return target;
  }
  target.url = state.endpoint;
  if (!state.secret_file.empty()) target.authorization = secret_of(secrets_folder_, state.secret_file);
  return target;
}

}  // namespace curfew::outlet
