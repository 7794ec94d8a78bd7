// The ids (`jti`) of tokens that were taken, until nobody takes them any more: who recorded a token can't
// have it taken again.
//
//   if (!seen.take(id, until)) return repeated;
//   try { … } catch (...) { seen.forget(id); throw; }
//
// Threads: any, at once. Owns: the ids, `most` of them. Fails: never.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "curfew/plugin/connector.hpp"

namespace curfew::oauth {

class SeenIds {
 public:
  // More at once means that somebody who may sign does so without end: the ones that end first are forgotten.
  static constexpr std::size_t most = 1'000'000;

  // False: it is known.
  [[nodiscard]] bool take(const std::string& id, plugin::Time until, plugin::Time now);
  [[nodiscard]] bool knows(const std::string& id) const;
  void forget(const std::string& id);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, plugin::Time> ids_;
  std::multimap<plugin::Time, std::string> by_end_;
};

}  // namespace curfew::oauth
