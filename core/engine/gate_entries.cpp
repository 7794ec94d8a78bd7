#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/engine/state.hpp"

namespace curfew::engine {

using model::GateEntry;
using model::Refusal;
using model::Rule;
using model::Standing;

namespace {

Refusal refusal_of(model::EndReason reason) {
  switch (reason) {
    case model::EndReason::SignedOut:
      return Refusal::SignedOut;
    case model::EndReason::IdleTimeout:
      return Refusal::IdleTimeout;
    case model::EndReason::AbsoluteTimeout:
      return Refusal::SessionTimeout;
    case model::EndReason::Replaced:
      return Refusal::TooManySessions;
    case model::EndReason::Forced:
      return Refusal::Administrator;
    default:
      return Refusal::Expired;
  }
}

}  // namespace

GateEntry Engine::State::gate_entry(Slot slot) const {
  const Session& session = sessions.at(slot);
  GateEntry entry;
  const Source* source = sources.find(session.source);
  if (source == nullptr || !source->guarded || sessions.find(session.source, session.digest) != slot)
    return entry;
  entry.source = symbols.text(session.source);
  entry.session = session.digest;
  entry.number = session.number;
  entry.last_person_at = std::max(session.last_person_at, session.started_at);
  if (const KeptOrder* kept = order_of(session); kept != nullptr && refuses(kept->order)) {
    entry.standing = Standing::Refused;
    entry.refusal = kept->order.refusal;
    return entry;
  }
  // What nobody stated may be wrong, and the session may go on.
  const bool is_over =
      !session.lives() && (session.end_certainty == model::Certainty::Stated || session.proven_end);
  if (is_over) {
    entry.standing = Standing::Refused;
    entry.refusal = refusal_of(session.end_reason);
    return entry;
  }
  limit(entry, session);
  return entry;
}

// The limits by which the gate may refuse before the engine has decided: those whose breach would lead to a
// sign-out that waits for nobody.
void Engine::State::limit(GateEntry& entry, const Session& session) const {
  const Source& source = *sources.find(session.source);
  // A source that can't be heard may have shown activity.
  const bool idle_is_known = std::any_of(source.shown_by.begin(), source.shown_by.end(),
                                         [&](model::Symbol name) { return sources.find(name)->is_gate; }) &&
                             std::none_of(source.shown_by.begin(), source.shown_by.end(),
                                          [&](model::Symbol name) { return sources.find(name)->silent; });
  for (const policy::PolicyIndex index : book.candidates(session.scope_class).timed) {
    const model::Policy& policy = book.at(index).policy;
    if (policy.mode != model::PolicyMode::Enforce || policy.limit <= Duration{0}) continue;
    const bool ends =
        std::any_of(policy.ladder.begin(), policy.ladder.end(),
                    [](const model::LadderStep& step) { return step.action != model::Action::Notify; });
    if (!ends || match_of(index, session) != policy::Match::Yes) continue;
    if (may_wait(policy.ladder, session)) continue;
    // It was decided about, and the session may live: a cap holds its sign-out back, or somebody dismissed
    // it.
    const Mark* known = find_mark(session, index);
    if (was_found(known, policy.rule, base_of(policy.rule, session))) continue;
    const bool warns = policy.warn_before > Duration{0} && policy.warn_before < policy.limit;
    if (policy.rule == Rule::InactivityTimeout) {
      if (!idle_is_known || (entry.idle_limit > Duration{0} && entry.idle_limit <= policy.limit)) continue;
      entry.idle_limit = policy.limit;
      entry.idle_warning = warns ? policy.warn_before : Duration{0};
    } else {
      const Time at = base_of(policy.rule, session) + policy.limit;
      if (entry.refuse_at != Time{} && entry.refuse_at <= at) continue;
      entry.refuse_at = at;
      entry.warn_at = warns ? at - policy.warn_before : Time{};
    }
  }
}

// Whether a sign-out by this ladder may have to wait for somebody, however many other sessions its person has
// just now.
bool Engine::State::may_wait(const std::vector<model::LadderStep>& ladder, const Session& session) const {
  if (!hold_reason(ladder, session.subject_index, 1).empty()) return true;
  return set.safety.approve_above > 0 &&
         std::any_of(ladder.begin(), ladder.end(),
                     [](const model::LadderStep& step) { return enforcement::hits_subject(step.action); });
}

GateEntry Engine::gate_entry(model::SessionNumber number) const {
  const Slot slot = state_->sessions.find(number);
  return slot == no_slot ? GateEntry{} : state_->gate_entry(slot);
}

bool Engine::is_guarded(std::string_view source) const {
  const Source* found = state_->sources.find(state_->symbols.find(source));
  return found != nullptr && found->guarded;
}

bool Engine::is_gate(std::string_view source) const {
  const Source* found = state_->sources.find(state_->symbols.find(source));
  return found != nullptr && found->is_gate;
}

std::vector<model::SessionNumber> Engine::gate_changes(const model::Input& input,
                                                       const model::Effects& effects) const {
  if (!state_->sources.has_gates()) return {};
  if (effects.limits_moved) return guarded_sessions();
  std::vector<model::SessionNumber> numbers;
  const auto add = [&](model::SessionNumber number) {
    const Slot slot = state_->sessions.find(number);
    if (slot != no_slot && state_->sources.find(state_->sessions.at(slot).source)->guarded)
      numbers.push_back(number);
  };
  for (const model::SessionNumber number : effects.sessions) add(number);
  for (const model::OrderNumber number : effects.sign_outs) {
    if (const auto kept = state_->orders.find(number); kept != state_->orders.end())
      add(kept->second.order.session);
  }
  for (const model::ViolationNumber number : effects.violations) {
    if (const auto violation = state_->violations.find(number); violation != state_->violations.end())
      add(violation->second.session);
  }
  // The gate knows what it saw itself, but for what was decided about its idle time before, and for
  // credentials, which move a limit.
  const auto* facts = std::get_if<model::Facts>(&input.body);
  const Slot acted = effects.session == 0 ? no_slot : state_->sessions.find(effects.session);
  if (facts != nullptr && acted != no_slot &&
      (state_->sessions.at(acted).has_marks || facts->fresh_credentials ||
       !state_->sources.find(facts->source)->is_gate))
    add(effects.session);
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

std::vector<model::TokenDenial> Engine::State::denials_of(const enforcement::Order& order) const {
  // When the newest step acted that ends more than one session: its intent is when the gate begins.
  std::map<std::string, Time> acted;
  const auto note = [&](const std::string& name, Time at) {
    const Source* source = sources.find(symbols.find(name));
    if (source != nullptr && source->guarded) acted[name] = std::max(acted[name], at);
  };
  for (const enforcement::Step& step : order.steps) {
    if (!enforcement::hits_subject(step.ladder.action) || step.intended_at == Time{}) continue;
    note(step.source, step.intended_at);
    note(order.session_source, step.intended_at);
  }
  std::vector<model::TokenDenial> denials;
  if (acted.empty()) return denials;
  std::vector<model::Identifier> names = order.identifiers;
  if (const std::uint32_t subject = subjects.find(order.subject); subject != no_slot) {
    for (const model::Identifier& name : subjects.identifiers_of(subject)) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  const bool stands = refuses(order);
  for (const auto& [source, at] : acted) {
    for (const model::Identifier& name : names) {
      denials.push_back({.source = source,
                         .person = name.value,
                         .order = order.number,
                         .issued_until = stands ? at : Time{},
                         .refusal = order.refusal});
    }
  }
  return denials;
}

std::vector<model::TokenDenial> Engine::token_denials(model::OrderNumber number) const {
  const auto kept = state_->orders.find(number);
  if (kept == state_->orders.end() || !state_->sources.has_gates()) return {};
  return state_->denials_of(kept->second.order);
}

std::vector<model::TokenDenial> Engine::token_denials() const {
  std::vector<model::TokenDenial> all;
  if (!state_->sources.has_gates()) return all;
  for (const auto& [number, kept] : state_->orders) {
    for (model::TokenDenial& one : state_->denials_of(kept.order)) all.push_back(std::move(one));
  }
  return all;
}

std::vector<model::SessionNumber> Engine::guarded_sessions() const {
  std::vector<model::SessionNumber> numbers;
  for (const Slot slot : state_->sessions.in_order()) {
    const Session& session = state_->sessions.at(slot);
    const Source* source = state_->sources.find(session.source);
    if (source != nullptr && source->guarded) numbers.push_back(session.number);
  }
  return numbers;
}

}  // namespace curfew::engine
