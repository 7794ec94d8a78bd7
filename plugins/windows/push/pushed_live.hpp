// Judges pushed records as they come. Each computer has a clock of its own, told by its records: one that was
// away and sends what it did on Friday is judged in order while the others are at Monday. Only a computer
// that sends nothing for `arrival_delay` is taken to have shown everything.
//
//   PushedLive live(settings.pairing, settings.arrival_delay);
//   live.restore(key, value);                        // at the start
//   live.take(std::move(*intake.next()), now);
//   live.advance(now);
//   for (Finding& finding : live.take_findings()) …  // then changes, then the keys of what is judged
//
// Threads: one. Owns: what waits to be judged, live logons. Fails: never.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/windows/coverage.hpp"
#include "plugins/windows/pairing.hpp"
#include "plugins/windows/push/push_intake.hpp"

namespace curfew::windows {

// Records since the last look.
struct PushCounts {
  std::uint64_t read = 0, filtered = 0, unreadable = 0;
  [[nodiscard]] bool any() const { return read + filtered + unreadable > 0; }
};

// Texts that the host need not keep any longer, and how many records they hold.
struct JudgedTexts {
  std::vector<std::string> keys;
  std::size_t records = 0;
};

class PushedLive final : private PairingSink {
 public:
  PushedLive(PairingSettings pairing, Duration arrival_delay);
  ~PushedLive() override;

  void restore(std::string_view key, std::string_view value);
  void take(PushIntake::Batch&& batch, Time now);
  void advance(Time now);

  [[nodiscard]] std::vector<Finding> take_findings();
  [[nodiscard]] std::map<std::string, std::string> take_changes();
  [[nodiscard]] JudgedTexts take_judged();
  [[nodiscard]] PushCounts take_counts() { return std::exchange(counts_, {}); }
  // Up to here every computer that sends was judged.
  [[nodiscard]] Time judged_until() const { return judged_until_; }
  [[nodiscard]] const Coverage& coverage() const { return coverage_; }

 private:
  struct Computer;
  struct Waiting {
    std::string key;
    std::size_t records = 0;
    std::vector<std::pair<Computer*, Time>> newest;  // of each computer in it
  };

  void found(Finding&& finding) override { findings_.push_back(std::move(finding)); }
  void judged(std::uint32_t input, Fate fate, std::string_view reason) override {
    coverage_.judged(input, fate, reason);
  }
  Computer& computer(const std::string& name);
  void take_text(const PushIntake::Kept& kept, bool is_restored, Time now);
  void report_gaps(Time now);

  PairingSettings settings_;
  Duration arrival_delay_;
  Coverage coverage_;
  std::map<std::string, std::unique_ptr<Computer>> computers_;
  std::deque<Waiting> waiting_;
  std::vector<Finding> findings_;
  PushCounts counts_;
  std::uint64_t position_ = 0;
  Time judged_until_{};
  std::map<std::string, Time> gaps_noticed_;
  std::set<std::string> gaps_told_;
  Time gaps_looked_at_{};
};

}  // namespace curfew::windows
