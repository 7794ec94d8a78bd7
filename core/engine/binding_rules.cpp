// Sessions that go on from elsewhere than where they were bound.
#include <algorithm>
#include <array>

#include "core/engine/state.hpp"
#include "core/model/json_object.hpp"

namespace curfew::engine {

using model::Bond;
using policy::PolicyIndex;

namespace {

constexpr std::array<Bond, 4> bonds{Bond::Device, Bond::Network, Bond::Address, Bond::UserAgent};
static_assert(bonds.size() == model::Names<Bond>::all.size());

// 0: not told.
std::uint64_t value_of(Bond bond, const model::Facts& facts) {
  switch (bond) {
    case Bond::Device:
      return facts.device.bits;
    case Bond::Network:
      return static_cast<std::uint64_t>(facts.network);
    case Bond::Address:
      return facts.address.bits;
    case Bond::UserAgent:
      return facts.user_agent.bits;
  }
  return 0;
}

void put(model::JsonObject& o, std::string_view key, Bond bond, std::uint64_t value) {
  if (bond == Bond::Network)
    o.name(key, static_cast<model::NetworkClass>(value));
  else
    o.ref(key, model::Ref{value});
}

}  // namespace

// Whether it was seen from elsewhere since it was bound.
bool Engine::State::see_from_where(Slot slot, const model::Facts& facts) {
  if (!book.has(model::Rule::SessionBinding) || !session::shows_life(facts.type)) return false;
  const Session& session = sessions.at(slot);
  // What newer credentials have bound anew is not judged any more.
  if (facts.occurred_at < session.last_fresh_at) return false;
  policy::Binding& binding = bindings[session.number];
  if (facts.fresh_credentials) binding.bind_anew(facts.occurred_at);
  // Tokens are refreshed, and user infos asked for, by servers elsewhere.
  if (!session::shows_person(facts)) return binding.varies();
  for (const Bond bond : bonds) {
    if (book.binds(bond))
      binding.see(bond, facts.source, value_of(bond, facts), facts.occurred_at, facts.fresh_credentials);
  }
  return binding.varies();
}

void Engine::State::check_binding(Slot slot) {
  const std::vector<PolicyIndex> binding = book.candidates(sessions.at(slot).scope_class).binding;
  for (const PolicyIndex index : binding) {
    Session& session = sessions.at(slot);
    const model::Policy& policy = book.at(index).policy;
    const auto seen = bindings.find(session.number);
    if (seen == bindings.end()) return;
    // What was done after its end is activity after an end.
    const Time until = session.lives() ? Time::max() : session.ended_at;
    const auto change = seen->second.first_change(policy.bind, until);
    if (const Mark* known = find_mark(session, index); known != nullptr && known->violation != 0) {
      // Once for each binding.
      const bool is_of_this_one = known->breached_at >= session.last_fresh_at;
      if (is_of_this_one && change) {
        Mark& own = mark(session, index);
        own.base = session.last_fresh_at;
        own.breached_at = change->at;
        continue;
      }
      if (is_of_this_one || known->breached_at > until) {
        const model::ViolationNumber number = known->violation;
        mark(session, index).violation = 0;
        withdraw(number, "fresh credentials had been given, or it had ended, before it was used from there");
      }
    }
    if (!change || !applies(index, session)) continue;
    Breach breach;
    breach.policy = index;
    breach.slot = slot;
    breach.base = session.last_fresh_at;
    breach.breached_at = change->at;
    model::JsonObject o(breach.evidence);
    o.micros("limit", Duration{0});
    o.micros("measured", change->at - change->bound_at);
    o.name("bound", change->bond);
    put(o, "from", change->bond, change->bound);
    put(o, "to", change->bond, change->is);
    o.time("bound_at", change->bound_at);
    o.time("changed_at", change->at);
    o.text("told_by", symbols.text(change->told_by));
    o.raw("sessions", "[" + std::to_string(session.number) + "]");
    o.end();
    Violation& violation = open(breach);
    if (session.lives()) enforce(index, violation, last_violation, {slot}, false, false);
  }
}

// Credentials came late, and are not the newest: they were given before it was used from elsewhere.
void Engine::State::excuse_bindings(Slot slot, Time fresh_at) {
  const Session& session = sessions.at(slot);
  if (!session.has_marks || fresh_at == session.last_fresh_at) return;
  std::vector<model::ViolationNumber> gone;
  for (Mark& mark : marks[session.number].of) {
    if (identities[mark.identity].rule != model::Rule::SessionBinding || mark.violation == 0 ||
        fresh_at <= mark.base || fresh_at > mark.breached_at)
      continue;
    gone.push_back(mark.violation);
    mark.violation = 0;
  }
  for (const model::ViolationNumber number : gone) withdraw(number, "fresh credentials had been given");
}

}  // namespace curfew::engine
