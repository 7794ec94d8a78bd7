// Recorded access logs as a whole: reads every input, then gives findings in order of event time. Any order
// of the inputs gives the same findings.
//
//   Recorded recorded(paths, reading, {});
//   recorded.read();                                 // all of it; `cancel` from another thread ends it early
//   while (recorded.next(findings)) { … }            // some at a time
//   recorded.coverage_json()
//
// Threads: read on one, then next on one; cancel and records_read from any. Owns: what was read. Fails:
// std::runtime_error when an input isn't there.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/files/input.hpp"
#include "plugins/files/record_sorter.hpp"
#include "plugins/forms/logs/line_intake.hpp"
#include "plugins/forms/logs/merger.hpp"
#include "plugins/forms/logs/visits.hpp"

namespace curfew::forms {

struct RecordedSettings {
  Duration activity_quantum = std::chrono::seconds(10);
  Duration refusals_settle{};
  files::InputLimits limits;
  std::size_t memory_bytes = std::size_t{256} << 20U;  // of marks waiting to be sorted
};

class Recorded {
 public:
  Recorded(std::vector<std::string> paths, LogReading reading, RecordedSettings settings);

  void read();
  void cancel() { cancelled_ = true; }
  [[nodiscard]] std::uint64_t records_read() const { return records_; }

  // Appends some findings, or is false at the end.
  [[nodiscard]] bool next(std::vector<Finding>& findings);
  // Event time up to which findings are complete.
  [[nodiscard]] Time until() const { return until_; }
  [[nodiscard]] const Coverage& coverage() const { return coverage_; }
  [[nodiscard]] std::string coverage_json() const {
    return coverage_.to_json(merger_.unsettled(), visits_ ? visits_->counts() : Visits::Counts{});
  }

 private:
  void judge(Mark&& mark);
  void read_plain(const std::string& entry, files::Bytes& bytes, std::uint32_t input);

  std::vector<std::string> paths_;
  LogReading reading_;
  RecordedSettings settings_;
  Coverage coverage_;
  files::RecordSorter sorter_;
  std::vector<Finding> found_;
  Merger merger_;
  std::optional<Visits> visits_;
  std::string bytes_;
  std::atomic<std::uint64_t> records_ = 0;
  std::atomic<bool> cancelled_ = false;
  bool finished_ = false;
  Time until_{};
};

}  // namespace curfew::forms
