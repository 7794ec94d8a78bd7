// What an order still does when its ladder has ended: it is watched for a late proof, and what reverts is
// undone.
#include <algorithm>

#include "core/enforcement/loop.hpp"

namespace curfew::enforcement {

using model::AnswerCode;
using model::Liveness;
using model::Outcome;

Outcome Loop::exhausted() const {
  if (const auto last = order_.last_act(); last && order_.steps[*last].alive_after)
    return Outcome::StillAlive;
  const bool contained =
      order_.guarded || std::any_of(order_.steps.begin(), order_.steps.end(),
                                    [](const Step& step) { return step.verdict == Verdict::Contained; });
  return contained ? Outcome::Contained : Outcome::Unproven;
}

void Loop::watch() {
  const auto last = order_.last_act();
  if (!last) return;
  order_.watch_until = now_ + watch_for;
  Step& step = order_.steps[*last];
  step.backoff = longest_backoff;
  step.next_probe_at = step.probe_source.empty() ? Time{} : now_ + step.backoff;
}

void Loop::wake_watch() {
  const std::uint32_t last = *order_.last_act();
  Step& step = order_.steps[last];
  if (order_.expires_at != Time{} && now_ >= order_.expires_at + expiry_skew) {
    prove_late(last, Proof::Expired);
    return;
  }
  if (now_ >= order_.watch_until) {
    order_.watch_until = Time{};
    step.probe_open = false;
    return;
  }
  if (step.probe_open && now_ >= step.probe_asked_at + probe_patience) {
    step.probe_open = false;
    step.next_probe_at = now_ + step.backoff;
  }
  if (step.probe_open || step.next_probe_at == Time{} || now_ < step.next_probe_at) return;
  step.next_probe_at = Time{};
  ask(last);
}

void Loop::take_watch_probe(std::uint32_t index, Liveness session, Liveness control) {
  Step& step = order_.steps[index];
  if (const Proof proof = shown_by(step, session, control); proof != Proof::None) {
    prove_late(index, proof);
    return;
  }
  step.backoff = std::min(step.backoff * 2, longest_watch_pause);
  step.next_probe_at = now_ + step.backoff;
  if (session != Liveness::Alive) return;
  take_alive(step);
  step.alive_after = true;
  found_alive("the source says that the session lives");
}

void Loop::prove_late(std::uint32_t index, Proof proof) {
  Step& step = order_.steps[index];
  step.alive_after = false;
  step.verdict = Verdict::Proven;
  step.proof = proof;
  events_.push_back({EventKind::Step, index, false, {}});
  conclude(Outcome::Proven);
}

void Loop::found_alive(const std::string& why) {
  if (order_.outcome == Outcome::StillAlive) return;
  order_.outcome = Outcome::StillAlive;
  events_.push_back({EventKind::Order, 0, false, {}});
  events_.push_back({EventKind::Alert, 0, false, why});
}

void Loop::wake_revert(std::uint32_t index) {
  Step& step = order_.steps[index];
  if (step.revert == Revert::Acting && now_ >= step.revert_at) {
    take_revert_answer(index, AnswerCode::TimedOut);
    return;
  }
  if (step.revert != Revert::Planned || now_ < step.revert_at) return;
  step.revert = Revert::Acting;
  step.revert_at = now_ + answer_patience;
  ++step.revert_tries;
  events_.push_back({EventKind::Intent, index, true, {}});
}

void Loop::take_revert_answer(std::uint32_t index, AnswerCode code) {
  Step& step = order_.steps[index];
  if (code == AnswerCode::Accepted || code == AnswerCode::NotFound) {
    step.revert = Revert::Done;
    step.revert_at = now_;
    order_.reverted_at = now_;
    events_.push_back({EventKind::Reverted, index, true, {}});
    return;
  }
  if (step.revert_tries < most_revert_tries) {
    step.revert = Revert::Planned;
    step.revert_at = now_ + revert_pause * step.revert_tries;
    return;
  }
  step.revert = Revert::Failed;
  events_.push_back({EventKind::Alert, index, true, "a step could not be undone"});
}

}  // namespace curfew::enforcement
