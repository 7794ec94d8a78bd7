// A scheduled report's files in its folder.
//
//   write_report_file(folder + "/" + report_file("monthly", "2026-10", report_text_ending), text);
//
// Threads: pure functions, but for the disk. Fails: Error(Unavailable) with the file and why.
#pragma once

#include <string>
#include <string_view>

namespace curfew::app {

// Of the text that goes with the other files, and into the mail.
inline constexpr std::string_view report_text_ending = ".txt";

// "monthly-2026-10.txt"
[[nodiscard]] std::string report_file(std::string_view report, std::string_view period,
                                      std::string_view ending);
// Whole or not at all, durable when it returns, readable for its owner alone.
void write_report_file(const std::string& path, const std::string& bytes);
// At most 256 MiB.
[[nodiscard]] std::string read_report_file(const std::string& path);

}  // namespace curfew::app
