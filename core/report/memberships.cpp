#include "core/report/memberships.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace curfew::report {
namespace {

bool names_one_of(const std::vector<std::string>& subjects, const std::vector<model::Ref>& names) {
  return std::any_of(names.begin(), names.end(), [&](model::Ref name) {
    return std::find(subjects.begin(), subjects.end(), "ref:" + model::to_text(name)) != subjects.end();
  });
}

}  // namespace

bool asks_person(const model::Policy& policy) {
  return !policy.scope.subjects.empty() || !policy.scope.groups.empty() || !policy.except.subjects.empty() ||
         !policy.except.groups.empty();
}

bool Memberships::take_room() {
  cut_ = cut_ || taken_ >= most_;
  if (!cut_) ++taken_;
  return !cut_;
}

void Memberships::tell(const std::string& group, Time at, const std::vector<model::Ref>& members) {
  const auto [place, is_new] = groups_.try_emplace(group);
  Group& known = place->second;
  if (is_new) known.told_at = at;
  const std::set<model::Ref> now(members.begin(), members.end());
  for (auto member = known.members.begin(); member != known.members.end();) {
    Spans& spans = member->second;
    if (spans.back().to == Time::max() && !now.contains(member->first)) spans.back().to = at;
    const std::size_t before = spans.size();
    std::erase_if(spans, [&](const Stretch& span) { return span.to <= from_ || span.from >= span.to; });
    taken_ -= before - spans.size();
    member = spans.empty() ? known.members.erase(member) : std::next(member);
  }
  for (const model::Ref member : now) {
    const auto found = known.members.find(member);
    if (found != known.members.end() && found->second.back().to == Time::max()) continue;
    if (!take_room()) return;
    known.members[member].push_back({at, Time::max()});
  }
}

Memberships::Person& Memberships::take(model::Ref subject) {
  const auto [place, is_new] = people_.try_emplace(subject);
  if (is_new && take_room()) {
    place->second.names = {subject};
    owners_[subject] = subject;
  }
  return place->second;
}

void Memberships::link(Time at, model::Ref into, model::Ref from) {
  if (cut_ || into == from) return;
  const Person gone = take(from);
  Person& kept = take(into);
  for (const model::Ref name : gone.names) {
    kept.names.push_back(name);
    owners_[name] = into;
  }
  kept.settled_at = at;
  people_.erase(from);
}

void Memberships::split(Time at, model::Ref subject) {
  const auto owner = owners_.find(subject);
  if (owner == owners_.end()) return;
  const auto whole = people_.extract(owner->second);
  if (whole.empty()) return;
  for (const model::Ref name : whole.mapped().names) {
    people_[name] = {{name}, at};
    owners_[name] = name;
  }
}

void Memberships::settle() {
  newest_.clear();
  for (const auto& [group, known] : groups_) {
    for (const auto& [member, spans] : known.members) {
      if (spans.back().to == Time::max()) newest_[member].push_back(&group);
    }
  }
}

Memberships::Person Memberships::person(model::Ref subject) const {
  const auto known = people_.find(subject);
  if (known != people_.end()) return known->second;
  return subject ? Person{{subject}, {}} : Person{};
}

std::vector<std::string> Memberships::groups_of(model::Ref subject) const {
  std::set<std::string> groups;
  for (const model::Ref name : person(subject).names) {
    const auto found = newest_.find(name);
    if (found == newest_.end()) continue;
    for (const std::string* group : found->second) groups.insert(*group);
  }
  return {groups.begin(), groups.end()};
}

void Memberships::add_members(const std::vector<std::string>& groups, const Person& person, Spans& in,
                              Spans& untold) const {
  for (const std::string& name : groups) {
    const auto group = groups_.find(name);
    untold.push_back({Time::min(), group == groups_.end() ? Time::max() : group->second.told_at});
    if (group == groups_.end()) continue;
    for (const model::Ref one : person.names) {
      const auto member = group->second.members.find(one);
      if (member != group->second.members.end())
        in.insert(in.end(), member->second.begin(), member->second.end());
    }
  }
  in = merged(std::move(in));
  untold = merged(std::move(untold));
}

Applies Memberships::applies(const model::Policy& policy, model::Ref subject, Time from, Time to) const {
  const Spans whole = merged({{from, to}});
  if (!asks_person(policy)) return {whole, whole};
  if (cut_) return {{}, whole};
  const Person who = person(subject);
  const Time settled = who.settled_at == Time{} ? from : who.settled_at - names_settle_within;
  // Who it was before is not known.
  Applies out;
  if (settled > from) out.maybe.push_back({from, std::min(settled, to)});
  const Stretch rest{std::max(from, settled), to};
  const bool out_of_subjects =
      !policy.scope.subjects.empty() && !names_one_of(policy.scope.subjects, who.names);
  if (rest.from < rest.to && !out_of_subjects && !names_one_of(policy.except.subjects, who.names)) {
    Spans in;
    Spans untold;
    add_members(policy.scope.groups, who, in, untold);
    if (policy.scope.groups.empty()) in = {rest};
    Spans exempt;
    Spans maybe_exempt;
    add_members(policy.except.groups, who, exempt, maybe_exempt);
    maybe_exempt.insert(maybe_exempt.end(), exempt.begin(), exempt.end());
    out.surely = both(in, without(rest, merged(std::move(maybe_exempt))));
    in.insert(in.end(), untold.begin(), untold.end());
    const Spans maybe = both(merged(std::move(in)), without(rest, exempt));
    out.maybe.insert(out.maybe.end(), maybe.begin(), maybe.end());
  }
  out.maybe = merged(std::move(out.maybe));
  return out;
}

}  // namespace curfew::report
