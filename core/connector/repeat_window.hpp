// The idempotency window of one source: which keys came within its retry window, by event time.
//
//   RepeatWindow window(std::chrono::hours(72));
//   window.take(digest, occurred_at) == RepeatWindow::Verdict::Fresh
//
// Threads: one at a time. Owns: the keys, in 64 buckets over the window, so that forgetting costs what
// expires. Fails: never.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <map>
#include <vector>

#include "core/base/digest.hpp"
#include "core/base/time.hpp"
#include "core/model/entry.hpp"

namespace curfew::connector {

class RepeatWindow {
 public:
  explicit RepeatWindow(Duration window);

  enum class Verdict { Fresh, Repeat, TooLate };
  // Fresh: the key is kept from now on.
  Verdict take(const Digest16& key, Time occurred_at);
  void know(const Digest16& key, Time expires_at);
  // Values that came with this key for the first time: forgetting the key must forget them too.
  void introduced(const Digest16& key, const std::vector<model::PersonalValue>& values);
  [[nodiscard]] std::vector<model::PersonalValue> forget(const Digest16& key);

  // Until when a key that was taken at `occurred_at` has to be kept.
  [[nodiscard]] Time expiry_of(Time occurred_at) const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }

 private:
  [[nodiscard]] std::int64_t bucket_of(Time expires_at) const noexcept;
  void keep(const Digest16& key, Time expires_at);
  void drop_expired();

  Duration window_;
  Duration bucket_width_;
  Time newest_ = Time::min();
  absl::flat_hash_map<Digest16, Time> keys_;  // → expiry, in event time
  std::map<std::int64_t, std::vector<Digest16>> buckets_;
  absl::flat_hash_map<Digest16, std::vector<model::PersonalValue>> introduced_;
};

}  // namespace curfew::connector
