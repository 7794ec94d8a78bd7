#include "core/policy/groups.hpp"

#include <algorithm>
#include <iterator>

namespace curfew::policy {

std::vector<model::Ref> Groups::set(const std::string& group, const std::vector<model::Ref>& members) {
  std::set<model::Ref> now(members.begin(), members.end());
  std::set<model::Ref>& before = members_[group];
  std::vector<model::Ref> changed;
  std::set_symmetric_difference(before.begin(), before.end(), now.begin(), now.end(),
                                std::back_inserter(changed));
  before = std::move(now);
  return changed;
}

bool Groups::is(const std::string& group, std::span<const model::Ref> members) const {
  const auto found = members_.find(group);
  return found != members_.end() &&
         std::equal(found->second.begin(), found->second.end(), members.begin(), members.end());
}

Match Groups::has(const std::string& group, std::span<const model::Identifier> person) const {
  const auto found = members_.find(group);
  if (found == members_.end()) return Match::Unknown;
  for (const model::Identifier& identifier : person) {
    if (found->second.contains(identifier.value)) return Match::Yes;
  }
  return Match::No;
}

void Groups::save(model::StateWriter& writer) const {
  writer.number(members_.size());
  for (const auto& [group, members] : members_) {
    writer.text(group);
    writer.number(members.size());
    for (const model::Ref member : members) writer.ref(member);
  }
}

void Groups::load(model::StateReader& reader) {
  for (std::size_t i = reader.count(); i > 0; --i) {
    std::set<model::Ref>& members = members_[reader.text()];
    for (std::size_t j = reader.count(); j > 0; --j) members.insert(members.end(), reader.ref());
  }
}

}  // namespace curfew::policy
