// Who it is: sessions and their subjects, names that turn out to be one person's, and people who are split
// again.
#include <algorithm>
#include <set>
#include <utility>

#include "core/base/text.hpp"
#include "core/engine/state.hpp"
#include "core/model/json_object.hpp"

namespace curfew::engine {

std::vector<Slot> Engine::State::sessions_of(std::uint32_t subject) const {
  std::vector<Slot> slots;
  for (Slot slot = subjects.at(subject).sessions; slot != no_slot; slot = sessions.at(slot).subject_next)
    slots.push_back(slot);
  std::sort(slots.begin(), slots.end(),
            [this](Slot a, Slot b) { return sessions.at(a).number < sessions.at(b).number; });
  return slots;
}

void Engine::State::attach(Slot slot, std::uint32_t subject) {
  Session& session = sessions.at(slot);
  session.subject_index = subject;
  session.subject = subjects.at(subject).ref;
  session.account_changed = !changes.empty() && changes.knows(subjects.identifiers_of(subject));
  session.subject_previous = no_slot;
  session.subject_next = subjects.at(subject).sessions;
  if (session.subject_next != no_slot) sessions.at(session.subject_next).subject_previous = slot;
  subjects.at(subject).sessions = slot;
}

void Engine::State::detach(Slot slot) {
  Session& session = sessions.at(slot);
  if (session.subject_index == no_slot) return;
  if (session.subject_previous != no_slot)
    sessions.at(session.subject_previous).subject_next = session.subject_next;
  else
    subjects.at(session.subject_index).sessions = session.subject_next;
  if (session.subject_next != no_slot)
    sessions.at(session.subject_next).subject_previous = session.subject_previous;
  session.subject_index = session.subject_next = session.subject_previous = no_slot;
}

// True when the session had nobody before.
bool Engine::State::know_subject(Slot slot, const model::Facts& facts) {
  Session& session = sessions.at(slot);
  const bool named = session.subject_index == no_slot;
  if (named) {
    session.identifier = facts.identifiers[0].value;
    attach(slot, subjects.take(facts.identifiers[0]));
    touch(session);
  }
  for (std::size_t i = 0; i < facts.identifier_count; ++i) {
    if (facts.identifiers[i].value != session.identifier)
      link(session.subject_index, session.identifier, facts.identifiers[i], facts);
  }
  return named;
}

std::uint32_t Engine::State::link(std::uint32_t subject, model::Ref known, const model::Identifier& other,
                                  const model::Facts& facts) {
  const std::uint32_t found = subjects.find(other.value);
  if (found == subject) return subject;
  // A link is stated only by a source that may teach both namespaces.
  const Source& teacher = sources.at(facts.source);
  const auto teaches = [&](model::Symbol name_space) {
    return teacher.teaches_all || std::find(teacher.may_teach.begin(), teacher.may_teach.end(), name_space) !=
                                      teacher.may_teach.end();
  };
  model::Symbol known_space;
  for (const model::Identifier& identifier : subjects.identifiers_of(subject)) {
    if (identifier.value == known) known_space = identifier.name_space;
  }
  if (!teaches(known_space) || !teaches(other.name_space)) {
    ++counts.links_not_taught;
    return subject;
  }
  const std::uint32_t second = found == no_slot ? subjects.take(other) : found;
  const session::Linking linking = subjects.check(subject, second);
  std::string text;
  model::JsonObject o(text);
  o.begin("ids");
  text += "[[";
  base::append_json_string(text, symbols.text(known_space));
  text += ",\"" + to_text(known) + "\"],[";
  base::append_json_string(text, symbols.text(other.name_space));
  text += ",\"" + to_text(other.value) + "\"]]";
  const auto record = [&](model::EntryKind kind, model::Ref about) {
    o.end();
    model::Entry& entry = decide(kind, std::move(text));
    entry.source = symbols.text(facts.source);
    entry.session = facts.session;
    entry.subject = about;
  };
  if (linking != session::Linking::Merged) {
    constexpr std::size_t most_remembered = 100'000;
    if (refused_links.size() < most_remembered &&
        refused_links.insert(std::minmax(known, other.value)).second) {
      o.text("because", linking == session::Linking::Split ? "split" : "conflict");
      record(model::EntryKind::LinkRefused, subjects.at(subject).ref);
    }
    return subject;
  }
  const model::Ref one = subjects.at(subject).ref;
  const model::Ref two = subjects.at(second).ref;
  const session::Subjects::Merge merge = subjects.merge(subject, second);
  const model::Ref into = subjects.at(merge.kept).ref;
  o.ref("into", into);
  o.ref("from", into == one ? two : one);
  record(model::EntryKind::SubjectLinked, into);
  relabel(merge);
  return merge.kept;
}

void Engine::State::relabel(const session::Subjects::Merge& merge) {
  const std::vector<Slot> stayed = sessions_of(merge.kept);
  std::vector<Slot> moved;
  for (Slot slot = subjects.at(merge.gone).sessions; slot != no_slot; slot = sessions.at(slot).subject_next)
    moved.push_back(slot);
  if (merge.renamed) {
    for (const Slot slot : stayed) {
      sessions.at(slot).subject = subjects.at(merge.kept).ref;
      touch(sessions.at(slot));
    }
  }
  for (const Slot slot : moved) {
    detach(slot);
    attach(slot, merge.kept);
    touch(sessions.at(slot));
  }
  if (auto hold = holds.extract(merge.gone); !hold.empty()) {
    hold.key() = merge.kept;
    holds.insert(std::move(hold));
  }
  recheck_subject(merge.kept);
  std::set<model::OrderNumber> of_gone;
  if (auto found = clearing.extract(merge.gone); !found.empty()) of_gone = std::move(found.mapped());
  const auto of_kept = clearing.find(merge.kept);
  const std::set<model::OrderNumber> before =
      of_kept == clearing.end() ? std::set<model::OrderNumber>{} : of_kept->second;
  if (!of_gone.empty()) clearing[merge.kept].insert(of_gone.begin(), of_gone.end());
  for (const Slot slot : moved) check_late(slot, before);
  for (const Slot slot : stayed) check_late(slot, of_gone);
}

// Other sessions are its own now, and other policies may be about it by its names: a gate must know.
void Engine::State::recheck_subject(std::uint32_t subject) {
  std::set<std::uint32_t> classes;
  for (const Slot slot : sessions_of(subject)) {
    touch(sessions.at(slot));
    // Sessions of one class are in the same groups.
    if (classes.insert(sessions.at(slot).scope_class).second) recheck_concurrency(slot, Time::min());
    if (sessions.at(slot).start_seen) check_failures(slot);
    check_resign_in(slot);
    check_device(slot);
    sessions.at(slot).account_changed =
        !changes.empty() && changes.knows(subjects.identifiers_of(sessions.at(slot).subject_index));
    recheck_account(slot);
    schedule(slot);
  }
}

void Engine::State::split(model::Ref ref) {
  const std::uint32_t subject = subjects.find(ref);
  if (subject == no_slot) {
    alert("command", "split_subject: nobody has the reference " + to_text(ref));
    return;
  }
  const std::vector<Slot> all = sessions_of(subject);
  for (const Slot slot : all) detach(slot);
  const std::vector<std::uint32_t> parts = subjects.split(subject);
  for (const Slot slot : all) {
    attach(slot, subjects.find(sessions.at(slot).identifier));
    touch(sessions.at(slot));
  }
  clearing.clear();
  for (const auto& [number, kept] : orders) list_clearing(kept.order);
  for (const std::uint32_t part : parts) recheck_subject(part);
}

}  // namespace curfew::engine
