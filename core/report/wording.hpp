// How a report speaks: numbers and times for people; sentences that HTML, JSON and terminal share. Durations
// are base::in_words.
//
//   wording::count(1240) == "1,240"    wording::counted(2, "session", "sessions") == "2 sessions"
//
// Threads: pure functions. Fails: never.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"
#include "core/report/audit_report.hpp"

namespace curfew::report::wording {

[[nodiscard]] std::string count(std::uint64_t number);
// "1 session", "2 sessions"
[[nodiscard]] std::string counted(std::uint64_t number, std::string_view one, std::string_view many);
[[nodiscard]] std::string time(Time time);  // "2026-11-21 20:58:00"; UTC is said once, at the top
[[nodiscard]] std::string day(Time time);
[[nodiscard]] std::string percent(std::uint64_t part, std::uint64_t whole);
// "absolute_timeout" -> "absolute timeout"
[[nodiscard]] std::string words(std::string_view identifier);
// The name, or the reference when there is no name for it.
[[nodiscard]] std::string name_of(const AuditReport& report, model::Ref ref);
// A violation's evidence as "on for 8 h 1 s since 2026-11-03 10:00:00 (limit 8 h)"; fields of a kind not
// known here are listed by their names.
[[nodiscard]] std::string evidence(const AuditReport& report, const model::ViolationRow& row);

// Unreadable records, as the cursors counted them or as the connector's coverage says, whichever is more.
[[nodiscard]] std::uint64_t unreadable(const SourceStatus& source);
// Violations that were not withdrawn.
[[nodiscard]] std::uint64_t standing(const AuditReport& report);

// What was seen, in a few sentences.
[[nodiscard]] std::vector<std::string> findings(const AuditReport& report);
// What could not be seen: always at least one sentence.
[[nodiscard]] std::vector<std::string> blind_spots(const AuditReport& report);
// How a session ended: "signed out (stated)", "still open".
[[nodiscard]] std::string end_of(const model::SessionRow& row);

}  // namespace curfew::report::wording
