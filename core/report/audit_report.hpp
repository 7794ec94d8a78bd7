// The audit report: what `curfew audit` found, what it could not see, and how to verify it; as a page to
// print, as JSON, and as a few lines for a terminal.
//
//   report::AuditReport audit;  ... fill it ...
//   audit.names = resolve(report::references_in(audit));
//   write_file("report.html", report::to_html(audit));
//   std::cout << report::to_summary(audit);
//
// The report is for whoever owns the logs: it names people, where `names` has their names. It loads nothing
// from elsewhere and runs no script.
//
// Threads: values and pure functions. Owns: its rows. Fails: never; lists are cut at their bounds, and the
// cut is said.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/time.hpp"
#include "core/model/rows.hpp"
#include "core/report/compliance_report.hpp"
#include "core/report/listing.hpp"
#include "core/report/rows_json.hpp"
#include "core/report/statistics.hpp"

namespace curfew::report {

struct LedgerVerdict {
  bool verified = false;
  std::string sentence;  // what was checked and what came out
  std::string origin;
  std::uint64_t size = 0;
  std::string root;        // hex
  std::string checkpoint;  // signed note
  std::string verifier_key;
  std::vector<std::string> not_excluded;  // what the verdict can't rule out
  std::string how_to_verify;              // a command line
};

struct Gap {
  std::string source;
  Time from{};
  Time to{};
  std::uint64_t records = 0;  // 0: not known
  std::string text;
};

struct AuditReport {
  std::string version;  // of Curfew
  Time generated_at{};
  Time from{};  // the time that the inputs cover
  Time to{};
  std::vector<std::string> inputs;
  std::vector<SourceStatus> sources;

  SessionStatistics statistics;             // of all sessions; finished
  std::vector<model::SessionRow> sessions;  // the first ones, as many as the caller wants listed
  std::vector<model::ViolationRow> violations;
  std::uint64_t violations_total = 0;        // at least violations.size()
  std::vector<model::SignOutRow> sign_outs;  // what policies ordered; an audit itself carries nothing out
  std::uint64_t sign_outs_total = 0;
  FailureStatistics failures;
  std::vector<Gap> gaps;
  std::uint64_t gaps_total = 0;
  std::vector<std::string> policies;  // in force, as sentences
  std::vector<std::string> not_seen;  // further limits of what could be seen, as sentences
  LedgerVerdict ledger;
  std::optional<ComplianceReport> compliance;  // if frameworks were asked for
  Names names;
};

// The references that the report shows, for the caller to resolve.
[[nodiscard]] std::vector<model::Ref> references_in(const AuditReport& report);

[[nodiscard]] std::string to_html(const AuditReport& report);
[[nodiscard]] std::string to_json(const AuditReport& report);
// For a terminal: under twenty lines.
[[nodiscard]] std::string to_summary(const AuditReport& report);

}  // namespace curfew::report
