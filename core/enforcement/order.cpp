#include "core/enforcement/order.hpp"

#include <algorithm>

#include "core/model/json_object.hpp"

namespace curfew::enforcement {

bool Order::acted() const {
  return std::any_of(steps.begin(), steps.end(), [](const Step& step) { return step.intended_at != Time{}; });
}

Time Order::first_act_at() const {
  Time first{};
  for (const Step& step : steps) {
    if (step.ladder.action == model::Action::Notify || step.intended_at == Time{}) continue;
    if (first == Time{} || step.intended_at < first) first = step.intended_at;
  }
  return first;
}

std::optional<std::uint32_t> Order::last_act() const {
  for (std::size_t i = steps.size(); i-- > 0;) {
    const Step& step = steps[i];
    if (step.answered && step.ladder.action != model::Action::Notify && !step.at_gate)
      return static_cast<std::uint32_t>(i);
  }
  return std::nullopt;
}

bool Order::reverting() const {
  return std::any_of(steps.begin(), steps.end(), [](const Step& step) {
    return step.revert == Revert::Planned || step.revert == Revert::Acting;
  });
}

bool is_reversible(model::Action action) noexcept {
  return action == model::Action::SuspendAccess || action == model::Action::BlockSignIn ||
         action == model::Action::DisableAccount;
}

bool hits_subject(model::Action action) noexcept { return action >= model::Action::RevokeTokens; }

Time cleared_at(const Order& order, const std::string& source) {
  Time newest{};
  for (const Step& step : order.steps) {
    if (step.ladder.action == model::Action::SignOutSubject && step.source == source)
      newest = std::max(newest, step.intended_at);
  }
  return newest;
}

bool refuses(const Order& order) noexcept {
  if (order.outcome == model::Outcome::Held || order.outcome == model::Outcome::Mistaken) return false;
  return std::any_of(order.steps.begin(), order.steps.end(),
                     [](const Step& step) { return step.ladder.action != model::Action::Notify; });
}

std::string trail(const Order& order) {
  std::string out = "[";
  for (const Step& step : order.steps) {
    if (step.phase == Phase::Waiting) continue;
    if (out.size() > 1) out += ',';
    model::JsonObject o(out);
    o.name("action", step.ladder.action);
    o.text("at", step.source);
    if (step.intended_at != Time{}) o.time("intended_at", step.intended_at);
    if (step.answered) {
      o.time("answered_at", step.answered_at);
      o.name("answer", step.answer);
    }
    if (step.acts > 1) o.number("acts", step.acts);
    o.number("probes", step.probes);
    o.flag("alive_before", step.alive_before);
    o.name("verdict", step.verdict);
    if (step.proof != Proof::None) o.name("proof", step.proof);
    if (step.revert != Revert::None) {
      o.name("revert", step.revert);
      o.time("revert_at", step.revert_at);
    }
    o.end();
  }
  out += ']';
  return out;
}

model::SignOutRow to_row(const Order& order) {
  model::SignOutRow row;
  row.number = order.number;
  row.session = order.session;
  row.subject = order.subject;
  row.source = order.session_source;
  row.reason = order.reason;
  row.violation = order.violation;
  row.ordered_by = order.ordered_by;
  row.outcome = order.outcome;
  row.held_because = order.held_because;
  row.steps = static_cast<std::uint32_t>(order.steps.size());
  for (std::uint32_t i = 0; i < row.steps; ++i) {
    if (order.steps[i].phase != Phase::Waiting) row.step = i;
  }
  row.breached_at = order.breached_at;
  row.ordered_at = order.ordered_at;
  row.concluded_at = order.concluded_at;
  row.reverted_at = order.reverted_at;
  row.trail = trail(order);
  return row;
}

namespace {

void save_step(const Step& step, model::StateWriter& w) {
  w.name(step.ladder.action);
  w.text(step.ladder.at);
  w.flag(step.ladder.required);
  w.flag(step.ladder.together);
  w.duration(step.ladder.prove_within);
  w.duration(step.ladder.revert_after);
  w.text(step.source);
  w.text(step.probe_source);
  w.flag(step.at_gate);
  w.name(step.phase);
  w.name(step.verdict);
  w.name(step.proof);
  w.flag(step.answered);
  w.name(step.answer);
  w.flag(step.in_doubt);
  w.number(step.acts);
  w.flag(step.alive_before);
  w.flag(step.alive_after);
  w.flag(step.contradicted);
  w.time(step.intended_at);
  w.time(step.answered_at);
  w.time(step.prove_by);
  w.number(step.probes);
  w.flag(step.probe_open);
  w.time(step.probe_asked_at);
  w.time(step.next_probe_at);
  w.duration(step.backoff);
  w.name(step.revert);
  w.time(step.revert_at);
  w.number(step.revert_tries);
}

Step load_step(model::StateReader& r) {
  Step step;
  step.ladder.action = r.name<model::Action>();
  step.ladder.at = r.text();
  step.ladder.required = r.flag();
  step.ladder.together = r.flag();
  step.ladder.prove_within = r.duration();
  step.ladder.revert_after = r.duration();
  step.source = r.text();
  step.probe_source = r.text();
  step.at_gate = r.flag();
  step.phase = r.name<Phase>();
  step.verdict = r.name<Verdict>();
  step.proof = r.name<Proof>();
  step.answered = r.flag();
  step.answer = r.name<model::AnswerCode>();
  step.in_doubt = r.flag();
  step.acts = r.number_as<std::uint32_t>();
  step.alive_before = r.flag();
  step.alive_after = r.flag();
  step.contradicted = r.flag();
  step.intended_at = r.time();
  step.answered_at = r.time();
  step.prove_by = r.time();
  step.probes = r.number_as<std::uint32_t>();
  step.probe_open = r.flag();
  step.probe_asked_at = r.time();
  step.next_probe_at = r.time();
  step.backoff = r.duration();
  step.revert = r.name<Revert>();
  step.revert_at = r.time();
  step.revert_tries = r.number_as<std::uint32_t>();
  return step;
}

}  // namespace

void save(const Order& order, model::StateWriter& w, const model::Symbols& symbols) {
  w.number(order.number);
  w.number(order.session);
  w.ref(order.subject);
  w.number(order.identifiers.size());
  for (const model::Identifier& identifier : order.identifiers) {
    w.text(symbols.text(identifier.name_space));
    w.ref(identifier.value);
  }
  w.text(order.session_source);
  w.digest(order.digest);
  w.text(order.reason);
  w.text(order.policy);
  w.number(order.violation);
  w.number(order.follows);
  w.text(order.ordered_by);
  w.name(order.outcome);
  w.text(order.held_because);
  w.time(order.breached_at);
  w.time(order.ordered_at);
  w.time(order.concluded_at);
  w.time(order.reverted_at);
  w.time(order.expires_at);
  w.time(order.watch_until);
  w.name(order.refusal);
  w.flag(order.guarded);
  w.flag(order.hold);
  w.number(order.group);
  w.number(order.steps.size());
  for (const Step& step : order.steps) save_step(step, w);
}

Order load_order(model::StateReader& r, model::Symbols& symbols) {
  Order order;
  order.number = r.number();
  order.session = r.number();
  order.subject = r.ref();
  for (std::size_t i = r.count(); i > 0; --i) {
    const model::Symbol name_space = symbols.intern(r.text());
    order.identifiers.push_back({name_space, r.ref()});
  }
  order.session_source = r.text();
  order.digest = r.digest();
  order.reason = r.text();
  order.policy = r.text();
  order.violation = r.number();
  order.follows = r.number();
  order.ordered_by = r.text();
  order.outcome = r.name<model::Outcome>();
  order.held_because = r.text();
  order.breached_at = r.time();
  order.ordered_at = r.time();
  order.concluded_at = r.time();
  order.reverted_at = r.time();
  order.expires_at = r.time();
  order.watch_until = r.time();
  order.refusal = r.name<model::Refusal>();
  order.guarded = r.flag();
  order.hold = r.flag();
  order.group = r.number_as<std::uint32_t>();
  for (std::size_t i = r.count(); i > 0; --i) order.steps.push_back(load_step(r));
  return order;
}

}  // namespace curfew::enforcement
