// What was read of access logs, what became of each line, and what could not be read.
//
//   Coverage coverage; const auto input = coverage.add_input("access.log");
//   coverage.count(input, line.time, judged); std::string json = coverage.to_json();
//
// `records_total` is `unreadable` + `headings` + all of `lines` + all of `filtered`.
//
// Threads: one at a time. Owns: all counts. Fails: never; lists of places are bounded, their counts aren't.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/forms/logs/rules.hpp"
#include "plugins/forms/logs/visits.hpp"

namespace curfew::forms {

struct InputCoverage {
  std::string name;
  std::uint64_t records_total = 0, unreadable = 0, headings = 0;
  std::vector<std::pair<std::string, std::string>> places;  // of what is unreadable, and why; the first ones
  std::array<std::uint64_t, meaning_count> lines{};         // by meaning
  std::map<std::string, std::uint64_t, std::less<>> filtered;
  Time first{}, last{};
};

class Coverage {
 public:
  std::uint32_t add_input(std::string_view name);
  void count(std::uint32_t input, Time time, const Judgement& judged);
  void count_heading(std::uint32_t input);
  void count_unreadable(std::uint32_t input, std::string_view place, std::string_view why);

  [[nodiscard]] const std::vector<InputCoverage>& inputs() const { return inputs_; }
  [[nodiscard]] InputCoverage sum() const;
  [[nodiscard]] std::string to_json(std::uint64_t unsettled_refusals = 0,
                                    const Visits::Counts& visits = {}) const;

 private:
  std::vector<InputCoverage> inputs_;
};

}  // namespace curfew::forms
