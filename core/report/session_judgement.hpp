// What one session says of one control. Each test is a pure function of the row, of what was measured of it
// and of the facts of the period; none of them guesses: what the records can't decide is a doubt with its
// reason, and a doubt is no proof.
//
//   const Judged judged = judge_fresh(row, track, control, facts);
//   if (judged.verdict == Verdict::Broken) tell(judged.text, judged.at);
//
// Threads: pure functions. Fails: never.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/model/rows.hpp"
#include "core/report/compliance_facts.hpp"
#include "core/report/control_catalogue.hpp"

namespace curfew::report {

enum class Verdict : std::uint8_t {
  NotAsked,  // it is not in the control's population
  Kept,
  Remedied,  // breached, and ended in time: as the control wants it
  Broken,
  Doubtful,
};

// Why a session proves nothing.
enum class Doubt : std::uint8_t {
  EndUnknown,  // it ended for an unknown reason, or unseen
  StartUnseen,
  NoActivityShown,  // its source does not show activity
  SourceSilent,     // its source was silent in its life
  NoPolicy,         // no policy with such a rule applied to it all the time
  FactorsUnknown,
  AccountUnknown,
  OriginUnknown,
  RecordsLate,
  NotFollowed,
  NotProven,          // a sign-out that is contained or still runs
  MembershipUnknown,  // a policy is for a group, and nobody told whether its person was in it
};

struct Judged {
  Verdict verdict = Verdict::NotAsked;
  Doubt doubt = Doubt::EndUnknown;  // of Doubtful
  Time at{};                        // of Broken and Remedied: when the limit was passed
  std::string text;                 // … and how
  model::ViolationNumber violation = 0;
  Place place;
};

// A violation and the sign-out that it led to.
struct Breach {
  model::ViolationRow violation;
  model::SignOutRow sign_out;  // number 0: none
};

// Whether the end is one that proves something: stated by its source, proven by us, or a stated expiry.
[[nodiscard]] bool end_is_certain(const model::SessionRow& row);
// How long it lived, as far as the period's end.
[[nodiscard]] Duration life_of(const model::SessionRow& row, const Period& period);

enum class Membership : std::uint8_t { In, Out, Unknown };
[[nodiscard]] Membership membership(const model::SessionRow& row, Population population);

// Whether a policy is for such a session, but for what it asks of its person (memberships.hpp).
[[nodiscard]] bool covers(const model::Policy& policy, const model::SessionRow& row);
// Whether a policy is as strict as the control's own numbers.
[[nodiscard]] bool is_strict_enough(const model::Policy& policy, const Control& control);
// Unknown: it would be, if its person was in the groups of which nobody told.
enum class Cover : std::uint8_t { No, Unknown, Yes };
// Whether such policies were in force, and for its person, for all of the session's life in the period. A
// policy on inactivity counts only where its source shows activity.
[[nodiscard]] Cover cover_of(const model::SessionRow& row, const Control& control,
                             const ComplianceFacts& facts, bool activity_shown = true);
// Whether one policy of a version was for the session for all of [from, to).
[[nodiscard]] Cover cover_at(const model::Policy& policy, const model::SessionRow& row,
                             const PolicyVersion& version, const ComplianceFacts& facts, Time from, Time to);

[[nodiscard]] Judged judge_by_policies(const model::SessionRow& row,
                                       const std::vector<const Breach*>& breaches, const Control& control,
                                       const ComplianceFacts& facts);
// `track` null: nothing of it stood out, unless facts.tracks_cut.
[[nodiscard]] Judged judge_fresh(const model::SessionRow& row, const SessionTrack* track,
                                 const Control& control, const ComplianceFacts& facts);
[[nodiscard]] Judged judge_idle(const model::SessionRow& row, const SessionTrack* track,
                                const Control& control, const ComplianceFacts& facts);
[[nodiscard]] Judged judge_shared(const model::SessionRow& row);
[[nodiscard]] Judged judge_service(const model::SessionRow& row);
[[nodiscard]] Judged judge_sign_out(const model::SignOutRow& row);

}  // namespace curfew::report

template <>
struct curfew::model::Names<curfew::report::Doubt> {
  static constexpr std::array<std::string_view, 12> all{
      "end_unknown",  "start_unseen",    "no_activity_shown", "source_silent",
      "no_policy",    "factors_unknown", "account_unknown",   "origin_unknown",
      "records_late", "not_followed",    "not_proven",        "membership_unknown"};
};
template <>
struct curfew::model::Names<curfew::report::HoleKind> {
  static constexpr std::array<std::string_view, 3> all{"records_missing", "silent", "down"};
};
