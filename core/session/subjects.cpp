#include "core/session/subjects.hpp"

#include <algorithm>

namespace curfew::session {

std::uint32_t Subjects::find(model::Ref identifier) const {
  const auto found = by_value_.find(identifier);
  return found == by_value_.end() ? no_slot : identifiers_[*found].subject;
}

std::uint32_t Subjects::new_subject() {
  if (!free_.empty()) {
    const std::uint32_t index = free_.back();
    free_.pop_back();
    subjects_[index] = Subject{};
    return index;
  }
  subjects_.emplace_back();
  return static_cast<std::uint32_t>(subjects_.size() - 1);
}

void Subjects::append(std::uint32_t subject, std::uint32_t identifier) {
  Subject& owner = subjects_[subject];
  identifiers_[identifier].subject = subject;
  ++owner.identifier_count;
  // The list is kept by age, which is the index.
  std::uint32_t* link = &owner.first_identifier;
  while (*link != no_slot && *link < identifier) link = &identifiers_[*link].next;
  identifiers_[identifier].next = *link;
  *link = identifier;
  owner.ref = identifiers_[owner.first_identifier].value;
}

std::uint32_t Subjects::take(const model::Identifier& identifier) {
  if (const std::uint32_t known = find(identifier.value); known != no_slot) return known;
  identifiers_.push_back({identifier.value, no_slot, no_slot, identifier.name_space});
  const auto index = static_cast<std::uint32_t>(identifiers_.size() - 1);
  by_value_.insert(index);
  const std::uint32_t subject = new_subject();
  append(subject, index);
  return subject;
}

Linking Subjects::check(std::uint32_t a, std::uint32_t b) const {
  if (a == b) return Linking::Same;
  for (std::uint32_t i = subjects_[a].first_identifier; i != no_slot; i = identifiers_[i].next) {
    for (std::uint32_t j = subjects_[b].first_identifier; j != no_slot; j = identifiers_[j].next) {
      const KnownIdentifier& one = identifiers_[i];
      const KnownIdentifier& other = identifiers_[j];
      if (one.name_space == other.name_space) return Linking::Conflict;
      if (apart_.contains(std::minmax(one.value, other.value))) return Linking::Split;
    }
  }
  return Linking::Merged;
}

Subjects::Merge Subjects::merge(std::uint32_t a, std::uint32_t b) {
  // By size, then by age, so that the result does not depend on which one was named first.
  const auto weight = [this](std::uint32_t index) {
    return std::make_pair(subjects_[index].identifier_count, ~subjects_[index].first_identifier);
  };
  Merge merge{a, b, false};
  if (weight(b) > weight(a)) std::swap(merge.kept, merge.gone);
  const model::Ref ref = subjects_[merge.kept].ref;
  for (std::uint32_t i = subjects_[merge.gone].first_identifier; i != no_slot;) {
    const std::uint32_t next = identifiers_[i].next;
    append(merge.kept, i);
    i = next;
  }
  merge.renamed = subjects_[merge.kept].ref != ref;
  subjects_[merge.gone].first_identifier = no_slot;
  subjects_[merge.gone].identifier_count = 0;
  free_.push_back(merge.gone);
  return merge;
}

std::vector<std::uint32_t> Subjects::split(std::uint32_t index) {
  std::vector<std::uint32_t> members;
  for (std::uint32_t i = subjects_[index].first_identifier; i != no_slot; i = identifiers_[i].next)
    members.push_back(i);
  for (const std::uint32_t one : members) {
    for (const std::uint32_t other : members) {
      if (one < other) apart_.insert(std::minmax(identifiers_[one].value, identifiers_[other].value));
    }
  }
  std::vector<std::uint32_t> out{index};
  subjects_[index].first_identifier = no_slot;
  subjects_[index].identifier_count = 0;
  append(index, members.front());
  for (std::size_t i = 1; i < members.size(); ++i) {
    out.push_back(new_subject());
    append(out.back(), members[i]);
  }
  return out;
}

std::vector<model::Identifier> Subjects::identifiers_of(std::uint32_t index) const {
  std::vector<model::Identifier> out;
  if (index == no_slot) return out;
  for (std::uint32_t i = subjects_[index].first_identifier; i != no_slot; i = identifiers_[i].next)
    out.push_back({identifiers_[i].name_space, identifiers_[i].value});
  return out;
}

void Subjects::save(model::StateWriter& writer, const model::Symbols& symbols) const {
  writer.number(subjects_.size());
  writer.number(free_.size());
  for (const std::uint32_t index : free_) writer.number(index);
  writer.number(identifiers_.size());
  for (const KnownIdentifier& identifier : identifiers_) {
    writer.ref(identifier.value);
    writer.number(identifier.subject);
    writer.text(symbols.text(identifier.name_space));
  }
  writer.number(apart_.size());
  for (const auto& [one, other] : apart_) {
    writer.ref(one);
    writer.ref(other);
  }
}

void Subjects::load(model::StateReader& reader, model::Symbols& symbols) {
  const std::size_t subjects = reader.count();
  subjects_.resize(subjects);
  for (std::size_t i = reader.count(); i > 0; --i) {
    free_.push_back(reader.number_as<std::uint32_t>());
    if (free_.back() >= subjects) reader.broken("no such subject is free");
  }
  const std::size_t identifiers = reader.count();
  by_value_.reserve(identifiers);
  identifiers_.reserve(identifiers);
  for (std::size_t i = 0; i < identifiers; ++i) {
    const model::Ref value = reader.ref();
    const auto subject = reader.number_as<std::uint32_t>();
    if (subject >= subjects) reader.broken("an identifier of no subject");
    identifiers_.push_back({value, no_slot, no_slot, symbols.intern(reader.text())});
    by_value_.insert(static_cast<std::uint32_t>(i));
    append(subject, static_cast<std::uint32_t>(i));
  }
  for (std::size_t i = reader.count(); i > 0; --i) {
    const model::Ref one = reader.ref();
    apart_.emplace(one, reader.ref());
  }
}

}  // namespace curfew::session
