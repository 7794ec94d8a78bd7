#include "core/api/broadcast.hpp"

#include <algorithm>

namespace curfew::api {
namespace {
constexpr std::size_t most_at_once = 256;
}

Broadcast::Seat::~Seat() {
  const std::lock_guard lock(of_->mutex_);
  --of_->watchers_;
}

void Broadcast::publish(std::string_view name, std::string_view json, std::uint64_t sign_out,
                        bool concludes) {
  auto event = std::make_shared<Event>();
  event->name = name;
  event->data = json;
  event->sign_out = sign_out;
  event->concludes = concludes;
  const std::lock_guard lock(mutex_);
  event->number = next_++;
  bytes_ += event->data.size();
  ring_.push_back(std::move(event));
  while (!ring_.empty() && (ring_.size() > limits_.events || bytes_ > limits_.bytes)) {
    bytes_ -= ring_.front()->data.size();
    ring_.pop_front();
  }
  more_.notify_all();
}

std::uint64_t Broadcast::next() const {
  const std::lock_guard lock(mutex_);
  return next_;
}

std::shared_ptr<Broadcast::Seat> Broadcast::sit() {
  const std::lock_guard lock(mutex_);
  if (closed_ || watchers_ >= limits_.watchers) return nullptr;
  ++watchers_;
  return std::make_shared<Seat>(this);
}

Broadcast::Batch Broadcast::take(std::uint64_t& from, std::chrono::milliseconds patience) {
  Batch batch;
  std::unique_lock lock(mutex_);
  more_.wait_for(lock, patience, [&] { return closed_ || from < next_; });
  batch.closed = closed_;
  const std::uint64_t oldest = next_ - ring_.size();
  if (from < oldest) {
    batch.lost = oldest - from;
    from = oldest;
  }
  for (; from < next_ && batch.events.size() < most_at_once; ++from) {
    batch.events.push_back(ring_[static_cast<std::size_t>(from - oldest)]);
  }
  return batch;
}

void Broadcast::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  more_.notify_all();
}

std::size_t Broadcast::watchers() const {
  const std::lock_guard lock(mutex_);
  return watchers_;
}

}  // namespace curfew::api
