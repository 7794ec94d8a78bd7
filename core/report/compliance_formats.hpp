// The formats of the compliance report: one list that command line, API, schedule and bundle share, and one
// function that makes a file's bytes of a report.
//
//   const report::ComplianceFormat* format = report::find_format("html");        // null: there is none
//   write_file("pci-dss" + std::string(format->ending), report::render(made, *format));
//
// Threads: constants and pure functions. Fails: render throws Error(Unavailable) when what a format needs is
// not on this machine, and says what.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/report/compliance_report.hpp"

namespace curfew::report {

struct ComplianceFormat {
  std::string_view name;          // as --format and format= say it
  std::string_view ending;        // of a file's name, so that each format has one of its own
  std::string_view content_type;  // over HTTP and in mails
  std::string (*make)(const ComplianceReport&) = nullptr;
};

// In the order in which they are offered.
[[nodiscard]] std::span<const ComplianceFormat> compliance_formats() noexcept;
[[nodiscard]] const ComplianceFormat* find_format(std::string_view name) noexcept;
// "html, json or csv", for errors and help.
[[nodiscard]] const std::string& format_names();

[[nodiscard]] std::string render(const ComplianceReport& report, const ComplianceFormat& format);

}  // namespace curfew::report
