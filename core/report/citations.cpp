#include "core/report/citations.hpp"

namespace curfew::report {

std::vector<Place> cited_in(const ComplianceReport& report) {
  std::vector<Place> places;
  const auto cite = [&](const Place& place) {
    if (place.stream != 0) places.push_back(place);
  };
  for (const ControlResult& result : report.results) {
    for (const ControlException& exception : result.exceptions) cite(exception.place);
  }
  for (const Hole& hole : report.facts.holes) {
    if (report.facts.scope.holds_source(hole.source)) cite(hole.place);
  }
  const Period& period = report.facts.period;
  for (const PolicyVersion& version : report.facts.versions) {
    if (version.from < period.to && (version.to == Time{} || version.to > period.from)) cite(version.place);
  }
  return places;
}

}  // namespace curfew::report
