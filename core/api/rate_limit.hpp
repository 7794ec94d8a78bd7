// How often one caller may ask: a token bucket for each caller, in bounded memory.
//
//   api::RateLimit limit({50, 100});
//   if (const auto wait = limit.take("10.0.0.7", now)) { /* refuse for *wait seconds */ }
//
// Threads: any. Owns: at most `most_callers` buckets; when more callers come, full buckets are forgotten
// first, and if none is full all newcomers share one bucket: a crowd of addresses can't grow it, nor starve
// those known.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace curfew::api {

struct RateLimitSettings {
  double per_second = 200;
  double burst = 400;
  std::size_t most_callers = 4096;
};

class RateLimit {
 public:
  using Clock = std::chrono::steady_clock;
  explicit RateLimit(RateLimitSettings settings) : settings_(settings) {}
  // nullopt: go on. Else the seconds after which it is worth asking again, at least 1.
  std::optional<std::uint32_t> take(std::string_view caller, Clock::time_point now);

 private:
  struct Bucket {
    double left = 0;
    Clock::time_point at{};
  };
  void refill(Bucket& bucket, Clock::time_point now) const;
  Bucket& bucket_of(std::string_view caller, Clock::time_point now);

  const RateLimitSettings settings_;
  std::mutex mutex_;
  std::map<std::string, Bucket, std::less<>> buckets_;
  Bucket crowd_;
  Clock::time_point swept_at_{};
};

}  // namespace curfew::api
