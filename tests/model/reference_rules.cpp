// The rules that an event decides.
#include <algorithm>
#include <utility>

#include "tests/model/reference.hpp"

namespace curfew::model_test {

using model::Rule;

void Reference::after_end(Session& session, Time activity_at) {
  for (std::size_t p = 0; p < set_.policies.size(); ++p) {
    if (set_.policies[p].rule != Rule::ActivityAfterEnd || !in_scope(set_.policies[p], session)) continue;
    if (!session.marks[p].open) open(p, session, session.row.ended_at, activity_at);
  }
}

void Reference::count_concurrency() {
  for (std::size_t p = 0; p < set_.policies.size(); ++p) {
    const model::Policy& policy = set_.policies[p];
    if (policy.rule != Rule::ConcurrentSessions) continue;
    for (auto& [number, one] : sessions_) {
      if (!in_scope(policy, one)) continue;
      const bool grouped = policy.per == model::Per::Device ? bool(one.row.device) : bool(one.identifier);
      if (!grouped) continue;
      std::size_t at_once = 0;
      bool unread = false;
      for (const auto& [other_number, other] : sessions_) {
        if (!in_scope(policy, other)) continue;
        if (policy.per == model::Per::Device
                ? other.row.device != one.row.device
                : !other.identifier || person(other.identifier) != person(one.identifier))
          continue;
        if (policy.per == model::Per::Application && other.row.application != one.row.application) continue;
        if (policy.per == model::Per::Source && other.row.source != one.row.source) continue;
        const bool began =
            std::make_pair(other.row.started_at, other_number) <= std::make_pair(one.row.started_at, number);
        const bool over =
            other_number != number && !other.lives() && other.row.ended_at <= one.row.started_at;
        at_once += began && !over;
        unread |= began && !over && reads_backlog(other);
      }
      Mark& mark = one.marks[p];
      if (at_once > policy.most && !mark.open && !unread)
        open(p, one, one.row.started_at, one.row.started_at);
      // Who was forgotten meanwhile may have been among them.
      if (at_once <= policy.most && mark.open && one.row.started_at >= forgotten_until_) withdraw(mark);
    }
  }
  judge_devices();
}

void Reference::judge_devices() {
  for (std::size_t p = 0; p < set_.policies.size(); ++p) {
    const model::Policy& policy = set_.policies[p];
    if (policy.rule != Rule::SharedDevice) continue;
    for (auto& [number, one] : sessions_) {
      if (!in_scope(policy, one) || !one.identifier || !one.row.device) continue;
      bool occupied = false;
      bool unread = reads_backlog(one);
      for (const auto& [other_number, other] : sessions_) {
        if (!in_scope(policy, other) || !other.identifier || other.row.device != one.row.device ||
            same_person(one, other))
          continue;
        if (std::make_pair(other.row.started_at, other_number) > std::make_pair(one.row.started_at, number))
          continue;
        if (!other.lives() && other.row.ended_at <= one.row.started_at) continue;
        occupied = true;
        unread |= reads_backlog(other);
      }
      Mark& mark = one.marks[p];
      if (occupied && !mark.open && !unread) open(p, one, one.row.started_at, one.row.started_at);
      if (!occupied && mark.open && one.row.started_at >= forgotten_until_) withdraw(mark);
    }
  }
}

void Reference::count_failures() {
  for (std::size_t p = 0; p < set_.policies.size(); ++p) {
    const model::Policy& policy = set_.policies[p];
    if (policy.rule != Rule::FailedSignIns) continue;
    for (auto& [number, session] : sessions_) {
      const std::size_t who = person(session.identifier);
      if (!session.row.start_seen || session.marks[p].open || !in_scope(policy, session) ||
          who == people_.size())
        continue;
      std::uint64_t count = 0;
      for (const auto& [identifier, occurred_at, times, told_at] : failures_) {
        if (person(identifier) == who && occurred_at <= session.row.started_at &&
            occurred_at >= session.row.started_at - policy.window)
          count += times;
      }
      if (count >= policy.most) open(p, session, session.row.started_at, session.row.started_at);
    }
  }
}

}  // namespace curfew::model_test
