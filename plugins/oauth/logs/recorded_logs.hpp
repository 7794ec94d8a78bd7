// Recorded logs of identity providers as a whole: reads every input, then gives sightings in order of event
// time. Any order of the inputs gives the same sightings.
//
//   RecordedLogs recorded(paths, {});
//   recorded.read();                                 // all of it; `cancel` from another thread ends it early
//   while (recorded.next(sightings)) { … }           // some at a time
//   recorded.coverage().to_json()
//
// An end of all that a person had at a vendor is told of each session that was seen of the person there:
// other vendors' sessions are none of it.
//
// Threads: read on one, then next on one; cancel and records_read from any. Owns: what was read. Fails:
// std::runtime_error when an input isn't there.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "plugins/files/input.hpp"
#include "plugins/files/record_sorter.hpp"
#include "plugins/oauth/logs/log_coverage.hpp"

namespace curfew::oauth::logs {

struct RecordedSettings {
  std::chrono::seconds zone{0};  // of lines that bear none
  files::InputLimits limits;
  std::size_t memory_bytes = std::size_t{256} << 20U;  // of sightings waiting to be sorted
  std::size_t most_sessions = 1'000'000;               // remembered, to end all of a person
};

class RecordedLogs {
 public:
  RecordedLogs(std::vector<std::string> paths, RecordedSettings settings)
      : paths_(std::move(paths)), settings_(settings), sorter_(settings.memory_bytes) {}

  void read();
  // Instead of read(): what is in memory, as an input of that name.
  void read_text(std::string_view text, const std::string& name);
  void sort() { sorter_.sort(); }
  void cancel() { cancelled_ = true; }
  [[nodiscard]] std::uint64_t records_read() const { return records_; }

  // Appends some sightings, or is false at the end.
  [[nodiscard]] bool next(std::vector<Sighting>& sightings);
  // Event time up to which they are complete.
  [[nodiscard]] plugin::Time until() const { return until_; }
  [[nodiscard]] const LogCoverage& coverage() const { return coverage_; }

 private:
  class Intake;
  void give(const std::string& vendor, Sighting&& sighting, bool is_of_person,
            std::vector<Sighting>& sightings);
  void know(const std::string& vendor, const Sighting& sighting);

  std::vector<std::string> paths_;
  RecordedSettings settings_;
  LogCoverage coverage_;
  files::RecordSorter sorter_;
  std::map<std::string, std::set<std::string>> sessions_;  // by vendor and name
  std::size_t known_ = 0;
  std::atomic<std::uint64_t> records_ = 0;
  std::atomic<bool> cancelled_ = false;
  bool finished_ = false;
  plugin::Time until_{};
};

}  // namespace curfew::oauth::logs
