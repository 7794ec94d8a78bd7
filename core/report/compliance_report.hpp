// The compliance report as a value: results by framework, sign-out habits, coverage, pictures, who was on,
// and the checkpoint that it all rests on. Reading makes it (compliance_reading.hpp); HTML, PDF, JSON, CSV
// and OSCAL are made of it.
//
//   report::ComplianceReport report = report::read_compliance(store, request);
//   write_file("report.html", report::to_html(report));
//
// It names nobody: `names` is filled by who may, after the disclosure was recorded.
//
// Threads: values and pure functions. Owns: its rows. Fails: never, but for to_pdf; lists are cut at their
// bounds, and the cut is said.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/report/compliance_facts.hpp"
#include "core/report/concurrency.hpp"
#include "core/report/control_result.hpp"
#include "core/report/rows_json.hpp"
#include "core/report/sign_out_habits.hpp"
#include "core/report/statistics.hpp"

namespace curfew::report {

// One stream as the report found it.
struct StreamState {
  std::int64_t number = 0;  // by which entries are cited
  std::string origin;
  std::uint64_t size = 0;
  std::string root;        // hex
  std::string checkpoint;  // signed note
  std::string verifier_key;
};

// A source and what it can't show.
struct SourceCoverage {
  std::string name;
  std::string connector;
  bool shows_activity = true;
  bool can_prove = false;
  std::uint64_t sessions = 0;
  std::uint64_t ends_unknown = 0;  // of those that ended
  std::uint64_t records_missing = 0;
  std::uint64_t holes = 0;
};

struct LengthStep {
  Duration up_to{0};  // zero: longer than all
  std::uint64_t sessions = 0;
};

struct ComplianceReport {
  std::string version;  // of Curfew
  ComplianceFacts facts;
  std::vector<const Framework*> frameworks;
  std::vector<ControlResult> results;
  SignOutHabits habits;
  std::vector<SourceCoverage> sources;
  std::vector<StreamState> streams;

  std::uint64_t sessions = 0;  // in scope, that lived in the period
  std::uint64_t violations = 0;
  std::map<std::string, std::uint64_t> violations_by_policy;
  std::vector<SessionStatistics::Level> levels;  // sessions that lived and began in each step
  Duration step{0};
  std::vector<LengthStep> lengths;
  Duration shortest_limit{0};  // of policies on lifetimes in force; zero: none was
  ConcurrencyReality concurrency;
  std::array<std::uint64_t, model::Names<model::Outcome>::all.size()> sign_outs{};
  std::vector<LengthStep> effects;  // time from breach to proof

  Time at{};  // who was on at this time; epoch: not asked
  std::vector<model::SessionRow> on;
  std::uint64_t on_total = 0;

  Names names;

  [[nodiscard]] std::uint64_t count(Result result) const;
  [[nodiscard]] std::uint64_t count(Result result, const Framework& framework) const;
};

// The references that the report shows, for who may resolve them.
[[nodiscard]] std::vector<model::Ref> references_in(const ComplianceReport& report);

// "satisfied", "not satisfied", "not testable", "no data"; and the mark that stands beside it.
[[nodiscard]] std::string_view words_of(Result result);
[[nodiscard]] std::string_view mark_of(Result result);
// The report in a few sentences.
[[nodiscard]] std::vector<std::string> findings(const ComplianceReport& report);
// What could not be seen.
[[nodiscard]] std::vector<std::string> coverage(const ComplianceReport& report);

[[nodiscard]] std::string to_html(const ComplianceReport& report);
// Says nothing of when it was made: the same ledger, period and scope make the same bytes. Error(Unavailable)
// without its fonts.
[[nodiscard]] std::string to_pdf(const ComplianceReport& report);
[[nodiscard]] std::string to_json(const ComplianceReport& report);
// One line for each control; cells that a spreadsheet would run are made text.
[[nodiscard]] std::string to_csv(const ComplianceReport& report);
// One line for each exception.
[[nodiscard]] std::string exceptions_csv(const ComplianceReport& report);
// OSCAL assessment-results 1.1.3.
[[nodiscard]] std::string to_oscal(const ComplianceReport& report);

}  // namespace curfew::report
