#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "core/engine/state.hpp"
#include "core/model/json_object.hpp"

namespace curfew::engine {

using enforcement::Event;
using enforcement::EventKind;
using enforcement::Order;
using enforcement::Step;

namespace {

// Concluded orders stay for what comes late.
constexpr Duration order_kept_for{std::chrono::hours(24)};

}  // namespace

// Of a policy that is gone, or none: no cap of its own.
std::uint32_t Engine::State::most_per_minute(const std::string& policy) const {
  for (const model::Policy& one : set.policies) {
    if (one.name == policy) return one.most_sign_outs_per_minute;
  }
  return 0;
}

// Why an order must wait for somebody; empty: it need not.
std::string Engine::State::hold_reason(const std::vector<model::LadderStep>& ladder, std::uint32_t subject,
                                       std::size_t targets) const {
  if (subject != no_slot && book.is_protected(subjects.identifiers_of(subject))) return "protected account";
  if (set.safety.approve_above == 0) return {};
  std::size_t hit = targets;
  const bool whole_subject = std::any_of(ladder.begin(), ladder.end(), [](const model::LadderStep& step) {
    return enforcement::hits_subject(step.action);
  });
  if (whole_subject && subject != no_slot) {
    std::size_t live = 0;
    for (const Slot slot : sessions_of(subject)) live += sessions.at(slot).lives();
    hit = std::max(hit, live);
  }
  return hit > set.safety.approve_above ? "approval" : std::string{};
}

void Engine::State::enforce(policy::PolicyIndex index, Violation& violation, model::ViolationNumber number,
                            const std::vector<Slot>& targets, bool through_link, bool doubtful) {
  const model::Policy& policy = book.at(index).policy;
  if (policy.mode != model::PolicyMode::Enforce || policy.ladder.empty()) return;
  const Time breached_at = violation.breached_at;
  for (const Slot target : targets) {
    const Session& session = sessions.at(target);
    // What ended it, or what began another with its id, may be unread.
    if (Source& own = sources.at(session.source); own.reads_backlog()) {
      own.unanswered.emplace(number, through_link);
      continue;
    }
    // One sign-out of a session at a time; this violation is answered by it too.
    if (const KeptOrder* known = order_of(session); known != nullptr && known->order.concluded_at == Time{}) {
      if (Violation& v = violations.at(number); v.order == 0) v.order = known->order.number;
      continue;
    }
    Order order;
    order.reason = policy.name;
    order.policy = policy.name;
    order.violation = number;
    order.ordered_by = "policy";
    order.refusal = model::refusal_of(policy.rule);
    order.breached_at = breached_at;
    order.hold = policy.hold;
    std::string held = hold_reason(policy.ladder, session.subject_index, targets.size());
    if (held.empty() && through_link) held = "link";
    if (held.empty() && breached_at > jumped_from) held = "clock_jump";
    if (held.empty() && doubtful) held = "records missing";
    if (held.empty() && !caps.admits(policy.name, policy.most_sign_outs_per_minute,
                                     set.safety.most_sign_outs_per_minute, now))
      held = "cap";
    const model::OrderNumber made = this->order(std::move(order), target, policy.ladder, std::move(held));
    if (Violation& v = violations.at(number); v.order == 0) v.order = made;
  }
}

// A violation of one session that was found while its source read its backlog, which is over now.
void Engine::State::enforce_late(model::ViolationNumber number, bool through_link) {
  const auto found = violations.find(number);
  if (found == violations.end() || found->second.withdrawn_at != Time{}) return;
  Violation& violation = found->second;
  const Slot slot = sessions.find(violation.session);
  const auto policy = std::find(identity_of.begin(), identity_of.end(), violation.identity);
  if (slot == no_slot || policy == identity_of.end()) return;
  const bool after_end = identities[violation.identity].rule == model::Rule::ActivityAfterEnd;
  if (!after_end && !sessions.at(slot).lives()) return;
  out->violations.push_back(number);
  enforce(static_cast<policy::PolicyIndex>(policy - identity_of.begin()), violation, number, {slot},
          through_link, false);
}

// The newest sign-out of a session, while it is kept.
const KeptOrder* Engine::State::order_of(const Session& session) const {
  if (!session.has_order) return nullptr;
  const auto kept = orders.find(order_of_session.at(session.number));
  return kept == orders.end() ? nullptr : &kept->second;
}

KeptOrder* Engine::State::order_of(const Session& session) {
  return const_cast<KeptOrder*>(std::as_const(*this).order_of(session));
}

// It was seen to go on after we had proved its end, and nobody but we had said that it was over.
void Engine::State::take_proof_back(Slot slot) {
  Session& session = sessions.at(slot);
  if (!session.proven_end) return;
  session.proven_end = false;
  const model::EndReason was = session.end_reason;
  if (was != model::EndReason::Forced && was != model::EndReason::ClosingTime) return;
  count_state(session, -1);
  session.state = model::SessionState::Active;
  session.ended_at = Time{};
  session.end_reason = model::EndReason::Unknown;
  session.end_certainty = model::Certainty::Inferred;
  ++session.corrections;
  count_state(session, +1);
  session.closed_at = Time{};
  touch(session);
  std::string text;
  model::JsonObject o(text);
  o.number("session_number", session.number);
  o.name("was", was);
  o.time("activity_at", session.last_at());
  o.end();
  decide(model::EntryKind::SessionReopened, session, std::move(text));
  recheck_concurrency(slot, session.started_at);
  recheck_device(slot, session.started_at);
  recheck_resign_ins(slot);
}

// Makes the order, and begins it unless it is held. `target` may be no_slot: about the subject alone.
model::OrderNumber Engine::State::order(Order order, Slot target,
                                        const std::vector<model::LadderStep>& ladder,
                                        std::string held_because) {
  const model::OrderNumber number = ++last_order;
  order.number = number;
  order.ordered_at = now;
  std::uint32_t subject = subjects.find(order.subject);
  model::OrderNumber held_before = 0;
  std::set<std::string> contradicted;  // sources whose "dead" this session has shown to be wrong
  if (target != no_slot) {
    Session& session = sessions.at(target);
    order.session = session.number;
    order.subject = session.subject;
    order.session_source = symbols.text(session.source);
    order.digest = session.digest;
    order.expires_at = session.expires_at;
    subject = session.subject_index;
    if (KeptOrder* before = order_of(session); before != nullptr) {
      for (const Step& step : before->order.steps)
        if (step.contradicted) contradicted.insert(step.probe_source);
      if (before->order.concluded_at == Time{} && before->order.outcome == model::Outcome::Held)
        held_before = before->order.number;
      // The new one looks after the session from now on.
      if (before->order.watched()) {
        before->order.watch_until = Time{};
        queue_order(*before);
      }
    }
    session.has_order = true;
    order_of_session[session.number] = number;
  }
  order.identifiers = subjects.identifiers_of(subject);
  const auto can_prove = [this](const std::string& name) {
    const Source* source = sources.find(symbols.find(name));
    return source != nullptr && source->settings.can_prove;
  };
  for (const model::LadderStep& rung : ladder) {
    Step& step = order.steps.emplace_back();
    step.ladder = rung;
    step.source = rung.at.empty() ? order.session_source : rung.at;
    const Source* source = sources.find(symbols.find(step.source));
    step.at_gate = source != nullptr && source->is_gate;
    if (can_prove(order.session_source))
      step.probe_source = order.session_source;
    else if (can_prove(step.source))
      step.probe_source = step.source;
    step.contradicted = contradicted.count(step.probe_source) != 0;
  }
  const Source* own = sources.find(symbols.find(order.session_source));
  order.guarded = order.session != 0 && own != nullptr && own->guarded;
  order.held_because = std::move(held_because);
  const bool held = !order.held_because.empty();
  order.outcome = held ? model::Outcome::Held : model::Outcome::Pending;

  std::string text;
  model::JsonObject o(text);
  o.number("order", number);
  if (order.violation != 0) o.number("violation", order.violation);
  if (order.follows != 0) o.number("follows", order.follows);
  o.number("session_number", order.session);
  o.text("reason", order.reason);
  o.text("ordered_by", order.ordered_by);
  o.name("outcome", order.outcome);
  o.text_unless_empty("held_because", order.held_because);
  o.raw("ladder", to_json(ladder));
  o.end();
  model::Entry& entry = decide(model::EntryKind::SignOutOrdered, std::move(text));
  entry.source = order.session_source;
  entry.session = order.digest;
  entry.subject = order.subject;
  out->sign_outs.push_back(number);

  const std::string policy = order.policy;
  KeptOrder& kept = orders[number];
  kept.order = std::move(order);
  list_clearing(kept.order);
  if (held) return number;
  caps.count(policy, now);
  std::vector<Event> events;
  if (held_before != 0) {
    enforcement::Loop(orders.at(held_before).order, now, events).dismiss("replaced");
    run(held_before, events);
    events.clear();
  }
  enforcement::Loop(kept.order, now, events).begin();
  run(number, events);
  return number;
}

model::SessionDigest Engine::State::control_for(const Order& order, const std::string& source) const {
  const Source* asked = sources.find(symbols.find(source));
  if (asked == nullptr) return {};
  for (const model::SessionNumber number : asked->recent) {
    const Slot slot = number == order.session ? no_slot : sessions.find(number);
    if (slot != no_slot && sessions.at(slot).lives() && sessions.at(slot).source == asked->name)
      return sessions.at(slot).digest;
  }
  return {};
}

// Why a session is over whose end such an order proved.
model::EndReason Engine::State::reason_of(const Order& order) const {
  const auto found = violations.find(order.violation);
  const bool closed =
      found != violations.end() && identities[found->second.identity].rule == model::Rule::AllowedHours;
  return closed ? model::EndReason::ClosingTime : model::EndReason::Forced;
}

// Turns what the loop decided into entries and effects.
void Engine::State::run(model::OrderNumber number, std::vector<Event>& events) {
  KeptOrder& kept = orders.at(number);
  Order& order = kept.order;
  const auto record = [&](model::EntryKind kind, std::string text) {
    model::Entry& entry = decide(kind, std::move(text));
    entry.source = order.session_source;
    entry.session = order.digest;
    entry.subject = order.subject;
  };
  bool dead = false;
  for (const Event& event : events) {
    std::string text;
    switch (event.kind) {
      case EventKind::Intent: {
        const Step& step = order.steps[event.step];
        model::JsonObject o(text);
        o.number("order", number);
        o.number("step", event.step);
        o.name("action", step.ladder.action);
        o.text("at", step.source);
        if (event.revert) o.flag("revert", true);
        o.end();
        record(model::EntryKind::Intent, std::move(text));
        // Names that were learnt since the order are its person's too.
        if (const std::uint32_t subject = subjects.find(order.subject); subject != no_slot && !event.revert)
          order.identifiers = subjects.identifiers_of(subject);
        model::RunStep& run = out->steps.emplace_back();
        run.order = number;
        run.step = event.step;
        run.source = step.source;
        run.action = step.ladder.action;
        run.revert = event.revert;
        run.session_number = order.session;
        run.session_source = order.session_source;
        run.session = order.digest;
        run.subject = order.subject;
        run.identifiers = order.identifiers;
        run.revert_after = step.ladder.revert_after;
        run.reason = order.reason;
        break;
      }
      case EventKind::Ask: {
        const Step& step = order.steps[event.step];
        model::RunProbe& probe = out->probes.emplace_back();
        probe.order = number;
        probe.step = event.step;
        probe.probe = step.probes;
        probe.source = step.probe_source;
        probe.session = order.digest;
        probe.control = control_for(order, step.probe_source);
        probe.subject = order.subject;
        probe.ordered_at = order.first_act_at();
        break;
      }
      case EventKind::Step: {
        const Step& step = order.steps[event.step];
        model::JsonObject o(text);
        o.number("order", number);
        o.number("step", event.step);
        o.name("verdict", step.verdict);
        if (step.proof != enforcement::Proof::None) o.name("proof", step.proof);
        if (step.answered) o.name("answer", step.answer);
        o.end();
        record(model::EntryKind::OutcomeRecorded, std::move(text));
        dead |= step.verdict == enforcement::Verdict::Proven;
        break;
      }
      case EventKind::Order: {
        model::JsonObject o(text);
        o.number("order", number);
        o.name("outcome", order.outcome);
        o.text_unless_empty("because", order.held_because);
        if (order.breached_at != Time{}) o.micros("time_to_effect", now - order.breached_at);
        o.end();
        record(model::EntryKind::OutcomeRecorded, std::move(text));
        break;
      }
      case EventKind::Reverted: {
        model::JsonObject o(text);
        o.number("order", number);
        o.number("step", event.step);
        o.flag("reverted", true);
        o.end();
        record(model::EntryKind::OutcomeRecorded, std::move(text));
        break;
      }
      case EventKind::Alert: {
        model::JsonObject o(text);
        o.text("about", "sign_out");
        o.number("order", number);
        o.text("text", event.text);
        o.end();
        record(model::EntryKind::Alert, std::move(text));
        break;
      }
    }
  }
  out->sign_outs.push_back(number);
  queue_order(kept);
  if (!dead) return;
  const Slot slot = order.session == 0 ? no_slot : sessions.find(order.session);
  if (order.hold) {
    const std::uint32_t subject = subjects.find(order.subject);
    if (subject != no_slot) {
      Hold& hold = holds[subject];
      hold.since = now;
      hold.policy = order.policy;
      hold.ladder.clear();
      for (const Step& step : order.steps) hold.ladder.push_back(step.ladder);
    }
  }
  if (slot == no_slot || sessions.at(slot).proven_end) return;
  Session& session = sessions.at(slot);
  // An end that the source stated keeps its time and reason, unless it went on after that.
  count_state(session, -1);
  if (session.lives() || session.last_at() > session.ended_at)
    force_end(session, reason_of(order), now);
  else
    session.proven_end = true;
  count_state(session, +1);
  touch(session);
  ended(slot);
  recheck_concurrency(slot, session.ended_at);
  recheck_device(slot, session.ended_at);
  schedule(slot);
}

void Engine::State::queue_order(KeptOrder& kept) {
  Time wake = next_wake(kept.order);
  if (wake == Time{} && kept.order.concluded_at != Time{})
    wake = std::max(kept.order.concluded_at, kept.order.reverted_at) + order_kept_for;
  if (wake == kept.wake) return;
  if (kept.wake != Time{}) other_deadlines.erase({kept.wake, 1, std::string{}, kept.order.number});
  kept.wake = wake;
  if (wake != Time{}) other_deadlines.emplace(wake, 1, std::string{}, kept.order.number);
}

void Engine::State::wake_order(model::OrderNumber number) {
  const auto found = orders.find(number);
  if (found == orders.end()) return;
  KeptOrder& kept = found->second;
  kept.wake = Time{};
  if (kept.order.concluded_at != Time{} && !kept.order.reverting() && !kept.order.watched()) {
    out->last_sign_outs.push_back(enforcement::to_row(kept.order));
    if (const auto listed = clearing.find(subjects.find(kept.order.subject)); listed != clearing.end()) {
      listed->second.erase(number);
      if (listed->second.empty()) clearing.erase(listed);
    }
    orders.erase(found);
    return;
  }
  out->fired = true;
  std::vector<Event> events;
  enforcement::Loop(kept.order, now, events).wake();
  run(number, events);
}

void Engine::State::take(const model::AnswerInput& input) {
  const auto found = orders.find(input.order);
  if (found == orders.end()) return;
  out->subject = found->second.order.subject;
  out->session = found->second.order.session;
  std::vector<Event> events;
  enforcement::Loop(found->second.order, now, events).answer(input.step, input.code);
  run(input.order, events);
}

void Engine::State::take(const model::ProbeInput& input) {
  const auto found = orders.find(input.order);
  if (found == orders.end()) return;
  out->subject = found->second.order.subject;
  out->session = found->second.order.session;
  std::vector<Event> events;
  enforcement::Loop(found->second.order, now, events)
      .probe(input.step, input.probe, input.session, input.control);
  run(input.order, events);
}

}  // namespace curfew::engine
