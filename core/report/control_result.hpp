// The result of one control, and how it is reached: sessions, violations, sign-outs and facts in; satisfied,
// not satisfied, not testable or no data out.
//
//   ControlTally tally(framework, control, facts);
//   for (…) tally.see(row, breaches, track);
//   for (…) tally.see(sign_out);
//   ControlResult result = tally.conclude();
//
// Satisfied needs proof for the whole period: one doubt, one hole in the records that could hide a breach, or
// a time before the records begin makes it "no data", and the result says which.
//
// Threads: one. Owns: its counts, and at most most_exceptions exceptions; the rest is counted. Fails: never.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/model/rows.hpp"
#include "core/report/compliance_facts.hpp"
#include "core/report/control_catalogue.hpp"
#include "core/report/session_judgement.hpp"

namespace curfew::report {

enum class Result : std::uint8_t { Satisfied, NotSatisfied, NotTestable, NoData };

inline constexpr std::size_t most_exceptions = 200;

struct ControlException {
  Time at{};
  std::string source;
  model::Ref subject;
  model::SessionNumber session = 0;
  model::ViolationNumber violation = 0;
  model::OrderNumber sign_out = 0;
  std::string text;
  Place place;  // in the ledger; looked up at last where it is not known
  model::SessionDigest digest;
};

struct ControlResult {
  const Framework* framework = nullptr;
  const Control* control = nullptr;
  Result result = Result::NoData;
  std::vector<std::string> because;  // sentences
  std::string tested;                // the test made, in a sentence
  std::string of;                    // what the population is made of: "sessions", "sign-ins", …
  std::uint64_t population = 0;
  std::uint64_t kept = 0;
  std::uint64_t remedied = 0;
  std::uint64_t broken = 0;
  std::uint64_t doubtful = 0;
  std::map<Doubt, std::uint64_t> doubts;
  std::vector<ControlException> exceptions;  // the first ones of `broken`
  std::vector<std::string> policies;         // in force, that it was tested by: name, limit, since when
  std::vector<std::string> named_by;         // policies that name this control
};

// "The source does not show activity."
[[nodiscard]] std::string sentence_of(Doubt doubt);
[[nodiscard]] std::string sentence_of(const Hole& hole);
// The test made: "No session went without fresh credentials for more than 12 h."
[[nodiscard]] std::string test_sentence(const Control& control);

class ControlTally {
 public:
  ControlTally(const Framework& framework, const Control& control, const ComplianceFacts& facts);
  void see(const model::SessionRow& row, const std::vector<const Breach*>& breaches,
           const SessionTrack* track);
  // A breach that is about no session.
  void see(const Breach& breach);
  void see(const model::SignOutRow& row);
  [[nodiscard]] ControlResult conclude();

 private:
  void take(const model::SessionRow& row, const Judged& judged);
  void except(ControlException exception);
  void weigh();
  void weigh_sessions();
  void weigh_use();
  void weigh_content();
  void weigh_failures();
  void weigh_ledger();
  void weigh_retention();
  void weigh_clocks();
  bool nothing_happened();
  void add_holes();
  void add_policies();

  const ComplianceFacts& facts_;
  const Control& control_;
  ControlResult result_;
  struct Use {
    std::uint64_t ended = 0;
    std::uint64_t by_person = 0;
  };
  std::map<std::string, Use> use_;  // by application, or source where there is none
  std::set<std::string> sources_;   // of the population
  std::uint64_t ends_ = 0;          // certain ones, of the population
};

}  // namespace curfew::report

template <>
struct curfew::model::Names<curfew::report::Result> {
  static constexpr std::array<std::string_view, 4> all{"satisfied", "not_satisfied", "not_testable",
                                                       "no_data"};
};
