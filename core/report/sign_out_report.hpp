// The report on sign-outs: each with its steps, its proof and its time to effect, and how many came to what.
//
//   report::SignOutReport report{.version = CURFEW_VERSION, .rows = rows, .total = rows.size()};
//   write_file("sign-outs.html", report::to_html(report));
//
// Threads: values and pure functions. Owns: its rows. Fails: never; lists are cut at their bounds, and the
// cut is said.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/time.hpp"
#include "core/model/rows.hpp"
#include "core/report/rows_json.hpp"

namespace curfew::report {

struct SignOutReport {
  std::string version;  // of Curfew
  Time generated_at{};
  Time from{};  // ordered in this time; epoch: no bound
  Time to{};
  std::vector<model::SignOutRow> rows;
  bool cut = false;  // there are more
  Names names;
};

struct SignOutStatistics {
  std::array<std::uint64_t, model::Names<model::Outcome>::all.size()> by_outcome{};
  std::uint64_t waiting = 0;  // held, and nobody has decided
  // From the breach to the proof, of those that are proven; zero: there are none.
  Duration median_effect{0};
  Duration longest_effect{0};
};

[[nodiscard]] SignOutStatistics statistics_of(const std::vector<model::SignOutRow>& rows);
// From the breach to what is known of its end; zero: nothing is.
[[nodiscard]] Duration time_to_effect(const model::SignOutRow& row);
// What came of them, in a few sentences.
[[nodiscard]] std::vector<std::string> findings(const SignOutReport& report);
// One line for each step that was begun: "sign out session at crm: accepted, proven (dead after alive)".
[[nodiscard]] std::vector<std::string> steps_of(const model::SignOutRow& row);

[[nodiscard]] std::string sign_out_table(const std::vector<model::SignOutRow>& rows, const Names& names);
[[nodiscard]] std::string to_html(const SignOutReport& report);
[[nodiscard]] std::string to_json(const SignOutReport& report);

}  // namespace curfew::report
