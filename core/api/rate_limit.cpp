#include "core/api/rate_limit.hpp"

#include <algorithm>
#include <cmath>

namespace curfew::api {

void RateLimit::refill(Bucket& bucket, Clock::time_point now) const {
  const double seconds = std::chrono::duration<double>(now - bucket.at).count();
  bucket.left = std::min(settings_.burst, bucket.left + std::max(0.0, seconds) * settings_.per_second);
  bucket.at = now;
}

RateLimit::Bucket& RateLimit::bucket_of(std::string_view caller, Clock::time_point now) {
  if (const auto at = buckets_.find(caller); at != buckets_.end()) return at->second;
  if (buckets_.size() >= settings_.most_callers) {
    // Once a second at most: a crowd must not make each of its requests cost a walk over all buckets.
    if (now - swept_at_ >= std::chrono::seconds(1)) {
      swept_at_ = now;
      for (auto at = buckets_.begin(); at != buckets_.end();) {
        refill(at->second, now);
        at = at->second.left >= settings_.burst ? buckets_.erase(at) : std::next(at);
      }
    }
    if (buckets_.size() >= settings_.most_callers) {
      if (crowd_.at == Clock::time_point{}) crowd_ = {settings_.burst, now};
      return crowd_;
    }
  }
  return buckets_.emplace(std::string(caller), Bucket{settings_.burst, now}).first->second;
}

std::optional<std::uint32_t> RateLimit::take(std::string_view caller, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  Bucket& bucket = bucket_of(caller, now);
  refill(bucket, now);
  if (bucket.left >= 1) {
    bucket.left -= 1;
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(std::max(1.0, std::ceil((1 - bucket.left) / settings_.per_second)));
}

}  // namespace curfew::api
