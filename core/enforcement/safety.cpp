#include "core/enforcement/safety.hpp"

#include <algorithm>

namespace curfew::enforcement {

void Caps::forget(Time now) {
  while (!begun_.empty() && begun_.front().first <= now - std::chrono::minutes(1)) {
    const auto found = of_policy_.find(begun_.front().second);
    if (--found->second == 0) of_policy_.erase(found);
    begun_.pop_front();
  }
}

bool Caps::admits(const std::string& policy, std::uint32_t most_of_policy, std::uint32_t most_of_all,
                  Time now) {
  forget(now);
  if (most_of_all != 0 && begun_.size() >= most_of_all) return false;
  const auto found = of_policy_.find(policy);
  return most_of_policy == 0 || found == of_policy_.end() || found->second < most_of_policy;
}

void Caps::count(const std::string& policy, Time now) {
  begun_.emplace_back(now, policy);
  ++of_policy_[policy];
}

std::optional<std::size_t> Caps::room(const std::string& policy, std::uint32_t most_of_policy,
                                      std::uint32_t most_of_all, Time now) const {
  std::size_t of_all = 0;
  std::size_t of_policy = 0;
  for (const auto& [at, name] : begun_) {
    if (at <= now - std::chrono::minutes(1)) continue;
    ++of_all;
    of_policy += name == policy;
  }
  std::optional<std::size_t> room;
  const auto bound = [&room](std::uint32_t most, std::size_t used) {
    if (most == 0) return;
    const std::size_t left = most > used ? most - used : 0;
    room = room ? std::min(*room, left) : left;
  };
  bound(most_of_all, of_all);
  bound(most_of_policy, of_policy);
  return room;
}

void Caps::save(model::StateWriter& writer) const {
  writer.number(begun_.size());
  for (const auto& [at, policy] : begun_) {
    writer.time(at);
    writer.text(policy);
  }
}

void Caps::load(model::StateReader& reader) {
  for (std::size_t i = reader.count(); i > 0; --i) {
    const Time at = reader.time();
    count(reader.text(), at);
  }
}

}  // namespace curfew::enforcement
