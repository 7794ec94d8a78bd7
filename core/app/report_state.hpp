// What a scheduled report remembers of its newest period: its row in the outlets' table.
//
//   ReportState state = ReportState::parse(row.state);   … state.phase = "done"; … state.text()
//
// Threads: values. Owns: its texts. Fails: parse throws nlohmann's exceptions for what is no state.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/app/report_schedule.hpp"
#include "core/report/listing.hpp"

namespace curfew::app {

struct ReportState {
  // The outcome of the period before a report's first one, for which nothing is made.
  static constexpr std::string_view before_the_first = "before the first one";

  std::string period;
  Time from{};
  Time to{};
  std::string phase;  // making, made, sending, done
  std::string outcome;
  std::uint32_t attempts = 0;
  Time next{};
  std::vector<report::ReportFile> files;
  std::set<std::string> told;  // of those who took it or refused it for good: a digest

  [[nodiscard]] static ReportState of(const ReportPeriod& period, std::string phase);
  [[nodiscard]] static ReportState parse(const std::string& text);
  [[nodiscard]] std::string text() const;
  [[nodiscard]] nlohmann::json files_json() const;
  // As files_json gave them.
  void take_files(const nlohmann::json& list);
  [[nodiscard]] std::string digest_of(const std::string& address) const;
};

// The row's name.
[[nodiscard]] std::string report_row(const std::string& realm, const std::string& name);
// Where a report's files are put; `data`: the data directory.
[[nodiscard]] std::string report_folder(const ReportSettings& report, const std::string& data);

}  // namespace curfew::app
