// Limits on sessions at once against reality: for each policy of the rule concurrent_sessions that was in
// force, the most that anybody had at once, when, and for how long it was above the limit. Without such a
// policy, only how many people had how many at once.
//
//   ConcurrencySweep sweep(facts);
//   for (…) sweep.see(row);
//   ConcurrencyReality reality = sweep.conclude();
//
// A session whose end is not certain counts up to its last sign of life: it may have been on for longer.
// Sessions that came of one sign-in count each, which the engine counts once: it is a measurement, no
// verdict; violations are the engine's.
//
// Threads: one. Owns: 56 bytes for each session, at most `most`; beyond that `cut` says so. Fails: never.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/model/rows.hpp"
#include "core/report/compliance_facts.hpp"

namespace curfew::report {

// Somebody who had more than the limit.
struct ConcurrencyPeak {
  std::string policy;
  model::Ref subject;  // or none, where devices are counted
  model::Ref device;
  std::string at_what;     // the application or source, where they are counted apart
  std::uint32_t most = 0;  // at once
  Time at{};               // first
  Duration above{0};       // how long in all
};

struct ConcurrencyLimit {
  std::string policy;  // empty: none was in force, people are counted
  model::Per per = model::Per::Subject;
  std::uint32_t limit = 0;
  std::uint64_t counted = 0;  // people, or devices; each with an application or source where counted apart
  std::uint64_t over = 0;
  std::uint32_t most = 0;
  Duration above{0};
  std::vector<std::uint64_t> by_most;  // [0]: one at once, …; the last: as many or more
};

struct ConcurrencyReality {
  static constexpr std::size_t bars = 10;
  static constexpr std::size_t most_peaks = 100;
  std::vector<ConcurrencyLimit> limits;
  std::vector<ConcurrencyPeak> peaks;  // the longest above their limit first
  bool cut = false;                    // there were more sessions or limits than are laid together
};

class ConcurrencySweep {
 public:
  static constexpr std::size_t default_most = 2'000'000;
  static constexpr std::size_t most_limits = 32;

  explicit ConcurrencySweep(const ComplianceFacts& facts, std::size_t most = default_most)
      : facts_(facts), most_(most) {}
  void see(const model::SessionRow& row);
  [[nodiscard]] ConcurrencyReality conclude();

 private:
  struct Life {
    model::Ref subject;
    model::Ref device;
    std::uint32_t source = 0;
    std::uint32_t application = 0;
    std::uint32_t limits = 0;  // a bit for each that it is under
    Time from{};
    Time to{};
  };
  struct Rule {
    const model::Policy* policy = nullptr;  // null: there is none
    std::vector<const PolicyVersion*> versions;
  };

  void find_rules();
  [[nodiscard]] bool is_under(const Rule& rule, const model::SessionRow& row, Time from) const;
  std::uint32_t number_of(const std::string& name);
  [[nodiscard]] ConcurrencyLimit measure(std::size_t rule, std::vector<ConcurrencyPeak>& peaks);

  const ComplianceFacts& facts_;
  std::size_t most_;
  bool laid_out_ = false;
  bool cut_ = false;
  std::vector<Rule> rules_;
  std::vector<Life> lives_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

}  // namespace curfew::report
