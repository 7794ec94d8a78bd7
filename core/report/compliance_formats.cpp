#include "core/report/compliance_formats.hpp"

#include <algorithm>
#include <array>

namespace curfew::report {
namespace {

// to_html and to_json are also the audit's.
using Make = std::string (*)(const ComplianceReport&);

constexpr std::array<ComplianceFormat, 6> formats{{
    {"html", ".html", "text/html; charset=utf-8", static_cast<Make>(to_html)},
    {"pdf", ".pdf", "application/pdf", to_pdf},
    {"json", ".json", "application/json", static_cast<Make>(to_json)},
    {"csv", ".csv", "text/csv; charset=utf-8", static_cast<Make>(to_csv)},
    {"exceptions-csv", "-exceptions.csv", "text/csv; charset=utf-8", static_cast<Make>(exceptions_csv)},
    {"oscal", "-oscal.json", "application/json", static_cast<Make>(to_oscal)},
}};

}  // namespace

std::span<const ComplianceFormat> compliance_formats() noexcept { return formats; }

const ComplianceFormat* find_format(std::string_view name) noexcept {
  const auto* const found = std::find_if(formats.begin(), formats.end(),
                                         [&](const ComplianceFormat& one) { return one.name == name; });
  return found == formats.end() ? nullptr : &*found;
}

const std::string& format_names() {
  static const std::string names = [] {
    std::string out;
    for (std::size_t i = 0; i < formats.size(); ++i)
      out += (i == 0 ? "" : i + 1 == formats.size() ? " or " : ", ") + std::string(formats[i].name);
    return out;
  }();
  return names;
}

std::string render(const ComplianceReport& report, const ComplianceFormat& format) {
  return format.make(report);
}

}  // namespace curfew::report
