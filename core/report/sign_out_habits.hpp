// How sessions end: signed out, timed out, vanished, never; and how often somebody who was signed out came
// back without giving credentials. By application, by source and by group, because training people is one of
// the measures.
//
//   SignOutHabits habits; habits.see(row, groups_of(row.subject)); habits.see_return(application);
//
// Threads: one. Owns: counters for at most most_names names of a kind; further ones are counted together.
// Fails: never.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/model/rows.hpp"

namespace curfew::report {

// What an end says of the person's habit.
enum class EndHabit : std::uint8_t {
  SignedOut,  // by the person, stated by the source
  TimedOut,   // idle, absolute or closing time, or an expiry
  Ended,      // by somebody else: forced, replaced, disabled, other credentials
  Vanished,   // browser closed, machine switched off: no end was told
  Unknown,
  Open,  // it had not ended
};

[[nodiscard]] EndHabit habit_of(const model::SessionRow& row);

struct HabitCounts {
  std::map<EndHabit, std::uint64_t> ends;
  std::uint64_t sessions = 0;
  std::uint64_t signed_out = 0;  // after which somebody could come back: signed out or forced
  std::uint64_t returned = 0;    // … and did, without fresh credentials
  [[nodiscard]] std::uint64_t of(EndHabit habit) const {
    const auto at = ends.find(habit);
    return at == ends.end() ? 0 : at->second;
  }
};

struct SignOutHabits {
  static constexpr std::size_t most_names = 500;
  HabitCounts all;
  std::map<std::string, HabitCounts> by_application;  // or source, where the session has no application
  std::map<std::string, HabitCounts> by_group;        // of those whose groups are known
  bool returns_watched = false;  // a policy on silent sign-ins after a sign-out was in force

  void see(const model::SessionRow& row, const std::vector<std::string>& groups);
  // Somebody came back to it after a sign-out, without fresh credentials.
  void see_return(const model::SessionRow& row, const std::vector<std::string>& groups);
};

[[nodiscard]] std::string habit_name(const model::SessionRow& row);

}  // namespace curfew::report

template <>
struct curfew::model::Names<curfew::report::EndHabit> {
  static constexpr std::array<std::string_view, 6> all{"signed_out", "timed_out", "ended_by_others",
                                                       "vanished",   "unknown",   "open"};
};
