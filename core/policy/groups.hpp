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
  [[nodiscard]] Match has(const std::string& group, std::span<const model::Identifier> person) const;

  void save(model::StateWriter& writer) const;
  void load(model::StateReader& reader);

 private:
  std::map<std::string, std::set<model::Ref>> members_;
};

}  // namespace curfew::policy
