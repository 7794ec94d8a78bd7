// Recorded logs as a whole: reads every input, then gives findings in order of event time. Any order of the
// inputs gives the same findings.
//
//   Recorded recorded({"Security.evtx", "dc2.zip"}, {});
//   recorded.read();                                 // all of it; `cancel` from another thread ends it early
//   while (recorded.next(findings)) { … }            // some at a time
//   recorded.coverage().to_json()
//
// Threads: read on one, then next on one; cancel and progress from any. Owns: what was read. Fails:
// std::runtime_error when an input isn't there.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/windows/coverage.hpp"
#include "plugins/windows/event_sorter.hpp"
#include "plugins/windows/input.hpp"
#include "plugins/windows/pairing.hpp"

namespace curfew::windows {

struct RecordedSettings {
  PairingSettings pairing;
  InputLimits limits;
  std::size_t memory_bytes = std::size_t{256} << 20U;  // of events waiting to be sorted
  // Some ends are dated back: to the last sign of a network session, or of a computer that crashed. So
  // findings wait for each other; a crash that is further back than so many findings comes late.
  std::size_t waiting_findings = 200'000;
};

class Recorded final : private PairingSink {
 public:
  Recorded(const std::vector<std::string>& paths, RecordedSettings settings);

  void read();
  void cancel() { cancelled_ = true; }
  [[nodiscard]] std::uint64_t records_read() const { return records_; }

  // Appends at least one finding, or is false at the end.
  [[nodiscard]] bool next(std::vector<Finding>& findings);
  // Event time up to which findings are complete.
  [[nodiscard]] Time until() const { return until_; }
  [[nodiscard]] const Coverage& coverage() const { return coverage_; }

  // Instead of read(): records that are pushed, piece by piece. Each piece is told to its end by next(); what
  // lives at its end goes on in the next one.
  void begin_pushed();
  void add(WindowsEvent&& event, bool with_number = true);
  void end_piece();
  [[nodiscard]] Coverage& counting() { return coverage_; }
  [[nodiscard]] std::map<std::string, std::string> take_changes() { return pairing_.take_changes(); }
  void restore(std::string_view key, std::string_view value) { pairing_.restore(key, value); }

 private:
  void found(Finding&& finding) override;
  void judged(std::uint32_t input, Fate fate, std::string_view reason) override;
  void find_gaps();

  std::vector<std::string> paths_;
  RecordedSettings settings_;
  Coverage coverage_;
  std::optional<EventSorter> sorter_;
  Pairing pairing_;
  std::multimap<std::pair<Time, std::string>, Finding> waiting_;  // what may still get a predecessor
  std::atomic<std::uint64_t> records_ = 0;
  std::atomic<bool> cancelled_ = false;
  std::set<std::string> gaps_told_;
  bool finished_ = false;
  Time until_{};
};

}  // namespace curfew::windows
