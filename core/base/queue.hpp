// A bounded first-in-first-out queue between threads: the only way threads of the core meet.
//
//   base::Queue<Input> queue(4096);
//   if (!queue.try_push(input)) { /* full: slow the source down, count it */ }
//   queue.pop_all(batch, 5ms);           // the consumer takes what is there, at most what fits
//
// Threads: any number of producers and consumers. Owns: what is queued. Fails: never; a closed queue refuses
// pushes and lets the consumer empty it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace curfew::base {

template <typename T>
class Queue {
 public:
  explicit Queue(std::size_t capacity) : capacity_(capacity) {}

  // False when full or closed; `value` is then untouched.
  bool try_push(T& value) {
    const std::lock_guard lock(mutex_);
    if (closed_ || items_.size() >= capacity_) return false;
    items_.push_back(std::move(value));
    not_empty_.notify_one();
    return true;
  }

  // Waits for room. False when closed, or when `patience` passed.
  template <typename Rep, typename Period>
  bool push_for(T& value, std::chrono::duration<Rep, Period> patience) {
    std::unique_lock lock(mutex_);
    if (!not_full_.wait_for(lock, patience, [&] { return closed_ || items_.size() < capacity_; }))
      return false;
    if (closed_) return false;
    items_.push_back(std::move(value));
    not_empty_.notify_one();
    return true;
  }

  // Appends up to `most` items to `out`, waiting at most `patience` for the first. Returns how many.
  template <typename Rep, typename Period>
  std::size_t pop_all(std::vector<T>& out, std::chrono::duration<Rep, Period> patience,
                      std::size_t most = static_cast<std::size_t>(-1)) {
    std::unique_lock lock(mutex_);
    not_empty_.wait_for(lock, patience, [&] { return closed_ || !items_.empty(); });
    std::size_t taken = 0;
    for (; taken < most && !items_.empty(); ++taken) {
      out.push_back(std::move(items_.front()));
      items_.pop_front();
    }
    if (taken > 0) not_full_.notify_all();
    return taken;
  }

  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    not_empty_.notify_all();
    not_full_.notify_all();
  }

  // Closed and empty: nothing will come any more.
  [[nodiscard]] bool finished() const {
    const std::lock_guard lock(mutex_);
    return closed_ && items_.empty();
  }
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable not_empty_;
  std::condition_variable not_full_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace curfew::base
