// How a connector tells of recorded input: it is read on a thread of its own, then judged and handed over
// piece by piece, each time until the deadline.
//
//   RecordedPoll poll(host); poll.start([this] { recorded_->read(); });
//   return poll.until(deadline, *recorded_, outbox_, [this](const Finding& one) { return emit(one); },
//                     [this] { return RecordedEnd{recorded_->coverage().to_json(), filtered, unreadable}; });
//
// Threads: start, until and stop on one; wake from any. Owns: the reading thread; stop waits for it. Fails:
// until throws what the reading threw, once, and is idle from then on: asking again mends nothing.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "curfew/plugin/connector.hpp"
#include "plugins/files/background_read.hpp"

namespace curfew::files {

// What was found and is not handed over yet.
template <typename Finding>
class Outbox {
 public:
  // To be added to; empty after a send that was not stopped.
  [[nodiscard]] std::vector<Finding>& findings() { return findings_; }

  // False: the host wants to stop. What it did not take comes first the next time.
  template <typename Emit>
  [[nodiscard]] bool send(const Emit& emit) {
    while (at_ < findings_.size()) {
      if (!emit(findings_[at_])) return false;
      ++at_;
    }
    findings_.clear();
    at_ = 0;
    return true;
  }

 private:
  std::vector<Finding> findings_;
  std::size_t at_ = 0;
};

struct RecordedEnd {
  std::string coverage;  // JSON
  std::uint64_t filtered = 0;
  std::uint64_t unreadable = 0;
};

class RecordedPoll {
 public:
  explicit RecordedPoll(plugin::Host& host) : host_(host) {}

  void start(std::function<void()> read) { reader_.start(std::move(read)); }
  void wake() noexcept { reader_.wake(); }
  void stop() { reader_.stop(); }

  template <typename Recorded, typename Finding, typename Emit, typename End>
  [[nodiscard]] plugin::Poll until(Time deadline, Recorded& recorded, Outbox<Finding>& outbox,
                                   const Emit& emit, const End& end) {
    if (is_broken_) return plugin::Poll::Idle;
    if (!is_read_) {
      try {
        is_read_ = reader_.wait_until(std::min(deadline, host_.now() + std::chrono::seconds(1)));
      } catch (...) {
        is_broken_ = true;
        throw;
      }
      if (!is_read_) {
        tell({.name = "recorded", .value = "reading"}, recorded.records_read());
        return plugin::Poll::Ok;
      }
    }
    while (true) {
      if (!outbox.send(emit)) return plugin::Poll::Ok;
      if (!recorded.next(outbox.findings())) break;
      if (!outbox.send(emit)) return plugin::Poll::Ok;
      tell({.name = "recorded", .value = "judging", .observed_until = recorded.until()},
           recorded.records_read());
      if (host_.now() >= deadline) return plugin::Poll::Ok;
    }
    const RecordedEnd ended = end();
    host_.coverage(ended.coverage);
    tell({.name = "recorded",
          .value = "done",
          .filtered = ended.filtered,
          .unreadable = ended.unreadable,
          .observed_until = recorded.until(),
          .caught_up = true},
         recorded.records_read());
    return plugin::Poll::Finished;
  }

 private:
  void tell(plugin::Progress progress, std::uint64_t records) {
    progress.read = records - told_;
    told_ = records;
    host_.progress(progress);
  }

  plugin::Host& host_;
  BackgroundRead reader_;
  bool is_read_ = false;
  bool is_broken_ = false;
  std::uint64_t told_ = 0;
};

}  // namespace curfew::files
