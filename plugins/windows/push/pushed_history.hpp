// Judges a pushed history by event time: records may come in any order, and are judged as a recorded log is,
// all together, once nothing came for a while. What comes later is judged the same way, after it.
//
//   PushedHistory history(settings, std::chrono::seconds(10));
//   history.take(std::move(*intake.next()), now);
//   while (history.next(findings, now)) { … }          // some at a time, in order of event time
//   history.take_judged()                              // when a piece is told to its end
//
// Threads: one. Owns: what was pushed and is not judged. Fails: std::runtime_error when its temporary file
// can't be written.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/windows/push/push_intake.hpp"
#include "plugins/windows/push/pushed_live.hpp"
#include "plugins/windows/recorded.hpp"

namespace curfew::windows {

class PushedHistory {
 public:
  PushedHistory(RecordedSettings settings, Duration quiet);

  void restore(std::string_view key, std::string_view value) { recorded_.restore(key, value); }
  // Whether records are taken now: not while a piece is told.
  [[nodiscard]] bool is_open() const { return !is_telling_; }
  void take(PushIntake::Batch&& batch, Time now);
  // Appends findings; false when there is nothing to tell now.
  [[nodiscard]] bool next(std::vector<Finding>& findings, Time now);

  // Of a piece that was told to its end; empty before.
  [[nodiscard]] std::map<std::string, std::string> take_changes();
  [[nodiscard]] JudgedTexts take_judged();
  [[nodiscard]] PushCounts take_counts() { return std::exchange(counts_, {}); }
  [[nodiscard]] Time judged_until() const { return recorded_.until(); }
  [[nodiscard]] const Coverage& coverage() const { return recorded_.coverage(); }

 private:
  Recorded recorded_;
  Duration quiet_;
  Time arrived_{};
  bool has_records_ = false;
  bool is_telling_ = false;
  std::uint64_t position_ = 0;
  JudgedTexts texts_;
  PushCounts counts_;
};

}  // namespace curfew::windows
