// The caps: how many sign-outs began in the last minute, above all policies and of each.
//
//   if (!caps.admits("idle", cap_of_policy, now)) hold;  else caps.count("idle", now);
//
// Threads: one. Owns: the starts of the last minute.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "core/model/policy.hpp"
#include "core/model/state_bytes.hpp"

namespace curfew::enforcement {

class Caps {
 public:
  // `most_of_all`, `most_of_policy`: 0 is no cap.
  [[nodiscard]] bool admits(const std::string& policy, std::uint32_t most_of_policy,
                            std::uint32_t most_of_all, Time now);
  void count(const std::string& policy, Time now);
  // How many more would be admitted now; nullopt: any number.
  [[nodiscard]] std::optional<std::size_t> room(const std::string& policy, std::uint32_t most_of_policy,
                                                std::uint32_t most_of_all, Time now) const;

  void save(model::StateWriter& writer) const;
  void load(model::StateReader& reader);

 private:
  void forget(Time now);
  std::deque<std::pair<Time, std::string>> begun_;
  std::map<std::string, std::uint32_t> of_policy_;
};

}  // namespace curfew::enforcement
