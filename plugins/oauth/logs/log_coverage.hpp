// What was read of identity providers' logs, what became of each record, and what could not be read.
//
//   LogCoverage coverage; const auto input = coverage.add_input("okta.json");
//   coverage.count_told(input, "okta", sighting); std::string json = coverage.to_json();
//
// `records_total` is all of `told` + all of `filtered` + `unreadable`.
//
// Threads: one at a time. Owns: all counts. Fails: never; names and places are bounded, their counts aren't.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/oauth/provider.hpp"

namespace curfew::oauth::logs {

struct LogInput {
  std::string name;
  std::uint64_t records_total = 0, unreadable = 0, continued_lines = 0;
  std::vector<std::pair<std::string, std::string>> places;  // of what is unreadable, and why; the first ones
  std::map<std::string, std::uint64_t, std::less<>> vendors;
  std::map<std::string, std::uint64_t, std::less<>> told;  // by observation
  std::map<std::string, std::uint64_t, std::less<>> filtered;
  plugin::Time first{}, last{};

  [[nodiscard]] std::uint64_t filtered_total() const;
  [[nodiscard]] std::uint64_t told_total() const;
};

class LogCoverage {
 public:
  std::uint32_t add_input(std::string_view name);
  void count_told(std::uint32_t input, std::string_view vendor, const Sighting& sighting);
  void count_filtered(std::uint32_t input, std::string_view vendor, std::string_view name);
  void count_unreadable(std::uint32_t input, std::string_view place, std::string_view why);
  // A line that goes on with the record before it; no record of its own.
  void count_continued(std::uint32_t input) { ++inputs_[input].continued_lines; }

  [[nodiscard]] const std::vector<LogInput>& inputs() const { return inputs_; }
  [[nodiscard]] LogInput sum() const;
  [[nodiscard]] std::string to_json() const;

 private:
  std::vector<LogInput> inputs_;
};

[[nodiscard]] std::string_view name_of(plugin::Type type);

}  // namespace curfew::oauth::logs
