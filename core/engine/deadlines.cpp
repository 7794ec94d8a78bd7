#include "core/engine/deadlines.hpp"

#include <algorithm>
#include <functional>

namespace curfew::engine {

void Deadlines::push(Time at, std::uint64_t number) {
  ++size_;
  const std::int64_t bucket = bucket_of(at);
  if (bucket <= front_bucket_) {
    front_.push_back({at, number});
    std::push_heap(front_.begin(), front_.end(), std::greater<>());
    return;
  }
  const auto [place, is_new] = buckets_.try_emplace(bucket);
  if (is_new) order_.push(bucket);
  place->second.push_back({at, number});
}

void Deadlines::open_next() {
  front_bucket_ = order_.top();
  order_.pop();
  const auto found = buckets_.find(front_bucket_);
  front_ = std::move(found->second);
  buckets_.erase(found);
  std::make_heap(front_.begin(), front_.end(), std::greater<>());
}

std::optional<Time> Deadlines::earliest() {
  if (front_.empty()) {
    if (order_.empty()) return std::nullopt;
    open_next();
  }
  return front_.front().at;
}

std::optional<Due> Deadlines::pop_until(Time until) {
  const auto next = earliest();
  if (!next || *next > until) return std::nullopt;
  std::pop_heap(front_.begin(), front_.end(), std::greater<>());
  const Due due = front_.back();
  front_.pop_back();
  --size_;
  return due;
}

}  // namespace curfew::engine
