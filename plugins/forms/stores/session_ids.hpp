// The clear ids behind the digests, the latest so many of them; and since when a session isn't found any
// more.
//
//   SessionIds ids(200'000);
//   ids.put(digest, "8bf0…", "carol");  ids.find(digest);
//
// Threads: any. Owns: the ids. Fails: never.
#pragma once

#include <cstring>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plugins/forms/stores/store.hpp"

namespace curfew::forms {

class SessionIds {
 public:
  explicit SessionIds(std::size_t most) : most_(most) {}

  // An empty subject leaves what is known. `may_evict`: false only fills what room there is.
  void put(const plugin::SessionDigest& digest, std::string_view id, std::string_view subject,
           bool may_evict);
  [[nodiscard]] std::optional<SessionName> find(const plugin::SessionDigest& digest);
  // Clear ids of everyone for whom `fits` is true.
  template <typename Fits>
  [[nodiscard]] std::vector<SessionName> of(Fits fits) const {
    const std::lock_guard lock(mutex_);
    std::vector<SessionName> names;
    for (const Entry& entry : entries_) {
      if (fits(entry.name.subject)) names.push_back(entry.name);
    }
    return names;
  }

  // How long it hasn't been found, this time counted.
  [[nodiscard]] plugin::Duration missing(const plugin::SessionDigest& digest);
  void there(const plugin::SessionDigest& digest);

 private:
  using Clock = std::chrono::steady_clock;
  struct Entry {
    plugin::SessionDigest digest;
    SessionName name;
  };
  struct Hash {
    std::size_t operator()(const plugin::SessionDigest& digest) const noexcept {
      std::size_t bits = 0;  // a keyed hash already: any part of it will do
      std::memcpy(&bits, digest.bytes, sizeof(bits));
      return bits;
    }
  };
  static constexpr std::size_t most_missing = 10'000;

  std::size_t most_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // latest first
  std::unordered_map<plugin::SessionDigest, std::list<Entry>::iterator, Hash> by_digest_;
  std::list<plugin::SessionDigest> missing_order_;
  std::unordered_map<plugin::SessionDigest, Clock::time_point, Hash> missing_;
};

}  // namespace curfew::forms
