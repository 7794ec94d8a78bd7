#include <algorithm>

#include "core/engine/state.hpp"
#include "core/model/json_object.hpp"

namespace curfew::engine {

using policy::PolicyIndex;

namespace {

// What is another one than the session was known by first; empty: nothing.
std::string_view elsewhere_than(const Session& session, const model::Facts& facts) {
  if (facts.device && session.device && facts.device != session.device) return "another_device";
  if (facts.user_agent && session.user_agent && facts.user_agent != session.user_agent)
    return "another_client";
  if (facts.address && session.address && facts.address != session.address) return "another_address";
  return {};
}

}  // namespace

// Looks again at the sessions of its groups that began at or after `from`: their number of sessions at once
// may be another one now.
void Engine::State::recheck_concurrency(Slot slot, Time from, Recheck whom) {
  const std::vector<PolicyIndex> concurrent = book.candidates(sessions.at(slot).scope_class).concurrent;
  for (const PolicyIndex index : concurrent) {
    const model::Policy& policy = book.at(index).policy;
    const Session& one = sessions.at(slot);
    std::vector<Slot> members;
    if (policy.per == model::Per::Device) {
      if (!one.device) continue;
      for (Slot s = sessions.first_of_device(one.device); s != no_slot; s = sessions.at(s).device_next)
        members.push_back(s);
    } else {
      if (one.subject_index == no_slot) continue;
      for (Slot s = subjects.at(one.subject_index).sessions; s != no_slot; s = sessions.at(s).subject_next)
        members.push_back(s);
    }
    std::vector<policy::Interval> group;
    std::vector<std::pair<policy::Interval, Slot>> again;
    for (const Slot member : members) {
      const Session& other = sessions.at(member);
      if (policy.per == model::Per::Application && other.application != one.application) continue;
      if (policy.per == model::Per::Source && other.source != one.source) continue;
      const auto& covered = book.candidates(other.scope_class).concurrent;
      if (!std::binary_search(covered.begin(), covered.end(), index) || !applies(index, other)) continue;
      group.push_back({other.number, other.joined != 0 ? other.joined : other.number, other.identifier,
                       other.started_at, other.ended_at});
      if (other.started_at >= from && (whom == Recheck::Group || member == slot))
        again.emplace_back(group.back(), member);
    }
    std::sort(again.begin(), again.end(),
              [](const auto& a, const auto& b) { return began_before(a.first, b.first); });
    for (const auto& [interval, member] : again) {
      const Mark* known = find_mark(sessions.at(member), index);
      const bool marked = known != nullptr && known->violation != 0;
      if (!marked && group.size() <= policy.most) continue;
      const policy::Overlap overlap = policy::overlap(group, interval);
      if (overlap.count <= policy.most) {
        // Sessions that left the memory may have been among them.
        if (!marked || interval.start < forgotten_until) continue;
        const model::ViolationNumber number = known->violation;
        mark(sessions.at(member), index).violation = 0;
        withdraw(number, "there were not so many sessions at once");
        continue;
      }
      if (marked) continue;
      // One that seems to have lived then may have ended before: its end is unread.
      const auto unread =
          std::find_if(overlap.sessions.begin(), overlap.sessions.end(), [this](model::SessionNumber number) {
            return sources.find(sessions.at(sessions.find(number)).source)->reads_backlog();
          });
      if (unread != overlap.sessions.end()) {
        sources.at(sessions.at(sessions.find(*unread)).source).held.insert(sessions.at(member).number);
        continue;
      }
      Breach breach;
      breach.policy = index;
      breach.slot = member;
      breach.base = breach.breached_at = interval.start;
      breach.through_link = overlap.of_same_identifier <= policy.most;
      model::JsonObject o(breach.evidence);
      o.number("limit", policy.most);
      o.number("measured", overlap.count);
      o.name("per", policy.per);
      o.list("sessions", overlap.sessions,
             [](std::string& text, model::SessionNumber number) { text += std::to_string(number); });
      o.end();
      Violation& violation = open(breach);
      const model::ViolationNumber number = last_violation;
      std::vector<Slot> living;
      for (const model::SessionNumber candidate : overlap.sessions) {
        const Slot target = sessions.find(candidate);
        if (target != no_slot && sessions.at(target).lives()) living.push_back(target);
      }
      const std::size_t excess = living.size() > policy.most ? living.size() - policy.most : 0;
      std::vector<Slot> targets;
      if (excess > 0) {
        const auto count = static_cast<std::ptrdiff_t>(excess);
        if (policy.evict == model::Evict::Oldest) targets.assign(living.begin(), living.begin() + count);
        if (policy.evict == model::Evict::Newest) targets.assign(living.end() - count, living.end());
        if (policy.evict == model::Evict::All) targets = living;
      }
      enforce(index, violation, number, targets, breach.through_link, false);
    }
  }
}

void Engine::State::check_failures(Slot slot) {
  const std::vector<PolicyIndex> failed = book.candidates(sessions.at(slot).scope_class).failed;
  for (const PolicyIndex index : failed) {
    const Session& session = sessions.at(slot);
    const model::Policy& policy = book.at(index).policy;
    if (session.subject_index == no_slot) return;
    if (const Mark* known = find_mark(session, index); known != nullptr && known->violation != 0) continue;
    const Time from = session.started_at - policy.window;
    std::uint64_t count = 0;
    for (const model::Identifier& identifier : subjects.identifiers_of(session.subject_index))
      count += failures.count(identifier.value, from, session.started_at);
    if (count < policy.most || count == 0 || !applies(index, session)) continue;
    Breach breach;
    breach.policy = index;
    breach.slot = slot;
    breach.base = breach.breached_at = session.started_at;
    breach.through_link = failures.count(session.identifier, from, session.started_at) < policy.most;
    model::JsonObject o(breach.evidence);
    o.number("limit", policy.most);
    o.number("measured", count);
    o.micros("window", policy.window);
    o.raw("sessions", "[" + std::to_string(session.number) + "]");
    o.end();
    Violation& violation = open(breach);
    // One that is over needs no sign-out.
    if (sessions.at(slot).lives())
      enforce(index, violation, last_violation, {slot}, breach.through_link, false);
  }
}

void Engine::State::check_after_end(Slot slot, const model::Facts& facts) {
  const std::vector<PolicyIndex> after_end = book.candidates(sessions.at(slot).scope_class).after_end;
  for (const PolicyIndex index : after_end) {
    const Session& session = sessions.at(slot);
    const model::Policy& policy = book.at(index).policy;
    const bool told_late = model::states_end(facts.type);
    const bool was_refused = facts.type == model::ObservationType::SignInFailed;
    const Time activity_at = told_late ? session.last_at() : facts.occurred_at;
    if (activity_at <= session.ended_at + policy.limit) continue;
    const Mark* known = find_mark(session, index);
    // Once for a session, and once more after each end that we proved.
    if (known != nullptr && known->violation != 0 && !(session.proven_end && known->base < session.ended_at))
      continue;
    if (!applies(index, session)) continue;
    std::string_view cause = "unknown";
    std::string_view elsewhere;
    if (told_late) {
      // Of what came before its end was told, only the newest is known.
      if (session.refreshed_last && session.last_machine_at == activity_at) cause = "token_refreshed";
    } else {
      elsewhere = elsewhere_than(session, facts);
      // Tokens are refreshed by whoever holds them, often a server: from where says less than that it was
      // done.
      if (facts.type == model::ObservationType::TokenRefreshed)
        cause = "token_refreshed";
      else if (!elsewhere.empty())
        cause = elsewhere;
      else if (facts.activity_class == model::ActivityClass::Machine)
        cause = "background_requests";
      else if (facts.interactivity == model::Interactivity::Silent)
        cause = "silent_sign_in";
      else if (facts.auth_method == model::AuthMethod::Cached)
        cause = "cached_credentials";
    }
    Breach breach;
    breach.policy = index;
    breach.slot = slot;
    breach.base = session.ended_at;
    breach.breached_at = activity_at;
    model::JsonObject o(breach.evidence);
    o.micros("limit", policy.limit);
    o.micros("measured", activity_at - session.ended_at);
    o.time("ended_at", session.ended_at);
    o.name("end_reason", session.end_reason);
    o.text("end", session.proven_end ? "proven" : "stated");
    o.text("cause", cause);
    if (cause != elsewhere) o.text_unless_empty("elsewhere", elsewhere);
    if (was_refused) o.flag("refused", true);
    o.raw("sessions", "[" + std::to_string(session.number) + "]");
    o.end();
    Violation& violation = open(breach);
    // What our gate refused needs no sign-out.
    if (!was_refused) enforce(index, violation, last_violation, {slot}, false, false);
  }
}

}  // namespace curfew::engine
