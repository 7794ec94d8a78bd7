#include "core/enforcement/loop.hpp"

#include <algorithm>

namespace curfew::enforcement {

using model::Action;
using model::AnswerCode;
using model::Liveness;
using model::Outcome;

std::uint32_t Loop::group_end(std::uint32_t begin) const {
  std::uint32_t end = begin + 1;
  while (end < order_.steps.size() && order_.steps[end].ladder.together) ++end;
  return end;
}

void Loop::begin() {
  order_.outcome = Outcome::Pending;
  order_.held_because.clear();
  order_.group = 0;
  if (order_.steps.empty()) {
    conclude(Outcome::Unproven);
    return;
  }
  const std::uint32_t end = group_end(0);
  for (std::uint32_t i = 0; i < end; ++i) begin_step(i);
}

void Loop::begin_step(std::uint32_t index) {
  Step& step = order_.steps[index];
  if (step.ladder.action == Action::Notify || step.probe_source.empty()) {
    intend(index);
    return;
  }
  step.phase = Phase::Looking;
  ask(index);
}

void Loop::ask(std::uint32_t index) {
  Step& step = order_.steps[index];
  ++step.probes;
  step.probe_open = true;
  step.probe_asked_at = now_;
  events_.push_back({EventKind::Ask, index, false, {}});
}

void Loop::intend(std::uint32_t index) {
  Step& step = order_.steps[index];
  step.phase = Phase::Acting;
  step.probe_open = false;
  step.intended_at = now_;
  step.answered = false;
  step.in_doubt = false;
  ++step.acts;
  events_.push_back({EventKind::Intent, index, false, {}});
}

void Loop::answer(std::uint32_t index, AnswerCode code) {
  if (index >= order_.steps.size()) return;
  Step& step = order_.steps[index];
  if (step.revert == Revert::Acting) {
    take_revert_answer(index, code);
    return;
  }
  if (step.phase != Phase::Acting) return;  // given up before, or answered already
  step.answered = true;
  step.answer = code;
  step.answered_at = now_;
  const bool may_have_worked =
      code == AnswerCode::Accepted || code == AnswerCode::NotFound || code == AnswerCode::TimedOut;
  if (may_have_worked && code != AnswerCode::NotFound && step.ladder.revert_after > Duration{0} &&
      is_reversible(step.ladder.action)) {
    step.revert = Revert::Planned;
    step.revert_at = now_ + step.ladder.revert_after;
  }
  if (!order_.running()) return;  // mistaken meanwhile: only what there is to undo counted
  if (!may_have_worked) {
    conclude_step(index, Verdict::Failed);
    return;
  }
  start_proving(step, index);
}

void Loop::start_proving(Step& step, std::uint32_t index) {
  step.phase = Phase::Proving;
  step.alive_after = false;  // of an act that is done again, the first one's signs of life say nothing
  step.prove_by = now_ + step.ladder.prove_within;
  step.backoff = first_backoff;
  step.next_probe_at = Time{};
  if (step.ladder.action != Action::Notify && !step.probe_source.empty()) ask(index);
}

void Loop::probe(std::uint32_t index, std::uint32_t number, Liveness session, Liveness control) {
  if (index >= order_.steps.size() || !(order_.running() || order_.watched())) return;
  Step& step = order_.steps[index];
  if (!step.probe_open || number != step.probes) return;  // an answer to what nobody waits for any more
  step.probe_open = false;
  if (order_.watched()) {
    take_watch_probe(index, session, control);
    return;
  }
  const Proof proof = shown_by(step, session, control);
  if (step.phase == Phase::Looking) {
    // It may have ended before the step; that it can't be asked about proves nothing.
    if (proof == Proof::DeadBesideControl) {
      conclude_step(index, Verdict::Proven, proof);
      return;
    }
    if (session == Liveness::Alive) take_alive(step);
    intend(index);
    return;
  }
  if (step.phase != Phase::Proving) return;
  if (proof != Proof::None && !step.at_gate) {
    conclude_step(index, Verdict::Proven, proof);
    return;
  }
  if (session == Liveness::Alive) {
    take_alive(step);
    step.alive_after = true;
    // It had no effect, whether it was done or not: only now is it done again.
    if (step.in_doubt) {
      intend(index);
      return;
    }
  }
  if (now_ >= step.prove_by) {
    give_up(index);
    return;
  }
  step.next_probe_at = std::min(now_ + step.backoff, step.prove_by);
  step.backoff = std::min(step.backoff * 2, longest_backoff);
}

Proof Loop::shown_by(const Step& step, Liveness session, Liveness control) {
  if (session != Liveness::Dead || step.contradicted) return Proof::None;
  if (control == Liveness::Alive) return Proof::DeadBesideControl;
  return step.alive_before ? Proof::DeadAfterAlive : Proof::None;
}

void Loop::take_alive(Step& step) {
  step.alive_before = true;
  step.contradicted = false;
}

void Loop::give_up(std::uint32_t index) {
  const Step& step = order_.steps[index];
  if (step.ladder.action == Action::Notify && step.answer == AnswerCode::Accepted)
    conclude_step(index, Verdict::Delivered);
  else if (step.alive_after)
    conclude_step(index, Verdict::StillAlive);
  else if (step.at_gate && step.answer == AnswerCode::Accepted)
    conclude_step(index, Verdict::Contained);
  else
    conclude_step(index, Verdict::Unproven);
}

void Loop::conclude_step(std::uint32_t index, Verdict verdict, Proof proof) {
  Step& step = order_.steps[index];
  step.phase = Phase::Done;
  step.verdict = verdict;
  step.proof = proof;
  step.probe_open = false;
  if (verdict == Verdict::Proven) step.alive_after = false;
  events_.push_back({EventKind::Step, index, false, {}});
  if (verdict == Verdict::StillAlive) order_.outcome = Outcome::StillAlive;
  advance();
}

void Loop::advance() {
  const std::uint32_t end = group_end(order_.group);
  bool proven = false;
  bool all_required = true;
  for (std::uint32_t i = order_.group; i < end; ++i) {
    const Step& step = order_.steps[i];
    if (step.phase != Phase::Done) return;
    if (step.ladder.action == Action::Notify) continue;
    proven |= step.verdict == Verdict::Proven;
    all_required &= !step.ladder.required || step.verdict == Verdict::Proven;
  }
  if (proven && all_required) {
    conclude(Outcome::Proven);
    return;
  }
  if (end >= order_.steps.size()) {
    conclude(exhausted());
    watch();
    return;
  }
  order_.group = end;
  const std::uint32_t next_end = group_end(end);
  for (std::uint32_t i = end; i < next_end; ++i) {
    // A step that ends at once (it can't, today) must not begin the next group twice.
    if (order_.running() && order_.group == end) begin_step(i);
  }
}

void Loop::conclude(Outcome outcome) {
  order_.outcome = outcome;
  order_.concluded_at = now_;
  order_.watch_until = Time{};
  for (Step& step : order_.steps) step.probe_open = false;
  events_.push_back({EventKind::Order, 0, false, {}});
  if (outcome == Outcome::Unproven || outcome == Outcome::Contained || outcome == Outcome::StillAlive) {
    events_.push_back({EventKind::Alert, 0, false, "ladder exhausted without a proof"});
  }
}

void Loop::wake() {
  for (std::uint32_t i = 0; i < order_.steps.size(); ++i) wake_revert(i);
  if (order_.watched()) wake_watch();
  if (!order_.running()) return;
  if (order_.expires_at != Time{} && order_.acted() && now_ >= order_.expires_at + expiry_skew) {
    session_ended(Proof::Expired, order_.expires_at);
    return;
  }
  const std::uint32_t begin = order_.group;
  const std::uint32_t end = group_end(begin);
  for (std::uint32_t i = begin; i < end && order_.running() && order_.group == begin; ++i) wake_step(i);
}

void Loop::wake_step(std::uint32_t index) {
  Step& step = order_.steps[index];
  const bool probe_lost = step.probe_open && now_ >= step.probe_asked_at + probe_patience;
  switch (step.phase) {
    case Phase::Waiting:
    case Phase::Done:
      return;
    case Phase::Looking:
      if (probe_lost) intend(index);
      return;
    case Phase::Acting:
      if (now_ >= step.intended_at + answer_patience) answer(index, AnswerCode::TimedOut);
      return;
    case Phase::Proving:
      if (step.probe_open && !probe_lost) return;
      step.probe_open = false;
      if (now_ >= step.prove_by && (step.next_probe_at == Time{} || probe_lost)) {
        give_up(index);
      } else if (probe_lost || (step.next_probe_at != Time{} && now_ >= step.next_probe_at)) {
        step.next_probe_at = Time{};
        ask(index);
      }
      return;
  }
}

void Loop::restarted() {
  for (std::uint32_t i = 0; i < order_.steps.size(); ++i) {
    Step& step = order_.steps[i];
    if (step.revert == Revert::Acting) {
      // To undo twice is harmless, and nobody can say whether it was done.
      step.revert = Revert::Planned;
      step.revert_at = now_;
    }
    if (order_.watched() && step.probe_open) ask(i);
    if (!order_.running()) continue;
    // What became due while nobody listened is meant only now, and will be done.
    if (step.phase == Phase::Acting && step.intended_at < now_) {
      answer(i, AnswerCode::TimedOut);
      // A notice may have been read: it is not sent twice.
      step.in_doubt = step.phase == Phase::Proving && step.ladder.action != Action::Notify;
    } else if (step.probe_open) {
      ask(i);
    }
    // While nobody could look, no proof could come.
    if (step.phase == Phase::Proving)
      step.prove_by = std::max(step.prove_by, now_ + step.ladder.prove_within);
  }
}

// Activity is no answer of the source: it shows a lie, and never makes a later "dead" a proof. Only a probe
// that said "alive" does.
void Loop::session_acted(Time occurred_at) {
  if (!order_.running()) {
    const auto last = order_.last_act();
    if (!last || order_.outcome == Outcome::Held || order_.outcome == Outcome::Mistaken) return;
    Step& step = order_.steps[*last];
    if (occurred_at <= step.answered_at) return;
    if (order_.outcome == Outcome::Proven) {
      if (occurred_at <= order_.concluded_at + contradiction_skew) return;
      if (step.proof == Proof::DeadAfterAlive || step.proof == Proof::DeadBesideControl) {
        for (Step& other : order_.steps) {
          if (other.probe_source != step.probe_source) continue;
          other.alive_before = false;
          other.contradicted = true;
        }
      }
      step.alive_after = true;
      found_alive("activity after the proof: it is taken back");
      watch();
      return;
    }
    if (!order_.watched()) return;
    step.alive_after = true;
    found_alive("activity after the last step");
    return;
  }
  for (std::uint32_t i = 0; i < order_.steps.size(); ++i) {
    Step& step = order_.steps[i];
    if (step.phase == Phase::Proving && step.answered && occurred_at > step.answered_at) {
      step.alive_after = true;
      if (step.in_doubt) intend(i);
    }
  }
}

void Loop::session_ended(Proof proof, Time occurred_at) {
  if (order_.watched()) {
    const std::uint32_t last = *order_.last_act();
    if (occurred_at > order_.steps[last].answered_at) prove_late(last, proof);
    return;
  }
  if (order_.concluded_at != Time{}) return;
  if (order_.outcome == Outcome::Held) {
    dismiss("session_ended");
    return;
  }
  // A refusal only counts after the step that brought it about.
  const auto counts = [&](const Step& step) {
    return proof != Proof::RefusedCredential || (step.answered && occurred_at > step.answered_at);
  };
  const std::uint32_t begin = order_.group;
  const std::uint32_t end = group_end(begin);
  if (proof != Proof::RefusedCredential) {
    // Nobody is left to be notified.
    for (std::uint32_t i = begin; i < end; ++i) {
      Step& step = order_.steps[i];
      if (step.ladder.action == Action::Notify && step.phase != Phase::Done) {
        step.phase = Phase::Done;
        step.verdict = Verdict::Delivered;
      }
    }
  }
  for (std::uint32_t i = begin; i < end && order_.running() && order_.group == begin; ++i) {
    const Step& step = order_.steps[i];
    if (step.phase != Phase::Done && counts(step)) conclude_step(i, Verdict::Proven, proof);
  }
  // Only a notice was out, all else of its group done: the session is over, and nothing more need be done.
  if (order_.running() && order_.group == begin && proof != Proof::RefusedCredential &&
      std::all_of(order_.steps.begin() + begin, order_.steps.begin() + end,
                  [](const Step& step) { return step.phase == Phase::Done; })) {
    for (std::uint32_t i = begin; i < end; ++i) {
      if (order_.steps[i].ladder.action == Action::Notify) order_.steps[i].proof = proof;
    }
    conclude(Outcome::Proven);
  }
}

void Loop::withdraw() {
  if (!order_.acted()) {
    if (order_.concluded_at == Time{}) dismiss("withdrawn");
    return;
  }
  for (Step& step : order_.steps) {
    const bool may_have_worked =
        step.answered && (step.answer == AnswerCode::Accepted || step.answer == AnswerCode::TimedOut);
    if (may_have_worked && is_reversible(step.ladder.action) &&
        (step.revert == Revert::None || step.revert == Revert::Planned)) {
      step.revert = Revert::Planned;
      step.revert_at = now_;
    }
  }
  conclude(Outcome::Mistaken);
}

void Loop::dismiss(const std::string& why) {
  order_.held_because = why;
  conclude(Outcome::Held);
}

Time next_wake(const Order& order) {
  Time wake{};
  const auto at = [&wake](Time time) {
    if (wake == Time{} || time < wake) wake = time;
  };
  for (const Step& step : order.steps) {
    if (step.revert == Revert::Planned || step.revert == Revert::Acting) at(step.revert_at);
    if (!order.running()) continue;
    if (step.probe_open)
      at(step.probe_asked_at + probe_patience);
    else if (step.phase == Phase::Acting)
      at(step.intended_at + answer_patience);
    else if (step.phase == Phase::Proving)
      at(step.next_probe_at != Time{} ? step.next_probe_at : step.prove_by);
  }
  if ((order.running() || order.watched()) && order.acted() && order.expires_at != Time{})
    at(order.expires_at + expiry_skew);
  if (order.watched()) {
    at(order.watch_until);
    const Step& step = order.steps[*order.last_act()];
    if (step.probe_open)
      at(step.probe_asked_at + probe_patience);
    else if (step.next_probe_at != Time{})
      at(step.next_probe_at);
  }
  return wake;
}

}  // namespace curfew::enforcement
