// What was read, what became of it, and what could not be seen: counted for each input and for the source.
//
//   Coverage coverage; const auto input = coverage.add_input("Security.evtx");
//   coverage.count(input, event); coverage.judged(input, Fate::Joined, "uac_twin");
//   std::string json = coverage.to_json();
//
// Each audit of AD FS that is used is counted once in `adfs`, or as a repeat in `other`.
// `logons` (4624 besides the ids that every boot has) is `sessions` + all of `joined` + all of `filtered`.
//
// Threads: one at a time. Owns: all counts. Fails: never; lists of places are bounded, their counts aren't.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "plugins/windows/pairing.hpp"

namespace curfew::windows {

// Record numbers of one channel of one computer: which were seen, so that holes show.
class RecordNumbers {
 public:
  struct Hole {
    std::uint64_t first = 0, last = 0;
    Time before{};  // of the record after it
  };
  void add(std::uint64_t number, Time time);
  [[nodiscard]] std::uint64_t seen() const { return seen_; }
  // Whether this is a log rather than a selection of it: four of five numbers of its span are there.
  [[nodiscard]] bool is_whole() const;
  [[nodiscard]] std::uint64_t missing() const;
  [[nodiscard]] std::vector<Hole> holes() const;

 private:
  struct Run {
    std::uint64_t last = 0;
    Time time{};
  };
  std::map<std::uint64_t, Run> runs_;  // by first number
  std::uint64_t seen_ = 0;
  bool too_many_ = false;
};

struct InputCoverage {
  std::string name;
  std::string format;
  std::uint64_t records_total = 0, security_records = 0, other_lines = 0, unreadable = 0;
  std::vector<std::pair<std::string, std::string>> places;  // of what is unreadable, and why; the first ones
  std::map<std::uint32_t, std::uint64_t> by_event_id;
  std::uint64_t logons = 0, sessions = 0;
  std::map<std::string, std::uint64_t, std::less<>> joined, filtered, other, adfs;
  std::uint64_t recovered = 0, recovered_torn = 0, recovered_security = 0, recovered_logons = 0;
  std::uint64_t arrival_times = 0;  // records that tell only when they were collected
  Time first{}, last{};
  std::unordered_set<std::uint64_t> logon_keys, logoff_keys;

  [[nodiscard]] std::uint64_t paired() const;
};

class Coverage {
 public:
  std::uint32_t add_input(std::string_view name);
  void set_format(std::uint32_t input, std::string_view format);
  // Without its number: the records before and after it may have been counted by a run that is over, and
  // would seem to be missing.
  void count(std::uint32_t input, const WindowsEvent& event, bool with_number = true);
  void count_recovered(std::uint32_t input, const WindowsEvent& event);
  void count_unreadable(std::uint32_t input, std::string_view place, std::string_view why,
                        std::uint64_t records = 1);
  void count_recovered_torn(std::uint32_t input) { ++inputs_[input].recovered_torn; }
  void count_other_line(std::uint32_t input);
  void judged(std::uint32_t input, Fate fate, std::string_view reason);

  [[nodiscard]] const std::vector<InputCoverage>& inputs() const { return inputs_; }
  [[nodiscard]] InputCoverage sum() const;
  // Holes in logs that are whole otherwise, with "computer/channel".
  [[nodiscard]] std::vector<std::pair<std::string, RecordNumbers::Hole>> gaps() const;
  [[nodiscard]] std::string to_json() const;

 private:
  std::vector<InputCoverage> inputs_;
  std::map<std::string, RecordNumbers> numbers_;
};

// What a hole is told as.
[[nodiscard]] Finding finding_of(const std::string& log, const RecordNumbers::Hole& hole);
// Records that came once more: counted, and of no further meaning.
void count_repeats(Coverage& coverage, std::uint32_t input, const std::vector<WindowsEvent>& repeats);

}  // namespace curfew::windows
