// What a sign-out means for its person's other sessions: those that begin after it, while a hold stands, and
// those that had begun before it and come to light only then.
#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "core/engine/state.hpp"

namespace curfew::engine {

using enforcement::Order;
using enforcement::Step;

// Under the caps and protections of the sign-out that brought it about.
void Engine::State::order_besides(Order order, Slot slot, const std::vector<model::LadderStep>& ladder) {
  std::string held = hold_reason(ladder, sessions.at(slot).subject_index, 1);
  if (held.empty() &&
      !caps.admits(order.policy, most_per_minute(order.policy), set.safety.most_sign_outs_per_minute, now))
    held = "cap";
  this->order(std::move(order), slot, ladder, std::move(held));
}

// New sessions of somebody who was signed out end at first sight, unless fresh credentials came with them.
void Engine::State::check_hold(Slot slot, bool fresh) {
  const Session& session = sessions.at(slot);
  const auto found = holds.find(session.subject_index);
  if (found == holds.end() || !session.lives() || session.started_at <= found->second.since) return;
  if (fresh) {
    holds.erase(found);
    return;
  }
  if (const KeptOrder* kept = order_of(session); kept != nullptr && kept->order.concluded_at == Time{})
    return;
  // It may be over already.
  if (Source& own = sources.at(session.source); own.reads_backlog()) {
    own.unchecked.insert(session.number);
    return;
  }
  Order order;
  order.reason = "hold: " + found->second.policy;
  order.policy = found->second.policy;
  order.ordered_by = "policy";
  order.breached_at = session.started_at;
  order.hold = true;
  const std::vector<model::LadderStep> ladder = found->second.ladder;
  order_besides(std::move(order), slot, ladder);
}

void Engine::State::list_clearing(const Order& order) {
  const std::uint32_t subject = subjects.find(order.subject);
  const bool clears = std::any_of(order.steps.begin(), order.steps.end(), [](const Step& step) {
    return step.ladder.action == model::Action::SignOutSubject;
  });
  if (clears && order.follows == 0 && subject != no_slot) clearing[subject].insert(order.number);
}

void Engine::State::check_late(Slot slot) {
  const auto found = clearing.find(sessions.at(slot).subject_index);
  if (found != clearing.end()) check_late(slot, std::set<model::OrderNumber>(found->second));
}

// Its person was signed out of this source altogether, and it had begun before that: who was asked to end
// their sessions may not have known it either, or not by a name that was theirs then.
void Engine::State::check_late(Slot slot, const std::set<model::OrderNumber>& numbers) {
  const Session& session = sessions.at(slot);
  if (numbers.empty() || !session.lives()) return;
  const std::string source(symbols.text(session.source));
  const KeptOrder* own = order_of(session);
  if (own != nullptr && own->order.concluded_at == Time{}) return;
  const auto missed_by = [&](model::OrderNumber number) {
    const auto kept = orders.find(number);
    if (kept == orders.end() || (own != nullptr && own->order.number >= number)) return false;
    const Order& order = kept->second.order;
    if (order.session == session.number || order.outcome == model::Outcome::Mistaken) return false;
    const Time cleared = enforcement::cleared_at(order, source);
    return cleared != Time{} && session.started_at <= cleared && session.last_fresh_at <= cleared;
  };
  const auto newest = std::find_if(numbers.rbegin(), numbers.rend(), missed_by);
  if (newest == numbers.rend()) return;
  if (Source& at = sources.at(session.source); at.reads_backlog()) {
    at.unchecked.insert(session.number);
    return;
  }
  const Order& first = orders.at(*newest).order;
  Order order;
  order.reason = "late: " + first.reason;
  order.policy = first.policy;
  order.violation = first.violation;
  order.follows = first.number;
  order.ordered_by = first.ordered_by;
  order.refusal = first.refusal;
  order.breached_at = first.breached_at;
  std::vector<model::LadderStep> ladder;
  for (const Step& step : first.steps) {
    if (step.ladder.action != model::Action::SignOutSubject || step.source != source) continue;
    ladder.push_back(step.ladder);
    ladder.back().together = false;
    break;
  }
  order_besides(std::move(order), slot, ladder);
}

}  // namespace curfew::engine
