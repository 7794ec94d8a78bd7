// Reads on a thread of its own what can't be read in pieces, so that poll answers in time.
//
//   BackgroundRead reader; reader.start([this] { recorded_->read(); });
//   if (!reader.wait_until(deadline)) return Poll::Ok;          // not done yet, or woken
//
// Threads: start, wait_until and stop on one; wake from any. Owns: the thread; stop waits for it. Fails:
// wait_until throws what the reading threw, once.
#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "plugins/files/text.hpp"

namespace curfew::files {

class BackgroundRead {
 public:
  ~BackgroundRead() { stop(); }

  void start(std::function<void()> read) {
    thread_ = std::thread([this, read = std::move(read)] {
      std::exception_ptr failure;
      try {
        read();
      } catch (...) {
        failure = std::current_exception();
      }
      const std::lock_guard lock(mutex_);
      failure_ = std::move(failure);  // not held here: who throws it again may be done with it first
      is_read_ = true;
      changed_.notify_all();
    });
  }

  // Whether it is done.
  [[nodiscard]] bool wait_until(Time deadline) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [&] { return is_read_ || woken_; });
    woken_ = false;
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    return is_read_;
  }

  void wake() noexcept {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  }

  void stop() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_read_ = false;
  bool woken_ = false;
  std::exception_ptr failure_;
};

}  // namespace curfew::files
