#include <algorithm>
#include <map>

#include "core/engine/state.hpp"

namespace curfew::engine {

namespace {

bool contains(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

}  // namespace

// A step for a whole person at a source ends their sessions there, and those of the sources that act through
// it.
void Engine::State::preview_also(const std::vector<model::LadderStep>& ladder, const Targets& targets,
                                 model::Preview& told) const {
  std::set<std::uint32_t> people{targets.subject};
  std::set<model::SessionNumber> asked_for;
  for (const Slot slot : targets.slots) {
    if (slot == no_slot) continue;
    people.insert(sessions.at(slot).subject_index);
    asked_for.insert(sessions.at(slot).number);
  }
  people.erase(no_slot);
  std::set<std::pair<model::Action, std::string>> said;
  for (const model::LadderStep& step : ladder) {
    if (!enforcement::hits_subject(step.action) || !said.emplace(step.action, step.at).second) continue;
    // Without `at` it is carried out at each session's own source.
    std::map<std::tuple<std::string, std::string, std::string>,
             std::pair<std::size_t, std::set<std::uint32_t>>>
        ended;
    for (const std::uint32_t person : people) {
      const std::vector<Slot> all = sessions_of(person);
      std::set<std::string> places;
      if (!step.at.empty()) places.insert(step.at);
      for (const Slot slot : all) {
        if (step.at.empty() && asked_for.contains(sessions.at(slot).number))
          places.emplace(symbols.text(sessions.at(slot).source));
      }
      for (const Slot slot : all) {
        const Session& session = sessions.at(slot);
        if (!session.lives() || asked_for.contains(session.number)) continue;
        const std::string source(symbols.text(session.source));
        const Source* own = sources.find(session.source);
        for (const std::string& place : places) {
          if (source != place && (own == nullptr || !contains(own->settings.acts_through, place))) continue;
          auto& [count, whose] = ended[{place, source, std::string(symbols.text(session.application))}];
          ++count;
          whose.insert(person);
          break;
        }
      }
    }
    for (const auto& [key, of] : ended) {
      told.also.push_back({.action = step.action,
                           .at = std::get<0>(key),
                           .source = std::get<1>(key),
                           .application = std::get<2>(key),
                           .sessions = of.first,
                           .people = of.second.size()});
    }
  }
}

model::Preview Engine::State::preview(const model::CommandInput& input) const {
  model::Preview told;
  std::vector<model::LadderStep> ladder = input.ladder;
  if (ladder.empty()) ladder.emplace_back();
  const Targets targets = targets_of(input);
  told.refused = targets.refused;
  told.not_judged = targets.not_judged;
  told.not_judged_at.assign(targets.not_judged_at.begin(), targets.not_judged_at.end());
  std::optional<std::size_t> room = caps.room({}, 0, set.safety.most_sign_outs_per_minute, now);
  std::set<std::uint32_t> people;
  std::map<std::pair<std::string, std::string>, std::pair<std::size_t, std::set<std::uint32_t>>> by_place;
  std::map<std::string, std::size_t> held;
  for (const Slot slot : targets.slots) {
    if (slot == no_slot) {  // the person, who has no session
      people.insert(targets.subject);
      std::string because = hold_reason(ladder, targets.subject, targets.hits);
      if (because.empty() && room && *room == 0) because = "cap";
      because.empty() ? ++told.at_once : ++held[because];
      continue;
    }
    const Session& session = sessions.at(slot);
    ++told.sessions;
    people.insert(session.subject_index);
    model::PreviewSession row;
    row.number = session.number;
    row.source = symbols.text(session.source);
    row.application = symbols.text(session.application);
    row.subject = session.subject;
    row.started_at = session.started_at;
    row.last_person_activity_at = session.last_person_at;
    auto& [count, whose] = by_place[{row.source, row.application}];
    ++count;
    whose.insert(session.subject_index);
    const KeptOrder* kept = order_of(session);
    if (told.refused.empty()) {
      if (kept != nullptr &&
          (kept->order.running() || (kept->order.policy.empty() && kept->order.concluded_at == Time{}))) {
        row.running = kept->order.number;
        ++told.running;
      } else {
        row.held_because = hold_reason(ladder, session.subject_index, targets.hits);
        if (row.held_because.empty() && room && *room == 0) row.held_because = "cap";
        if (row.held_because.empty()) {
          ++told.at_once;
          if (room) --*room;
        } else {
          ++held[row.held_because];
        }
      }
    }
    if (told.listed.size() < model::most_previewed) told.listed.push_back(std::move(row));
  }
  people.erase(no_slot);
  told.people = people.size();
  for (const auto& [key, of] : by_place) {
    std::set<std::uint32_t> known = of.second;
    known.erase(no_slot);
    told.groups.push_back({key.first, key.second, of.first, known.size()});
  }
  for (const auto& [because, count] : held) told.held.push_back({because, count});
  if (told.refused.empty()) preview_also(ladder, targets, told);
  return told;
}

}  // namespace curfew::engine
