// Under which name the provider's own lists know a session that tokens call otherwise (`sid`): kept beyond
// the session's end, as its tokens are presented longer than it is listed.
//
//   names.know(host.digest(sid), host.digest(listed));
//   if (auto session = names.find(host.digest(sid))) …
//
// Digests alone; at most `most` of them, those that were not asked for longest leave first. A restart forgets
// them.
//
// Threads: any, at once. Owns: digests. Fails: never.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "curfew/plugin/connector.hpp"

namespace curfew::oauth {

class SessionNames {
 public:
  static constexpr std::size_t most = 100'000;

  void know(const plugin::SessionDigest& name, const plugin::SessionDigest& session) {
    const std::lock_guard lock(mutex_);
    put(key_of(name), session);
  }
  [[nodiscard]] std::optional<plugin::SessionDigest> find(const plugin::SessionDigest& name) {
    const std::lock_guard lock(mutex_);
    const Key key = key_of(name);
    if (const auto found = young_.find(key); found != young_.end()) return found->second;
    const auto found = old_.find(key);
    if (found == old_.end()) return std::nullopt;
    const plugin::SessionDigest session = found->second;
    put(key, session);
    return session;
  }

 private:
  using Key = std::array<std::uint8_t, 16>;
  static Key key_of(const plugin::SessionDigest& digest) {
    Key key{};
    std::copy(std::begin(digest.bytes), std::end(digest.bytes), key.begin());
    return key;
  }
  void put(const Key& key, const plugin::SessionDigest& session) {
    if (young_.size() >= most / 2 && !young_.contains(key)) old_ = std::exchange(young_, {});
    young_[key] = session;
  }

  std::mutex mutex_;
  std::map<Key, plugin::SessionDigest> young_;
  std::map<Key, plugin::SessionDigest> old_;
};

}  // namespace curfew::oauth
