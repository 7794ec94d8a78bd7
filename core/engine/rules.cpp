#include <algorithm>

#include "core/engine/state.hpp"
#include "core/model/json_object.hpp"

namespace curfew::engine {

using model::Rule;
using policy::PolicyIndex;

namespace {

constexpr Duration drop_retry{std::chrono::hours(1)};

// What a time without fresh credentials is counted from.
std::string_view counted_from(const Session& session) {
  if (session.last_fresh_at != Time{}) return "fresh_credentials";
  return session.start_seen ? "start" : "first_seen";
}

}  // namespace

const Mark* Engine::State::find_mark(const Session& session, PolicyIndex policy) const {
  if (!session.has_marks) return nullptr;
  const auto found = marks.find(session.number);
  if (found == marks.end()) return nullptr;
  for (const Mark& mark : found->second.of) {
    if (mark.identity == identity_of[policy]) return &mark;
  }
  return nullptr;
}

Mark& Engine::State::mark(Session& session, PolicyIndex policy) {
  session.has_marks = true;
  std::vector<Mark>& own = marks[session.number].of;
  for (Mark& mark : own) {
    if (mark.identity == identity_of[policy]) return mark;
  }
  own.push_back({});
  own.back().identity = identity_of[policy];
  return own.back();
}

policy::Match Engine::State::match_of(PolicyIndex policy, const Session& session) const {
  if (!book.asks_person(policy)) return policy::Match::Yes;
  return book.matches(policy, subjects.identifiers_of(session.subject_index), groups);
}

bool Engine::State::applies(PolicyIndex policy, const Session& session) {
  const policy::Match match = match_of(policy, session);
  if (match == policy::Match::Unknown) ++counts.unknown_memberships;
  return match == policy::Match::Yes;
}

// The first source that could still bring activity from before the deadline; nullptr: none.
const Source* Engine::State::blocking(const Session& session, Time deadline) const {
  const Source* own = sources.find(session.source);
  if (own->shown_by.empty()) return own->passed(deadline) ? nullptr : own;
  for (const model::Symbol name : own->shown_by) {
    const Source* source = sources.find(name);
    if (!source->passed(deadline)) return source;
  }
  return nullptr;
}

void Engine::State::block(Slot slot, Time at, const Source& on) {
  Session& session = sessions.at(slot);
  if (session.blocked_at == at && session.blocked_on == on.name) return;
  session.blocked_at = at;
  session.blocked_on = on.name;
  std::vector<Due>& blocked = sources.at(on.name).blocked;
  blocked.push_back({at, session.number});
  std::push_heap(blocked.begin(), blocked.end(), std::greater<>());
}

void Engine::State::requeue(Slot slot, Time at) {
  Session& session = sessions.at(slot);
  if (session.queued_at != Time{} && session.queued_at <= at) return;
  session.queued_at = at;
  session_deadlines.push(at, session.number);
}

// When a timed policy is breached next, if the session lives on.
Time Engine::State::due_of(PolicyIndex index, const Session& session, const Mark* known) const {
  const model::Policy& policy = book.at(index).policy;
  if (policy.rule != Rule::AllowedHours) return base_of(policy.rule, session) + policy.limit;
  // Once for each time that is closed.
  const policy::Hours& hours = book.at(index).hours;
  if (known == nullptr || known->violation == 0) return hours.first_closed(session.started_at);
  const Time open = hours.next_open(known->breached_at);
  return open == Time::max() ? open : hours.first_closed(open);
}

// When something may be due next; what waits for a watermark is among it. Time::max(): never.
Time Engine::State::next_due(Slot slot) const {
  const Session& session = sessions.at(slot);
  const Source& source = *sources.find(session.source);
  if (!session.lives()) return session.closed_at + source.settings.retry_window;
  Time next = Time::max();
  for (const PolicyIndex index : book.candidates(session.scope_class).timed) {
    const model::Policy& policy = book.at(index).policy;
    if (policy.rule == Rule::InactivityTimeout && source.shown_by.empty()) continue;
    const bool by_hours = policy.rule == Rule::AllowedHours;
    const Mark* known = find_mark(session, index);
    const Time due = due_of(index, session, known);
    if (due == Time::max()) continue;
    const Time base = by_hours ? due : base_of(policy.rule, session);
    if (was_found(known, policy.rule, base)) continue;
    const bool warned = known != nullptr && known->warned_for == base;
    const bool warns =
        policy.warn_before > Duration{0} && (by_hours || policy.warn_before < policy.limit) && !warned;
    next = std::min(next, due - (warns ? policy.warn_before : Duration{0}));
  }
  if (session.expires_at != Time{}) next = std::min(next, session.expires_at);
  if (source.settings.vanished_after > Duration{0})
    next = std::min(next, session.last_at() + source.settings.vanished_after);
  return next;
}

void Engine::State::schedule(Slot slot) {
  const Time next = next_due(slot);
  if (next != Time::max()) requeue(slot, next);
}

// Everything of one session that is due at `at`, in the policies' order; then its next entry.
void Engine::State::evaluate(Slot slot, Time at) {
  Session& session = sessions.at(slot);
  const Source& source = *sources.find(session.source);
  // Its end may be unread, or an earlier one.
  if (source.reads_backlog()) {
    sources.at(session.source).held.insert(session.number);
    return;
  }
  if (!session.lives()) {
    if (session.closed_at + source.settings.retry_window <= at)
      drop(slot, at);
    else
      schedule(slot);
    return;
  }
  Time next = Time::max();
  Time blocked_at = Time::max();
  const Source* blocked_on = nullptr;
  const auto may_fire = [&](Time deadline) {
    const Source* on = blocking(session, deadline);
    if (on != nullptr && deadline < blocked_at) {
      blocked_at = deadline;
      blocked_on = on;
    }
    return on == nullptr;
  };
  // A copy: what fires may change the lists' owner.
  const std::vector<PolicyIndex> timed = book.candidates(session.scope_class).timed;
  for (const PolicyIndex index : timed) {
    const model::Policy& policy = book.at(index).policy;
    const bool absence = policy.rule == Rule::InactivityTimeout;
    if (absence && source.shown_by.empty()) continue;
    const bool by_hours = policy.rule == Rule::AllowedHours;
    const Mark* known = find_mark(session, index);
    const Time due = due_of(index, session, known);
    if (due == Time::max()) continue;
    const Time base = by_hours ? due : base_of(policy.rule, session);
    if (was_found(known, policy.rule, base)) continue;
    const bool warns = policy.warn_before > Duration{0} && (by_hours || policy.warn_before < policy.limit);
    const Time warn_at = due - policy.warn_before;
    if (warns && warn_at <= at && due > now && !(known != nullptr && known->warned_for == base)) {
      if (absence && !may_fire(warn_at)) continue;
      if (!applies(index, session)) continue;
      warn(index, slot, base, due);
    }
    if (due > at) {
      const bool to_warn = warns && warn_at > at;
      next = std::min(next, to_warn ? warn_at : due);
      continue;
    }
    if (absence && !may_fire(due)) continue;
    if (!applies(index, session)) continue;
    out->fired = true;
    Breach breach;
    breach.policy = index;
    breach.slot = slot;
    breach.base = base;
    breach.breached_at = due;
    model::JsonObject o(breach.evidence);
    o.micros("limit", policy.limit);
    o.time("since", by_hours ? session.started_at : base);
    if (policy.rule == Rule::ReauthenticationInterval) o.text("counted_from", counted_from(session));
    o.micros("measured", now - base);
    if (by_hours) o.time("closed_at", due);
    if (by_hours) o.text("zone", policy.zone.empty() ? "UTC" : policy.zone);
    if (absence) o.flag("records_missing", source.gap_at > base);
    o.raw("sessions", "[" + std::to_string(session.number) + "]");
    o.end();
    Violation& violation = open(breach);
    const model::ViolationNumber number = last_violation;
    enforce(index, violation, number, {slot}, false, absence && source.gap_at > base);
    if (!session.lives()) return;
    if (!by_hours) continue;
    if (const Time again = due_of(index, session, find_mark(session, index)); again != Time::max())
      next = std::min(next, again - (warns ? policy.warn_before : Duration{0}));
  }
  const auto end_inferred = [&](model::EndReason reason, Time ended_at) {
    count_state(session, -1);
    infer_end(session, reason, ended_at);
    out->fired = true;
    touch(session);
    std::string text;
    model::JsonObject o(text);
    o.number("session_number", session.number);
    o.name("reason", reason);
    o.name("certainty", model::Certainty::Inferred);
    o.time("ended_at", ended_at);
    o.end();
    decide(model::EntryKind::SessionEnded, session, std::move(text));
    // Nobody knows when a vanished session ended; a stated expiry is known.
    if (reason == model::EndReason::Expired) withdraw_after(slot, ended_at);
    ended(slot);
    recheck_concurrency(slot, ended_at);
    recheck_device(slot, ended_at);
    schedule(slot);
  };
  if (session.expires_at != Time{}) {
    if (session.expires_at > at) {
      next = std::min(next, session.expires_at);
    } else if (may_fire(session.expires_at)) {
      // What was done after it shows that it was extended without a word.
      if (session.last_at() <= session.expires_at) {
        end_inferred(model::EndReason::Expired, session.expires_at);
        return;
      }
      session.expires_at = Time{};
    }
  }
  if (source.settings.vanished_after > Duration{0}) {
    const Time due = session.last_at() + source.settings.vanished_after;
    if (due > at) {
      next = std::min(next, due);
    } else if (may_fire(due)) {
      end_inferred(model::EndReason::Vanished, std::max(session.last_at(), session.started_at));
      return;
    }
  }
  if (blocked_on != nullptr) block(slot, blocked_at, *blocked_on);
  if (next != Time::max()) requeue(slot, next);
}

Violation& Engine::State::open(const Breach& breach) {
  Session& session = sessions.at(breach.slot);
  const Identity& identity = identities[identity_of[breach.policy]];
  const model::ViolationNumber number = ++last_violation;
  Violation& violation = violations[number];
  violation.identity = identity_of[breach.policy];
  violation.source = session.source;
  violation.session = session.number;
  violation.subject = session.subject;
  violation.breached_at = breach.breached_at;
  violation.detected_at = now;
  violation.evidence = breach.evidence;
  Mark& own = mark(session, breach.policy);
  own.base = breach.base;
  own.breached_at = breach.breached_at;
  own.resumed_at = Time{};
  own.violation = number;
  if (identity.rule == Rule::InactivityTimeout) session.idle_breach = session.idle_now = true;
  marks[session.number].opened.push_back(number);
  std::string text;
  model::JsonObject o(text);
  o.number("violation", number);
  o.text("policy", identity.name);
  o.name("rule", identity.rule);
  o.name("mode", identity.mode);
  o.number("session_number", session.number);
  o.time("breached_at", breach.breached_at);
  if (breach.through_link) o.flag("through_link", true);
  o.raw("evidence", breach.evidence);
  o.end();
  decide(model::EntryKind::ViolationOpened, session, std::move(text)).occurred_at = breach.breached_at;
  out->violations.push_back(number);
  return violation;
}

void Engine::State::withdraw(model::ViolationNumber number, std::string_view because) {
  const auto found = violations.find(number);
  if (found == violations.end() || found->second.withdrawn_at != Time{}) return;
  Violation& violation = found->second;
  violation.withdrawn_at = now;
  out->violations.push_back(number);
  std::string text;
  model::JsonObject o(text);
  o.number("violation", number);
  o.text("policy", identities[violation.identity].name);
  o.number("session_number", violation.session);
  o.text("because", because);
  o.end();
  model::Entry& entry = decide(model::EntryKind::ViolationWithdrawn, std::move(text));
  entry.source = symbols.text(violation.source);
  entry.subject = violation.subject;
  const Slot slot = sessions.find(violation.session);
  if (slot != no_slot) entry.session = sessions.at(slot).digest;
  const auto kept = orders.find(violation.order);
  if (violation.order == 0 || kept == orders.end() || kept->second.order.violation != number) return;
  std::vector<model::OrderNumber> numbers{violation.order};
  for (const auto& [other, one] : orders) {
    if (one.order.follows == violation.order) numbers.push_back(other);
  }
  for (const model::OrderNumber of : numbers) {
    std::vector<enforcement::Event> events;
    enforcement::Loop(orders.at(of).order, now, events).withdraw();
    run(of, events);
  }
}

// Activity of a session that some policy warned of or found too long idle: it may show that it was not.
void Engine::State::activity_after_marks(Slot slot, Time occurred_at, bool person) {
  Session& session = sessions.at(slot);
  if (!person) return;
  const auto found = marks.find(session.number);
  if (found == marks.end()) return;
  session.idle_now = false;
  std::vector<model::ViolationNumber> gone;
  for (Mark& mark : found->second.of) {
    const Identity& identity = identities[mark.identity];
    // What is no later than the newest activity ends no idle time.
    session.idle_now |= identity.rule == Rule::InactivityTimeout && mark.violation != 0 &&
                        mark.base == base_of(Rule::InactivityTimeout, session);
    if (identity.rule != Rule::InactivityTimeout || mark.violation == 0 || occurred_at <= mark.base) continue;
    if (occurred_at > mark.breached_at) {
      if (mark.resumed_at == Time{} || occurred_at < mark.resumed_at) mark.resumed_at = occurred_at;
      continue;
    }
    // It came late. The breach stands only if the rest of that time was too long as well.
    const Duration limit = mark.breached_at - mark.base;
    if (mark.resumed_at != Time{} && mark.resumed_at - occurred_at >= limit) continue;
    gone.push_back(mark.violation);
    mark.violation = 0;
    mark.warned_for = Time{};
  }
  for (const model::ViolationNumber number : gone)
    withdraw(number, "later evidence shows activity in that time");
}

// Fresh credentials of a session that had been too long without: those that came late may show that it had
// not.
void Engine::State::fresh_after_marks(Slot slot, Time fresh_at) {
  const Session& session = sessions.at(slot);
  if (!session.has_marks) return;
  std::vector<model::ViolationNumber> gone;
  for (Mark& mark : marks[session.number].of) {
    if (identities[mark.identity].rule != Rule::ReauthenticationInterval || mark.violation == 0 ||
        fresh_at <= mark.base)
      continue;
    if (fresh_at > mark.breached_at) {
      if (mark.resumed_at == Time{} || fresh_at < mark.resumed_at) mark.resumed_at = fresh_at;
      continue;
    }
    const Duration limit = mark.breached_at - mark.base;
    if (mark.resumed_at != Time{} && mark.resumed_at - fresh_at >= limit) {
      // The rest of that time was too long as well.
      mark.base = fresh_at;
      mark.breached_at = fresh_at + limit;
      continue;
    }
    mark.warned_for = Time{};
    gone.push_back(mark.violation);
    mark.violation = 0;
  }
  for (const model::ViolationNumber number : gone) withdraw(number, "fresh credentials had been given");
}

// The session was over before a limit was passed.
void Engine::State::withdraw_after(Slot slot, Time ended_at) {
  const Session& session = sessions.at(slot);
  if (!session.has_marks) return;
  std::vector<model::ViolationNumber> gone;
  for (Mark& mark : marks[session.number].of) {
    const Rule rule = identities[mark.identity].rule;
    const bool timed = rule == Rule::SessionTimeout || rule == Rule::InactivityTimeout ||
                       rule == Rule::AllowedHours || rule == Rule::ReauthenticationInterval;
    if (!timed || mark.violation == 0 || mark.breached_at < ended_at) continue;
    gone.push_back(mark.violation);
    mark.violation = 0;
  }
  for (const model::ViolationNumber number : gone) withdraw(number, "the session had ended before");
}

// Past the time in which something about it may still come. A sign-out that runs keeps it.
void Engine::State::drop(Slot slot, Time at) {
  Session& session = sessions.at(slot);
  if (session.has_order) {
    const auto found = order_of_session.find(session.number);
    const auto kept = orders.find(found->second);
    if (kept != orders.end() && (kept->second.order.concluded_at == Time{} ||
                                 kept->second.order.reverting() || kept->second.order.watched())) {
      requeue(slot, at + drop_retry);
      return;
    }
    order_of_session.erase(found);
  }
  if (session.has_marks) {
    for (const model::ViolationNumber number : marks[session.number].opened) {
      if (violations.contains(number)) out->last_violations.push_back(row_of(number));
      violations.erase(number);
    }
    marks.erase(session.number);
  }
  bindings.erase(session.number);
  forgotten_until = std::max({forgotten_until, session.ended_at, session.last_fresh_at});
  if (session.account_changed && session.last_fresh_at != Time{})
    changes.remember_fresh(subjects.identifiers_of(session.subject_index), session.last_fresh_at);
  out->last_sessions.push_back(session::to_row(session, symbols));
  detach(slot);
  sessions.drop(slot);
  ++counts.sessions_dropped;
}

}  // namespace curfew::engine
