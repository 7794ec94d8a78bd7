// Devices that one person leaves to the next without signing out.
#include <algorithm>
#include <optional>

#include "core/engine/state.hpp"
#include "core/model/json_object.hpp"

namespace curfew::engine {

using policy::PolicyIndex;

// The sessions of others that lived on its device when it began, oldest first.
std::vector<Slot> Engine::State::others_on_device(const Session& session, PolicyIndex index) {
  std::vector<Slot> found;
  for (Slot slot = sessions.first_of_device(session.device); slot != no_slot;
       slot = sessions.at(slot).device_next) {
    const Session& other = sessions.at(slot);
    if (other.subject_index == no_slot || other.subject_index == session.subject_index) continue;
    if (std::make_pair(other.started_at, other.number) >= std::make_pair(session.started_at, session.number))
      continue;
    if (!other.lives() && other.ended_at <= session.started_at) continue;
    const auto& covered = book.candidates(other.scope_class).device;
    if (std::binary_search(covered.begin(), covered.end(), index) && applies(index, other))
      found.push_back(slot);
  }
  std::sort(found.begin(), found.end(), [this](Slot a, Slot b) {
    return std::make_pair(sessions.at(a).started_at, sessions.at(a).number) <
           std::make_pair(sessions.at(b).started_at, sessions.at(b).number);
  });
  return found;
}

void Engine::State::check_device(Slot slot) {
  const std::vector<PolicyIndex> device = book.candidates(sessions.at(slot).scope_class).device;
  for (const PolicyIndex index : device) {
    Session& session = sessions.at(slot);
    if (!session.device || session.subject_index == no_slot || !applies(index, session)) continue;
    const std::vector<Slot> others = others_on_device(session, index);
    const Mark* known = find_mark(session, index);
    const bool marked = known != nullptr && known->violation != 0;
    if (others.empty()) {
      // Who left the memory may have been there.
      if (!marked || session.started_at < forgotten_until) continue;
      const model::ViolationNumber number = known->violation;
      mark(session, index).violation = 0;
      withdraw(number, "nobody else's session lived on the device then");
      continue;
    }
    if (marked) continue;
    // It may have ended before: its end is unread.
    const auto unread = std::find_if(others.begin(), others.end(), [this](Slot other) {
      return sources.find(sessions.at(other).source)->reads_backlog();
    });
    if (unread != others.end() || sources.find(session.source)->reads_backlog()) {
      const Session& waits_for = unread != others.end() ? sessions.at(*unread) : session;
      sources.at(waits_for.source).held.insert(session.number);
      continue;
    }
    const model::Policy& policy = book.at(index).policy;
    Breach breach;
    breach.policy = index;
    breach.slot = slot;
    breach.base = breach.breached_at = session.started_at;
    std::string numbers = "[";
    std::vector<std::uint32_t> people;
    for (const Slot other : others) {
      numbers += std::to_string(sessions.at(other).number) + ",";
      if (std::find(people.begin(), people.end(), sessions.at(other).subject_index) == people.end())
        people.push_back(sessions.at(other).subject_index);
    }
    model::JsonObject o(breach.evidence);
    o.number("limit", 1);
    o.number("measured", people.size() + 1);
    o.raw("sessions", numbers + std::to_string(session.number) + "]");
    o.end();
    Violation& violation = open(breach);
    const model::ViolationNumber number = last_violation;
    std::vector<Slot> targets;
    if (policy.evict != model::Evict::Newest) {
      for (const Slot other : others)
        if (sessions.at(other).lives()) targets.push_back(other);
    }
    if (policy.evict != model::Evict::Oldest && session.lives()) targets.push_back(slot);
    enforce(index, violation, number, targets, false, false);
  }
}

// Something about this session changed that sign-ins on its device are judged by; `from`: those since then.
void Engine::State::recheck_device(Slot slot, Time from) {
  if (!book.has(model::Rule::SharedDevice) || !sessions.at(slot).device) return;
  std::vector<Slot> concerned;
  for (Slot other = sessions.first_of_device(sessions.at(slot).device); other != no_slot;
       other = sessions.at(other).device_next) {
    if (other == slot || sessions.at(other).started_at >= from) concerned.push_back(other);
  }
  std::sort(concerned.begin(), concerned.end(),
            [this](Slot a, Slot b) { return sessions.at(a).number < sessions.at(b).number; });
  for (const Slot other : concerned) check_device(other);
}

}  // namespace curfew::engine
