// Under which name the provider's own lists know a session that tokens call otherwise (`sid`): kept beyond
// the session's end, as its tokens are presented longer than it is listed. Without it a token of a session
// that was signed out would be one of a session that nobody knows.
//
//   names.recall(key, value);                                     // what the last run kept
//   if (names.know(host.digest(sid), host.digest(listed), now)) …  // it was new: there is news to keep
//   if (auto session = names.find(host.digest(sid), now)) …
//   for (const Memory& one : names.take_news(now)) …               // to be kept by the host
//
// Digests alone, under the source's key; at most `most` of them, here and with the host: those that were not
// asked for longest leave first. The host forgets each `kept_for` after it was asked for last.
//
// Threads: any, at once. Owns: digests. Fails: never.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "plugins/oauth/provider.hpp"

namespace curfew::oauth {

class SessionNames {
 public:
  static constexpr std::size_t most = 100'000;
  static constexpr std::string_view prefix = "sid/";
  // One that goes on being asked for is news only so often …
  static constexpr plugin::Duration news_every = std::chrono::hours(1);
  // … and a token is taken for a day after it was issued, at most (`longest_life`), and a clock's error.
  static constexpr plugin::Duration kept_for = std::chrono::hours(24) + news_every + std::chrono::hours(1);
  static constexpr std::size_t most_news = 2 * most;

  // Whether it is known under this name since now.
  bool know(const plugin::SessionDigest& name, const plugin::SessionDigest& session, plugin::Time now);
  [[nodiscard]] std::optional<plugin::SessionDigest> find(const plugin::SessionDigest& name,
                                                          plugin::Time now);

  // So many of them; the rest comes next.
  [[nodiscard]] std::vector<Memory> take_news(plugin::Time now, std::size_t at_most = 1'000);
  // False: it is no memory of this.
  bool recall(std::string_view key, std::string_view value);

 private:
  using Key = std::array<std::uint8_t, 16>;
  struct Known {
    plugin::SessionDigest session{};
    plugin::Time told_at{};  // to the host; Time{}: not by this run
  };
  static Key key_of(const plugin::SessionDigest& digest);
  void put(const Key& key, const Known& known);
  void note(const Key& key, Known& known, plugin::Time now);
  // False: there is no room, as nobody takes them.
  bool add_news(const Key& key);

  std::mutex mutex_;
  std::map<Key, Known> young_;
  std::map<Key, Known> old_;
  std::set<Key> news_;  // that are new, asked for again, or gone
};

}  // namespace curfew::oauth
