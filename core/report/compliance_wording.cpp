// What compliance_report.hpp says in words, for all formats.
#include <algorithm>
#include <set>

#include "core/base/duration_words.hpp"
#include "core/report/compliance_report.hpp"
#include "core/report/wording.hpp"

namespace curfew::report {
namespace {

using wording::count;
using wording::counted;

std::string on_results(const ComplianceReport& report) {
  return counted(report.results.size(), "control was", "controls were") +
         " looked at: " + count(report.count(Result::Satisfied)) + " satisfied, " +
         count(report.count(Result::NotSatisfied)) + " not satisfied, " +
         count(report.count(Result::NotTestable)) + " not testable by records of sessions, and of " +
         count(report.count(Result::NoData)) + " the records do not say enough.";
}

}  // namespace

std::uint64_t ComplianceReport::count(Result result) const {
  return static_cast<std::uint64_t>(std::count_if(
      results.begin(), results.end(), [&](const ControlResult& one) { return one.result == result; }));
}

std::uint64_t ComplianceReport::count(Result result, const Framework& framework) const {
  return static_cast<std::uint64_t>(std::count_if(
      results.begin(), results.end(),
      [&](const ControlResult& one) { return one.framework == &framework && one.result == result; }));
}

std::string_view words_of(Result result) {
  switch (result) {
    case Result::Satisfied:
      return "satisfied";
    case Result::NotSatisfied:
      return "not satisfied";
    case Result::NotTestable:
      return "not testable";
    case Result::NoData:
      break;
  }
  return "no data";
}

std::string_view mark_of(Result result) {
  switch (result) {
    case Result::Satisfied:
      return "✔";
    case Result::NotSatisfied:
      return "✘";
    case Result::NotTestable:
      return "–";
    case Result::NoData:
      break;
  }
  return "?";
}

std::vector<model::Ref> references_in(const ComplianceReport& report) {
  std::set<model::Ref> refs;
  for (const ControlResult& result : report.results) {
    for (const ControlException& exception : result.exceptions) refs.insert(exception.subject);
  }
  for (const ConcurrencyPeak& peak : report.concurrency.peaks) refs.insert({peak.subject, peak.device});
  for (const model::SessionRow& row : report.on) refs.insert({row.subject, row.device});
  refs.erase(model::Ref{});
  return {refs.begin(), refs.end()};
}

std::vector<std::string> findings(const ComplianceReport& report) {
  std::vector<std::string> out;
  out.push_back(counted(report.sessions, "session", "sessions") + " lived in the period, at " +
                counted(report.sources.size(), "source", "sources") + "; " +
                counted(report.violations, "breach", "breaches") + " of policies stand.");
  out.push_back(on_results(report));
  const HabitCounts& all = report.habits.all;
  const std::uint64_t ended = all.sessions - all.of(EndHabit::Open);
  if (ended > 0)
    out.push_back("Of " + counted(ended, "session", "sessions") + " that ended, " +
                  wording::percent(all.of(EndHabit::SignedOut), ended) +
                  " were signed out by their people, " + wording::percent(all.of(EndHabit::TimedOut), ended) +
                  " ran into a limit, " +
                  wording::percent(all.of(EndHabit::Vanished) + all.of(EndHabit::Unknown), ended) +
                  " vanished or ended for an unknown reason.");
  if (report.habits.returns_watched && all.signed_out > 0)
    out.push_back("After " + count(all.returned) + " of " + counted(all.signed_out, "sign-out", "sign-outs") +
                  " (" + wording::percent(all.returned, all.signed_out) +
                  ") somebody was back without giving credentials.");
  const auto ordered = [&](model::Outcome outcome) {
    return report.sign_outs[static_cast<std::size_t>(outcome)];
  };
  std::uint64_t orders = 0;
  for (const std::uint64_t number : report.sign_outs) orders += number;
  if (orders > 0)
    out.push_back(counted(orders, "sign-out was", "sign-outs were") + " ordered, and " +
                  count(ordered(model::Outcome::Proven)) + " proven.");
  return out;
}

std::vector<std::string> coverage(const ComplianceReport& report) {
  const ComplianceFacts& facts = report.facts;
  std::vector<std::string> out;
  if (facts.recorded_from > facts.period.from)
    out.push_back("The records begin at " + wording::time(facts.recorded_from) +
                  ", after the beginning of the period.");
  for (const SourceCoverage& source : report.sources) {
    if (!source.shows_activity)
      out.push_back(source.name +
                    " shows no activity between sign-in and sign-out: inactivity can't be "
                    "judged there.");
    if (source.ends_unknown > 0)
      out.push_back(source.name + ": of " + counted(source.ends_unknown, "session", "sessions") +
                    " the end was not seen, or its reason is not known; they count as proof of nothing.");
    if (source.sessions == 0) out.push_back(source.name + " showed no session in the period.");
  }
  std::size_t told = 0;
  for (const Hole& hole : facts.holes) {
    if (!facts.scope.holds_source(hole.source)) continue;
    if (told++ < 50) out.push_back(sentence_of(hole));
  }
  if (told > 50) out.push_back(count(told - 50) + " more times in which sources did not tell all.");
  if (facts.violations_cut) out.emplace_back("There are more violations than a report reads.");
  if (facts.tracks_cut) out.emplace_back("There were more sessions than a report follows at once.");
  out.emplace_back(
      "Systems that are not among the sources were not looked at. That a source told everything is shown by "
      "nothing; what it said was missing is above. Times in which Curfew itself was stopped are not listed: "
      "sources are read on from where it stopped.");
  return out;
}

}  // namespace curfew::report
