#include <algorithm>

#include "core/engine/state.hpp"

namespace curfew::engine {

using enforcement::Event;
using enforcement::Order;

namespace {

template <typename T>
bool allows(const std::vector<T>& list, const T& value) {
  return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
}

std::vector<model::Symbol> found(const std::vector<std::string>& names, const model::Symbols& symbols) {
  std::vector<model::Symbol> out;
  for (const std::string& name : names) out.push_back(symbols.find(name));
  return out;
}

}  // namespace

void Engine::State::refuse(const model::CommandInput& input, const std::string& why) {
  out->refused = why;
  alert("command", std::string(name_of(input.verb)) + ": " + why);
}

// Idle is who is known to be: while a source that could have shown activity may still tell of it, nobody can
// say.
bool Engine::State::is_chosen(const Session& session, const Choice& choice, Targets& targets) const {
  const model::Selection& asked = *choice.asked;
  if (!session.lives() || !allows(choice.sources, session.source) ||
      !allows(choice.applications, session.application) ||
      !allows(asked.account_types, session.account_type) || !allows(asked.networks, session.network) ||
      !allows(asked.sign_ins, session.interactivity) || !allows(asked.auth_methods, session.auth_method) ||
      !allows(asked.states, session.state))
    return false;
  if (asked.device && session.device != asked.device) return false;
  if (asked.older_than > Duration{0} && session.started_at + asked.older_than >= now) return false;
  if (asked.idle_over <= Duration{0}) return true;
  const Time idle_at = std::max(session.last_person_at, session.started_at) + asked.idle_over;
  if (idle_at >= now) return false;
  const Source* own = sources.find(session.source);
  if (own != nullptr && !own->shown_by.empty() && blocking(session, idle_at) == nullptr) return true;
  ++targets.not_judged;
  targets.not_judged_at.emplace(symbols.text(session.source));
  return false;
}

Targets Engine::State::targets_of(const model::CommandInput& input) const {
  Targets targets;
  const bool of_subject = std::any_of(input.ladder.begin(), input.ladder.end(), [](const auto& step) {
    return enforcement::hits_subject(step.action);
  });
  const bool asks = input.selection.asks();
  if (input.session != 0) {
    const Slot slot = sessions.find(input.session);
    if (slot == no_slot) {
      targets.refused = "session " + std::to_string(input.session) + " is not known any more";
      return targets;
    }
    targets.slots.push_back(slot);
    targets.subject = sessions.at(slot).subject_index;
  } else if (!asks && !input.subject) {
    targets.refused = "it says nobody";
    return targets;
  } else {
    const Choice choice{&input.selection, found(input.selection.sources, symbols),
                        found(input.selection.applications, symbols)};
    const auto look = [&](Slot slot) {
      if (is_chosen(sessions.at(slot), choice, targets)) targets.slots.push_back(slot);
    };
    if (input.subject) {
      targets.subject = subjects.find(input.subject);
      if (targets.subject == no_slot) {
        targets.refused = "nobody has the reference " + to_text(input.subject);
        return targets;
      }
      for (const Slot slot : sessions_of(targets.subject)) look(slot);
    } else if (input.selection.device) {
      for (Slot slot = sessions.first_of_device(input.selection.device); slot != no_slot;
           slot = sessions.at(slot).device_next)
        look(slot);
    } else {
      sessions.each(look);
    }
    std::sort(targets.slots.begin(), targets.slots.end(),
              [this](Slot a, Slot b) { return sessions.at(a).number < sessions.at(b).number; });
    const bool elsewhere = std::any_of(input.ladder.begin(), input.ladder.end(), [](const auto& step) {
      return enforcement::hits_subject(step.action) && !step.at.empty();
    });
    if (targets.slots.empty() && input.subject && !asks && elsewhere) targets.slots.push_back(no_slot);
    if (targets.slots.empty()) {
      targets.refused = asks ? "no session that lives is meant" : "the subject has no session that lives";
      if (targets.not_judged > 0)
        targets.refused += "; of " + std::to_string(targets.not_judged) +
                           " nobody can say yet whether they are idle: their sources have not told enough";
      return targets;
    }
  }
  const std::size_t most = input.at_most == 0 ? model::most_targets : input.at_most;
  if (targets.slots.size() > most) {
    targets.refused = "it would hit " + std::to_string(targets.slots.size()) + " sessions, more than " +
                      std::to_string(most) + "; ask for fewer, or look at the preview again";
    return targets;
  }
  targets.hits = targets.slots.size();
  if (!of_subject) return targets;
  std::set<std::uint32_t> people{targets.subject};
  std::size_t hits = 0;
  for (const Slot slot : targets.slots) {
    if (slot == no_slot) continue;
    people.insert(sessions.at(slot).subject_index);
    hits += sessions.at(slot).subject_index == no_slot;
  }
  people.erase(no_slot);
  for (const std::uint32_t person : people) {
    for (const Slot slot : sessions_of(person)) hits += sessions.at(slot).lives();
  }
  targets.hits = std::max(targets.hits, hits);
  return targets;
}

void Engine::State::command_sign_out(const model::CommandInput& input) {
  std::vector<model::LadderStep> ladder = input.ladder;
  if (ladder.empty()) ladder.emplace_back();
  const Targets targets = targets_of(input);
  if (!targets.refused.empty()) {
    refuse(input, targets.refused);
    return;
  }
  for (const Slot target : targets.slots) {
    // The same sign-out runs already, or waits for an approval of what somebody ordered before.
    if (const KeptOrder* kept = target == no_slot ? nullptr : order_of(sessions.at(target));
        kept != nullptr &&
        (kept->order.running() || (kept->order.policy.empty() && kept->order.concluded_at == Time{}))) {
      out->sign_outs.push_back(kept->order.number);
      out->commanded.push_back(kept->order.number);
      continue;
    }
    Order order;
    order.reason = input.reason;
    order.ordered_by = input.by;
    order.refusal = model::Refusal::Administrator;
    order.subject = input.subject;
    order.breached_at = now;
    const std::uint32_t subject = target == no_slot ? targets.subject : sessions.at(target).subject_index;
    std::string held = hold_reason(ladder, subject, targets.hits);
    if (held.empty() && !caps.admits({}, 0, set.safety.most_sign_outs_per_minute, now)) held = "cap";
    out->commanded.push_back(this->order(std::move(order), target, ladder, std::move(held)));
  }
}

// Releases or dismisses one held order, or all of a policy; of these, as many begin as its caps admit.
void Engine::State::command_held(const model::CommandInput& input) {
  const auto is_held = [](const Order& order) {
    return order.outcome == model::Outcome::Held && order.concluded_at == Time{};
  };
  const bool dismisses = input.verb == model::Verb::Dismiss;
  std::vector<model::OrderNumber> numbers;
  if (input.held_of.empty()) {
    const auto found = orders.find(input.order);
    if (found == orders.end() || !is_held(found->second.order)) {
      refuse(input, "sign-out " + std::to_string(input.order) + " is not held");
      return;
    }
    if (!dismisses && found->second.order.ordered_by == input.by) {
      refuse(input, "sign-out " + std::to_string(input.order) + " needs a second person");
      return;
    }
    numbers.push_back(input.order);
  } else {
    std::size_t room = model::most_targets;
    if (!dismisses) {
      const auto left =
          caps.room(input.held_of, most_per_minute(input.held_of), set.safety.most_sign_outs_per_minute, now);
      room = std::min(room, left.value_or(room));
    }
    std::size_t waiting = 0;
    for (const auto& [number, kept] : orders) {
      if (kept.order.policy != input.held_of || !is_held(kept.order)) continue;
      ++waiting;
      if (numbers.size() < room) numbers.push_back(number);
    }
    if (numbers.empty()) {
      refuse(input, waiting == 0 ? "no sign-out of policy '" + input.held_of + "' is held"
                                 : "the caps admit none now; " + std::to_string(waiting) + " go on waiting");
      return;
    }
  }
  for (const model::OrderNumber number : numbers) {
    Order& order = orders.at(number).order;
    std::vector<Event> events;
    enforcement::Loop loop(order, now, events);
    if (dismisses) {
      loop.dismiss("dismissed");
    } else {
      caps.count(order.policy, now);
      loop.begin();
    }
    out->commanded.push_back(number);
    run(number, events);
  }
}

void Engine::State::take(const model::CommandInput& input) {
  switch (input.verb) {
    case model::Verb::SignOut:
      command_sign_out(input);
      return;
    case model::Verb::SplitSubject:
      split(input.subject);
      return;
    case model::Verb::Release:
    case model::Verb::Dismiss:
      command_held(input);
      return;
  }
}

}  // namespace curfew::engine
