// Who is in which group, as the directories and files say. What nobody said is unknown, never "no".
//
//   groups.set("payroll", members); groups.has("payroll", identifiers) == Match::Yes
//
// Threads: one. Owns: the membership lists.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/model/facts.hpp"
#include "core/model/state_bytes.hpp"

namespace curfew::policy {

enum class Match : std::uint8_t { No, Yes, Unknown };

class Groups {
 public:
  // The identifiers whose membership changed.
  std::vector<model::Ref> set(const std::string& group, const std::vector<model::Ref>& members);
  [[nodiscard]] bool knows(const std::string& group) const { return members_.contains(group); }
  // `members`: sorted, each once. Whether exactly these are in the group.
  [[nodiscard]] bool is(const std::string& group, std::span<const model::Ref> members) const;
  [[nodiscard]] Match has(const std::string& group, std::span<const model::Identifier> person) const;

  void save(model::StateWriter& writer) const;
  void load(model::StateReader& reader);

 private:
  std::map<std::string, std::set<model::Ref>> members_;
};

}  // namespace curfew::policy
