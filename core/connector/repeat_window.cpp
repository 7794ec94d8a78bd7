#include "core/connector/repeat_window.hpp"

#include <algorithm>

namespace curfew::connector {
namespace {

// So that sums with any accepted time stay in range: nothing is ever older than this.
constexpr Duration longest_window = base::latest_time - base::earliest_time;

}  // namespace

RepeatWindow::RepeatWindow(Duration window)
    : window_(std::clamp(window, Duration{0}, longest_window)),
      bucket_width_(std::max(window_ / 64, Duration{std::chrono::seconds(1)})) {}

Time RepeatWindow::expiry_of(Time occurred_at) const noexcept { return occurred_at + window_; }

std::int64_t RepeatWindow::bucket_of(Time expires_at) const noexcept {
  return expires_at.time_since_epoch() / bucket_width_;
}

void RepeatWindow::keep(const Digest16& key, Time expires_at) {
  keys_[key] = expires_at;
  buckets_[bucket_of(expires_at)].push_back(key);
}

RepeatWindow::Verdict RepeatWindow::take(const Digest16& key, Time occurred_at) {
  if (newest_ != Time::min() && occurred_at < newest_ - window_) return Verdict::TooLate;
  if (keys_.contains(key)) return Verdict::Repeat;
  keep(key, expiry_of(occurred_at));
  if (occurred_at > newest_) {
    newest_ = occurred_at;
    drop_expired();
  }
  return Verdict::Fresh;
}

void RepeatWindow::know(const Digest16& key, Time expires_at) {
  keep(key, std::clamp(expires_at, base::earliest_time, base::latest_time));
}

void RepeatWindow::introduced(const Digest16& key, const std::vector<model::PersonalValue>& values) {
  introduced_[key] = values;
}

std::vector<model::PersonalValue> RepeatWindow::forget(const Digest16& key) {
  keys_.erase(key);  // its place in a bucket stays, and finds nothing later
  const auto found = introduced_.find(key);
  if (found == introduced_.end()) return {};
  auto values = std::move(found->second);
  introduced_.erase(found);
  return values;
}

void RepeatWindow::drop_expired() {
  const std::int64_t oldest = bucket_of(newest_);
  while (!buckets_.empty() && buckets_.begin()->first < oldest) {
    for (const Digest16& key : buckets_.begin()->second) {
      const auto found = keys_.find(key);
      // A key that was forgotten and came again may sit in a later bucket too.
      if (found == keys_.end() || bucket_of(found->second) >= oldest) continue;
      keys_.erase(found);
      introduced_.erase(key);
    }
    buckets_.erase(buckets_.begin());
  }
}

}  // namespace curfew::connector
