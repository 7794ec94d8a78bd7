#include <algorithm>
#include <utility>

#include "core/engine/state.hpp"
#include "core/model/json_object.hpp"

namespace curfew::engine {

using model::ObservationType;

void Engine::State::take(const model::Facts& facts) {
  Source& source = sources.at(facts.source);
  if (facts.occurred_at > source.newest_event) source.newest_event = facts.occurred_at;
  hear(source);
  if (facts.type == ObservationType::Gap) {
    source.gap_at = std::max(source.gap_at, facts.occurred_at);
  } else if (facts.type == ObservationType::SignInFailed) {
    take_failure(facts);
  } else if (facts.session && (session::shows_life(facts.type) || model::states_end(facts.type))) {
    take_of_session(facts, source);
  } else {
    take_of_subject(facts);
  }
  source_moved(sources.at(facts.source));
}

Slot Engine::State::find_or_add(const model::Facts& facts, const Source& source, bool& created,
                                Slot& predecessor) {
  Slot slot = sessions.find(facts.source, facts.session);
  if (slot == no_slot && facts.type != ObservationType::SignIn) {
    // A gate, or a proxy's log, shows activity of the sessions of others.
    for (const model::Symbol shown : source.shows) {
      slot = sessions.find(shown, facts.session);
      if (slot != no_slot) return slot;
    }
  }
  if (slot != no_slot && facts.type == ObservationType::SignIn) {
    // The same id signed in again after its end: another session.
    const Session& old = sessions.at(slot);
    if (!old.lives() && facts.occurred_at > old.ended_at) predecessor = std::exchange(slot, no_slot);
  }
  created = slot == no_slot;
  return created ? sessions.add(facts.source, facts.session) : slot;
}

// A sign-in that comes late, with the id of a session that had ended: what was seen since then is its own.
void Engine::State::take_over(Slot from, Slot slot) {
  Session& old = sessions.at(from);
  Session& session = sessions.at(slot);
  const auto is_own = [&](Time at) { return at > old.ended_at && at >= session.started_at; };
  // What the old one did before its end is not known any more, but that it signed in.
  if (is_own(old.last_person_at)) {
    session.last_person_at = std::max(session.last_person_at, old.last_person_at);
    old.last_person_at = old.start_seen ? old.started_at : Time{};
    touch(old);
  }
  if (is_own(old.last_machine_at)) {
    session.last_machine_at = old.last_machine_at;
    session.refreshed_last = std::exchange(old.refreshed_last, false);
    old.last_machine_at = Time{};
    touch(old);
  }
  if (!old.has_marks) return;
  std::vector<model::ViolationNumber> gone;
  for (Mark& mark : marks[old.number].of) {
    if (identities[mark.identity].rule != model::Rule::ActivityAfterEnd || mark.violation == 0 ||
        mark.breached_at < session.started_at)
      continue;
    gone.push_back(mark.violation);
    mark.violation = 0;
  }
  for (const model::ViolationNumber number : gone)
    withdraw(number, "a later sign-in with the same id had begun another session");
}

void Engine::State::count_state(const Session& session, int by) {
  std::size_t* count = nullptr;
  if (session.state == model::SessionState::Active) count = &counts.active;
  if (session.state == model::SessionState::Locked) count = &counts.locked;
  if (session.state == model::SessionState::Paused) count = &counts.paused;
  if (count == nullptr) return;
  *count += static_cast<std::size_t>(by);
  live_by_source[session.source] += static_cast<std::size_t>(by);
}

void Engine::State::take_of_session(const model::Facts& facts, Source& source) {
  bool created = false;
  Slot predecessor = no_slot;
  const Slot slot = find_or_add(facts, source, created, predecessor);
  Session& session = sessions.at(slot);
  if (!created) count_state(session, -1);
  const model::Ref device = session.device;
  const Time end_before = session.ended_at;
  const Time person_before = session.last_person_at;
  const model::SessionState state_before = session.state;
  const Time state_before_at = session.state_at;
  const std::uint32_t class_before = session.scope_class;
  const session::Change change = session::take(session, facts);
  count_state(session, +1);
  out->session = session.number;
  if (predecessor != no_slot) take_over(predecessor, slot);

  if (session::shows_life(facts.type)) {
    sources.at(session.source).show_life(session.number);
    if (!session.active_in_flush) {
      session.active_in_flush = true;
      active.push_back(slot);
    }
  }
  if (created || change.lifecycle()) {
    touch(session);
    session.scope_class = book.class_of(session.source, session.application, session.account_type,
                                        session.network, session.interactivity);
    if (!device && session.device) sessions.link_device(slot);
    if (facts.linked_session && session.joined == 0) {
      const Slot other = sessions.find(facts.source, facts.linked_session);
      if (other != no_slot && other != slot) {
        const Session& joined = sessions.at(other);
        session.joined = joined.joined != 0 ? joined.joined : joined.number;
      }
    }
  }
  bool named = false;
  if (facts.identifier_count > 1 ||
      (facts.identifier_count == 1 && session.identifier != facts.identifiers[0].value))
    named = know_subject(slot, facts);
  out->subject = session.subject;
  const bool is_fresh = facts.fresh_credentials && session::shows_life(facts.type);
  const bool is_elsewhere = see_from_where(slot, facts);
  // The first activity after an idle time that was too long ends it; later ones matter only when they come
  // late.
  const bool idle_matters = session.idle_now || (session.idle_breach && facts.occurred_at <= person_before);
  const bool account_matters = session.account_changed && book.has(model::Rule::DisabledAccountActivity);
  if (!created && !named && !change.lifecycle() && !idle_matters && !session.has_order && !change.after_end &&
      !is_fresh && !is_elsewhere && !account_matters && !session::resumes(facts.type)) {
    // Told late, it may have moved a limit whose warning is due at once; what was warned of or waits for a
    // watermark comes up only at the limit that is none any more.
    if ((session.blocked_at != Time{} || session.has_marks) && session.last_person_at != person_before)
      schedule(slot);
    return;
  }

  if (change.reopened) {
    std::string text;
    model::JsonObject o(text);
    o.number("session_number", session.number);
    o.name("was", change.was);
    o.time("activity_at", facts.occurred_at);
    o.end();
    decide(model::EntryKind::SessionReopened, session, std::move(text));
    session.closed_at = Time{};
  }
  if (idle_matters && session::shows_life(facts.type))
    activity_after_marks(slot, facts.occurred_at, session::shows_person(facts));
  bool proof_is_wrong = false;
  if (KeptOrder* kept = order_of(session); kept != nullptr) {
    const bool was_proven = kept->order.outcome == model::Outcome::Proven;
    std::vector<enforcement::Event> events;
    enforcement::Loop loop(kept->order, now, events);
    if (session::shows_life(facts.type))
      loop.session_acted(facts.occurred_at);
    else if (facts.end_certainty == model::Certainty::Stated)  // what a connector concluded proves nothing
      loop.session_ended(enforcement::Proof::StatedEnd, facts.occurred_at);
    if (!events.empty()) run(kept->order.number, events);
    proof_is_wrong = was_proven && kept->order.outcome == model::Outcome::StillAlive;
  }
  if (change.ended || change.end_moved || (created && !session.lives())) {
    withdraw_after(slot, session.ended_at);
    ended(slot);
    const Time from = change.end_moved ? std::min(end_before, session.ended_at) : session.ended_at;
    recheck_concurrency(slot, from);
    recheck_device(slot, from);
  }
  if (change.reopened) {
    recheck_concurrency(slot, std::min(end_before, session.started_at));
    recheck_device(slot, std::min(end_before, session.started_at));
  }
  const bool is_another = created || named || change.start_moved || change.described;
  if (is_another) {
    recheck_concurrency(slot, session.started_at);
    recheck_device(slot, session.started_at);
  }
  if (!created && session.scope_class != class_before) recheck_beside(slot, class_before);
  if (is_another || is_fresh || change.ended || change.end_moved || change.reopened) recheck_resign_ins(slot);
  if (is_fresh) excuse_resumes(slot, facts.occurred_at);
  if (is_fresh) fresh_after_marks(slot, facts.occurred_at);
  if (is_fresh) excuse_bindings(slot, facts.occurred_at);
  check_binding(slot);
  check_resume(slot, facts, state_before, state_before_at);
  if (account_matters && session::shows_life(facts.type))
    check_account(slot, facts.occurred_at, name_of(facts.type));
  if (predecessor != no_slot) recheck_account(predecessor);  // its last act may be an earlier one now
  if (account_matters && (is_fresh || named))
    recheck_accounts_of(session.subject_index);
  else if (is_another)
    recheck_account(slot);
  if (session.start_seen && (created || named || change.start_moved)) {
    check_failures(slot);
    if (facts.type == ObservationType::SignIn) check_hold(slot, facts.fresh_credentials);
  }
  if (created || named || change.start_moved || change.reopened) check_late(slot);
  if (change.after_end) check_after_end(slot, facts);
  if (proof_is_wrong) take_proof_back(slot);
  schedule(slot);
}

// What is known of a session now may take it out of a policy's scope, which then counts the others without
// it.
void Engine::State::recheck_beside(Slot slot, std::uint32_t class_before) {
  const Session& one = sessions.at(slot);
  const policy::Candidates& was = book.candidates(class_before);
  const policy::Candidates& is = book.candidates(one.scope_class);
  if (std::includes(is.concurrent.begin(), is.concurrent.end(), was.concurrent.begin(),
                    was.concurrent.end()) &&
      std::includes(is.device.begin(), is.device.end(), was.device.begin(), was.device.end()))
    return;
  std::vector<Slot> beside;
  if (one.subject_index != no_slot) beside = sessions_of(one.subject_index);
  for (Slot other = sessions.first_of_device(one.device); other != no_slot;
       other = sessions.at(other).device_next)
    beside.push_back(other);
  std::sort(beside.begin(), beside.end(),
            [this](Slot a, Slot b) { return sessions.at(a).number < sessions.at(b).number; });
  beside.erase(std::unique(beside.begin(), beside.end()), beside.end());
  for (const Slot other : beside) {
    if (other == slot || !sessions.at(other).has_marks) continue;
    recheck_concurrency(other, sessions.at(other).started_at, Recheck::Itself);
    check_device(other);
  }
}

// The end was learnt now: the record stays for a while, for what comes late, and then leaves the memory.
void Engine::State::ended(Slot slot) {
  Session& session = sessions.at(slot);
  session.closed_at = now;
  session.blocked_at = Time{};
  session.blocked_on = {};
}

void Engine::State::take_of_subject(const model::Facts& facts) {
  if (facts.identifier_count == 0) return;
  const std::uint32_t subject = subjects.take(facts.identifiers[0]);
  std::uint32_t linked = subject;
  for (std::size_t i = 1; i < facts.identifier_count; ++i)
    linked = link(linked, facts.identifiers[0].value, facts.identifiers[i], facts);
  out->subject = subjects.at(linked).ref;
  if (facts.type == ObservationType::AccountDisabled || facts.type == ObservationType::AccountEnabled ||
      facts.type == ObservationType::CredentialChanged)
    take_account_change(facts, linked);
  if (!model::states_end(facts.type)) return;
  // Signed out everywhere at this source.
  for (const Slot slot : sessions_of(linked)) {
    const Session& session = sessions.at(slot);
    if (session.source != facts.source || !session.lives() || session.started_at > facts.occurred_at)
      continue;
    model::Facts one = facts;
    one.session = session.digest;
    take_of_session(one, sources.at(facts.source));
  }
  out->session = 0;
  out->subject = subjects.at(linked).ref;
}

// Our gate let a request of a session that is over not pass. That proves nothing, as the gate is ours, and
// shows that somebody still has its credential.
void Engine::State::take_refusal(const model::Facts& facts) {
  for (const model::Symbol shown : sources.find(facts.source)->shows) {
    const Slot slot = sessions.find(shown, facts.session);
    if (slot == no_slot) continue;
    const Session& session = sessions.at(slot);
    out->session = session.number;
    out->subject = session.subject;
    const bool is_over =
        !session.lives() && (session.end_certainty == model::Certainty::Stated || session.proven_end);
    if (is_over && facts.occurred_at > session.ended_at) check_after_end(slot, facts);
    return;
  }
}

void Engine::State::take_failure(const model::Facts& facts) {
  if (facts.session && sources.find(facts.source)->is_gate) {
    take_refusal(facts);
    return;
  }
  // The source refused a session's own credential: that is a proof, if a sign-out of it runs.
  if (facts.session) {
    const Slot slot = sessions.find(facts.source, facts.session);
    if (slot != no_slot) {
      out->session = sessions.at(slot).number;
      out->subject = sessions.at(slot).subject;
      if (KeptOrder* kept = order_of(sessions.at(slot)); kept != nullptr) {
        std::vector<enforcement::Event> events;
        enforcement::Loop(kept->order, now, events)
            .session_ended(enforcement::Proof::RefusedCredential, facts.occurred_at);
        if (!events.empty()) run(kept->order.number, events);
      }
    }
  }
  if (facts.identifier_count == 0) return;
  // A name that somebody tried makes no subject: anybody can try names.
  const model::Ref identifier = facts.identifiers[0].value;
  const std::uint32_t subject = subjects.find(identifier);
  if (!out->subject) out->subject = subject == no_slot ? identifier : subjects.at(subject).ref;
  if (longest_failure_window <= Duration{0}) return;
  failures.forget_before(now - longest_failure_window - std::chrono::hours(1));
  failures.add(identifier, facts.occurred_at, now, facts.count);
  if (subject == no_slot) return;
  for (const Slot slot : sessions_of(subject)) {
    const Session& session = sessions.at(slot);
    // It came late: a success after it is known already.
    if (session.start_seen && session.started_at >= facts.occurred_at) check_failures(slot);
  }
}

}  // namespace curfew::engine
