#include <algorithm>

#include "core/report/audit_report.hpp"
#include "core/report/tables.hpp"
#include "core/report/wording.hpp"

namespace curfew::report {
namespace {

constexpr std::size_t max_violations = 5;
constexpr std::size_t max_blind_spots = 6;

}  // namespace

std::string to_summary(const AuditReport& report) {
  std::string out;
  for (const std::string& sentence : wording::findings(report)) out += printable(sentence) + "\n";
  const std::uint64_t all = wording::standing(report);
  std::size_t shown = 0;
  for (const model::ViolationRow& row : report.violations) {
    if (row.withdrawn_at != Time{} || shown == max_violations) continue;
    ++shown;
    out += "  " + wording::time(row.breached_at) + "  " + printable(row.policy) + ": " +
           printable(wording::name_of(report, row.subject)) + " at " + printable(row.source) + " (" +
           printable(wording::evidence(report, row)) + ")\n";
  }
  if (shown > 0 && all > shown) out += "  and " + wording::count(all - shown) + " more\n";
  out += "Not seen:\n";
  const std::vector<std::string> spots = wording::blind_spots(report);
  for (std::size_t i = 0; i < std::min(spots.size(), max_blind_spots); ++i)
    out += "  " + printable(spots[i]) + "\n";
  if (spots.size() > max_blind_spots) {
    out += "  and " + wording::count(spots.size() - max_blind_spots) + " more, in the report\n";
  }
  return out;
}

}  // namespace curfew::report
