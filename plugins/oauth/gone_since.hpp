// Since when sessions are found gone at their provider, and since when nothing that could renew a token is
// found of them either: what was given out at the last moment is accepted for so much longer.
//
//   if (it_is_listed) gone.lives(id);
//   else if (!gone.has_found_any()) …        // whether the provider finds our ids at all isn't known
//   else if (has_refresh_token(by = gone.since(id, now))) gone.holds(id);
//   else if (now - gone.bare_since(id, now) < window) …
//
//   batch.memories = gone.take_news(now);    // to be kept with what was read
//   gone.recall(key, value);                 // after a restart: the time goes on
//
// What was not kept begins anew, which only makes it longer. With `name` ids are remembered under it (a
// digest): what is remembered names nobody.
//
// Threads: any. Owns: at most `most_kept` times; of more the oldest are forgotten, and begin anew.
#pragma once

#include <charconv>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/oauth/provider.hpp"

namespace curfew::oauth {

class GoneSince {
 public:
  static constexpr std::size_t most_kept = 100'000;
  static constexpr std::string_view prefix = "gone/";
  // An order is followed for a day after its ladder's end.
  static constexpr plugin::Duration kept_for = std::chrono::hours(48);

  using Name = std::function<std::string(const std::string& id)>;
  explicit GoneSince(Name name = {}) : name_(std::move(name)) {}

  // The first time.
  [[nodiscard]] plugin::Time since(const std::string& id, plugin::Time now) {
    const std::string name = name_of(id);
    const std::lock_guard lock(mutex_);
    return entry(name, now).gone;
  }
  [[nodiscard]] plugin::Time bare_since(const std::string& id, plugin::Time now) {
    const std::string name = name_of(id);
    const std::lock_guard lock(mutex_);
    Times& times = entry(name, now);
    if (times.bare == plugin::Time{}) {
      times.bare = now;
      note(name);
    }
    return times.bare;
  }
  // It is gone, and something is left that tokens are had with.
  void holds(const std::string& id) {
    const std::string name = name_of(id);
    const std::lock_guard lock(mutex_);
    const auto found = times_.find(name);
    if (found == times_.end() || found->second.bare == plugin::Time{}) return;
    found->second.bare = {};
    note(name);
  }
  void lives(const std::string& id) {
    const std::string name = name_of(id);
    const std::lock_guard lock(mutex_);
    found_any_ = true;
    if (times_.erase(name) == 0) return;
    note(name);
    for (auto one = order_.begin(); one != order_.end(); ++one) {
      if (*one != name) continue;
      order_.erase(one);
      return;
    }
  }

  // Once one was found by an id of the log, that another isn't found says that it is gone.
  [[nodiscard]] bool has_found_any() const {
    const std::lock_guard lock(mutex_);
    return found_any_;
  }

  [[nodiscard]] std::vector<Memory> take_news(plugin::Time now) {
    const std::lock_guard lock(mutex_);
    std::vector<Memory> memories;
    const std::set<std::string> news = std::exchange(news_, {});
    for (const std::string& name : news) {
      const auto found = times_.find(name);
      memories.push_back({.key = std::string(prefix) + name,
                          .value = found == times_.end() ? std::string("lives")
                                                         : std::to_string(micros(found->second.gone)) + " " +
                                                               std::to_string(micros(found->second.bare)),
                          .until = now + kept_for});
    }
    return memories;
  }
  // False: it is no memory of this.
  bool recall(std::string_view key, std::string_view value) {
    if (!key.starts_with(prefix)) return false;
    std::int64_t gone = 0, bare = 0;
    const char* const end = value.data() + value.size();
    const auto first = std::from_chars(value.data(), end, gone);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != ' ') return true;  // it lived
    const auto second = std::from_chars(first.ptr + 1, end, bare);
    if (second.ec != std::errc() || second.ptr != end) return true;
    const std::string name(key.substr(prefix.size()));
    const std::lock_guard lock(mutex_);
    Times& times = entry(name, plugin::Time(plugin::Duration(gone)));
    times = {.gone = plugin::Time(plugin::Duration(gone)), .bare = plugin::Time(plugin::Duration(bare))};
    news_.erase(name);
    found_any_ = true;  // else nothing would have been found gone
    return true;
  }

 private:
  struct Times {
    plugin::Time gone{};
    plugin::Time bare{};  // Time{}: it isn't
  };
  [[nodiscard]] static std::int64_t micros(plugin::Time time) { return time.time_since_epoch().count(); }
  [[nodiscard]] std::string name_of(const std::string& id) const { return name_ ? name_(id) : id; }
  void note(const std::string& name) {
    if (name_) news_.insert(name);
  }

  Times& entry(const std::string& name, plugin::Time now) {
    if (const auto found = times_.find(name); found != times_.end()) return found->second;
    order_.push_back(name);
    if (order_.size() > most_kept) {
      times_.erase(order_.front());
      order_.pop_front();
    }
    note(name);
    return times_[name] = {.gone = now, .bare = now};
  }

  Name name_;
  mutable std::mutex mutex_;
  bool found_any_ = false;
  std::map<std::string, Times> times_;
  std::deque<std::string> order_;
  std::set<std::string> news_;
};

}  // namespace curfew::oauth
