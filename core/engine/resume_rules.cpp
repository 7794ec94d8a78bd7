// Sessions that go on without anybody having proved who they are.
#include <algorithm>

#include "core/engine/state.hpp"
#include "core/model/json_object.hpp"

namespace curfew::engine {

using model::SessionState;
using policy::PolicyIndex;

namespace {

// From when credentials count for going on at `at`. A desktop that is reconnected may be told of by a logon
// of its own, a moment before.
Time counts_from(Time away, Time at) { return std::min(away, at - fresh_within); }

}  // namespace

// `was`, `was_since`: its state before this observation.
void Engine::State::check_resume(Slot slot, const model::Facts& facts, SessionState was, Time was_since) {
  if (!session::resumes(facts.type) || facts.fresh_credentials || !sessions.at(slot).lives()) return;
  const Time at = facts.occurred_at;
  const bool saw_it_go = (was == SessionState::Locked || was == SessionState::Paused) && was_since <= at;
  const Time away = saw_it_go ? was_since : at;
  const std::vector<PolicyIndex> resume = book.candidates(sessions.at(slot).scope_class).resume;
  for (const PolicyIndex index : resume) {
    const Session& session = sessions.at(slot);
    const model::Policy& policy = book.at(index).policy;
    // Once for each time away; what nobody saw go away, once.
    const Mark* known = find_mark(session, index);
    if (known != nullptr && known->violation != 0 && (!saw_it_go || known->breached_at >= away)) continue;
    if (policy.limit > Duration{0} && at - away <= policy.limit) continue;
    // Credentials between its first and its last may be forgotten.
    if (session.last_fresh_at > at + fresh_within ||
        session.was_fresh_in(counts_from(away, at), at + fresh_within) || is_fresh_beside(session, at) ||
        !applies(index, session))
      continue;
    Breach breach;
    breach.policy = index;
    breach.slot = slot;
    breach.base = away;
    breach.breached_at = at;
    model::JsonObject o(breach.evidence);
    o.micros("limit", policy.limit);
    o.micros("measured", at - away);
    if (saw_it_go) o.time("away_since", away);
    if (saw_it_go) o.name("was", was);
    o.name("shown_by", facts.type);
    o.time("last_fresh_at", session.last_fresh_at);
    o.raw("sessions", "[" + std::to_string(session.number) + "]");
    o.end();
    Violation& violation = open(breach);
    enforce(index, violation, last_violation, {slot}, false, false);
  }
}

// Another session of the same person at the same source, with credentials given in that moment.
bool Engine::State::is_fresh_beside(const Session& session, Time at) const {
  if (session.subject_index == no_slot) return false;
  for (Slot slot = subjects.at(session.subject_index).sessions; slot != no_slot;
       slot = sessions.at(slot).subject_next) {
    const Session& other = sessions.at(slot);
    if (other.source == session.source && other.was_fresh_in(at - fresh_within, at + fresh_within))
      return true;
  }
  return false;
}

// Fresh credentials came late, for what went on without them.
void Engine::State::excuse_resumes(Slot slot, Time fresh_at) {
  if (!book.has(model::Rule::ResumeWithoutReauthentication)) return;
  const Session& proven = sessions.at(slot);
  std::vector<Slot> concerned{slot};
  if (proven.subject_index != no_slot) concerned = sessions_of(proven.subject_index);
  std::vector<model::ViolationNumber> gone;
  for (const Slot other : concerned) {
    const Session& session = sessions.at(other);
    if (!session.has_marks || session.source != proven.source) continue;
    for (Mark& mark : marks[session.number].of) {
      if (identities[mark.identity].rule != model::Rule::ResumeWithoutReauthentication || mark.violation == 0)
        continue;
      const Time from =
          other == slot ? counts_from(mark.base, mark.breached_at) : mark.breached_at - fresh_within;
      if (fresh_at < from || fresh_at > mark.breached_at + fresh_within) continue;
      gone.push_back(mark.violation);
      mark.violation = 0;
    }
  }
  for (const model::ViolationNumber number : gone) withdraw(number, "fresh credentials had been given");
}

}  // namespace curfew::engine
