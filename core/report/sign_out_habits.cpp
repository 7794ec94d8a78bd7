#include "core/report/sign_out_habits.hpp"

namespace curfew::report {
namespace {

using model::EndReason;

HabitCounts& of(std::map<std::string, HabitCounts>& counts, const std::string& name) {
  if (counts.size() >= SignOutHabits::most_names && !counts.contains(name)) return counts["(others)"];
  return counts[name];
}

template <typename Count>
void each(SignOutHabits& habits, const model::SessionRow& row, const std::vector<std::string>& groups,
          const Count& count) {
  count(habits.all);
  count(of(habits.by_application, habit_name(row)));
  for (const std::string& group : groups) count(of(habits.by_group, group));
}

}  // namespace

std::string habit_name(const model::SessionRow& row) {
  return row.application.empty() ? row.source : row.application;
}

EndHabit habit_of(const model::SessionRow& row) {
  if (row.ended_at == Time{}) return EndHabit::Open;
  switch (row.end_reason) {
    case EndReason::SignedOut:
      // A connector that only concludes it has not seen the person do it.
      return row.end_certainty == model::Certainty::Stated ? EndHabit::SignedOut : EndHabit::Unknown;
    case EndReason::IdleTimeout:
    case EndReason::AbsoluteTimeout:
    case EndReason::ClosingTime:
    case EndReason::Expired:
      return EndHabit::TimedOut;
    case EndReason::Forced:
    case EndReason::Replaced:
    case EndReason::AccountDisabled:
    case EndReason::CredentialChanged:
      return EndHabit::Ended;
    case EndReason::Reboot:
    case EndReason::Vanished:
      return EndHabit::Vanished;
    case EndReason::Unknown:
      break;
  }
  return EndHabit::Unknown;
}

void SignOutHabits::see(const model::SessionRow& row, const std::vector<std::string>& groups) {
  const EndHabit habit = habit_of(row);
  each(*this, row, groups, [&](HabitCounts& counts) {
    ++counts.sessions;
    ++counts.ends[habit];
    if (habit == EndHabit::SignedOut || row.end_reason == EndReason::Forced) ++counts.signed_out;
  });
}

void SignOutHabits::see_return(const model::SessionRow& row, const std::vector<std::string>& groups) {
  each(*this, row, groups, [](HabitCounts& counts) { ++counts.returned; });
}

}  // namespace curfew::report
