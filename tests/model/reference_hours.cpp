// Hours, by asking of every minute whether it is among them.
#include <algorithm>
#include <string>

#include "tests/model/reference.hpp"

namespace curfew::model_test {
namespace {

constexpr Duration a_minute{std::chrono::minutes(1)};
constexpr Duration a_day{std::chrono::hours(24)};

Duration clock(const std::string& text) {
  return std::chrono::hours(std::stoi(text.substr(0, 2))) + std::chrono::minutes(std::stoi(text.substr(3)));
}

// A shift has begun when its clock was ever shown, and is over when it will not be shown again.
bool is_open(const model::Policy& policy, Time at) {
  Duration offset{0};
  for (const model::ZoneOffset& one : policy.offsets)
    if (&one == &policy.offsets.front() || one.from <= at) offset = one.offset;
  const Duration local = at.time_since_epoch() + offset;
  Duration latest_shown = local;
  Duration earliest_to_come = local;
  for (std::size_t i = 1; i < policy.offsets.size(); ++i) {
    const Duration change = policy.offsets[i].from.time_since_epoch();
    if (policy.offsets[i].from <= at)
      latest_shown = std::max(latest_shown, change + policy.offsets[i - 1].offset - Duration{1});
    else
      earliest_to_come = std::min(earliest_to_come, change + policy.offsets[i].offset);
  }
  for (std::int64_t day = local / a_day - 2; day <= local / a_day + 1; ++day) {
    for (const model::Shift& shift : policy.hours) {
      const auto weekday = static_cast<model::Weekday>((day + 3) % 7);
      if (!shift.days.empty() && std::find(shift.days.begin(), shift.days.end(), weekday) == shift.days.end())
        continue;
      const Duration from = day * a_day + clock(shift.from);
      Duration to = day * a_day + clock(shift.to);
      if (to < from) to += a_day;
      if (latest_shown >= from && earliest_to_come < to) return true;
    }
  }
  return false;
}

}  // namespace

// The first time that is open, or closed.
Time Reference::look_for(std::size_t policy, Time from, bool open) {
  const auto [place, is_new] = looked_.try_emplace({policy, from, open}, from);
  if (!is_new) return place->second;
  Time at = from;
  const Time last = from + 8 * a_day;
  while (at <= last && is_open(set_.policies[policy], at) != open)
    at = Time{(at.time_since_epoch() / a_minute + 1) * a_minute};
  return place->second = at > last ? Time::max() : at;
}

Time Reference::closing(std::size_t policy, const Session& session) {
  const auto mark = session.marks.find(policy);
  if (mark == session.marks.end() || !mark->second.open)
    return look_for(policy, session.row.started_at, false);
  const Time open = look_for(policy, mark->second.breached_at, true);
  return open == Time::max() ? open : look_for(policy, open, false);
}

}  // namespace curfew::model_test
