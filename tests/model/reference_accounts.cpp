// The rules about accounts that were changed, and about going on without credentials.
#include <algorithm>

#include "tests/model/reference.hpp"

namespace curfew::model_test {

using model::AccountChangeKind;
using model::ObservationType;
using model::Rule;
using model::SessionState;

namespace {

constexpr Duration a_minute{std::chrono::minutes(1)};

bool within(Time at, Time from, Time to) { return at != Time{} && at >= from && at <= to; }

}  // namespace

// When somebody is forgotten whose account was spoken of, it stays known that they gave credentials.
void Reference::remember_fresh(const Session& session) {
  const Time fresh = session.row.last_fresh_authentication_at;
  if (!session.identifier || fresh == Time{}) return;
  for (const model::Ref oldest : age_) {
    if (person(oldest) != person(session.identifier)) continue;
    const bool spoken_of = std::any_of(statements_.begin(), statements_.end(),
                                       [&](const Statement& one) { return one.identifier == oldest; });
    if (!spoken_of) continue;
    Time& known = fresh_of_gone_[oldest];
    known = std::max(known, fresh);
    return;
  }
}

bool Reference::proved(const Session& session, Time from, Time to) const {
  const auto itself = [&](const Session& one) {
    return within(one.first_fresh, from, to) || within(one.row.last_fresh_authentication_at, from, to);
  };
  if (itself(session)) return true;
  if (session.row.started_at < from) return false;
  if (!is_silent(session.row)) return true;
  for (const auto& [number, other] : sessions_) {
    if (same_person(session, other) && itself(other)) return true;
  }
  for (const auto& [identifier, fresh] : fresh_of_gone_) {
    if (person(identifier) == person(session.identifier) && within(fresh, from, to)) return true;
  }
  return false;
}

std::vector<Time> Reference::breached_changes(const Session& session, const model::Policy& policy, Time at,
                                              Time proved_until) const {
  std::vector<Time> found;
  if (!session.identifier) return found;
  std::vector<Statement> known;
  for (const Statement& one : statements_) {
    if (one.at <= at && person(one.identifier) == person(session.identifier)) known.push_back(one);
  }
  const auto asks = [&](AccountChangeKind kind) {
    return std::find(policy.changes.begin(), policy.changes.end(), kind) != policy.changes.end();
  };
  if (policy.changes.empty() || asks(AccountChangeKind::Disabled)) {
    Time since = Time::max();
    for (const Statement& one : known) {
      const bool undone = std::any_of(known.begin(), known.end(), [&](const Statement& other) {
        return other.type == ObservationType::AccountEnabled && other.source == one.source &&
               other.at >= one.at;
      });
      if (one.type == ObservationType::AccountDisabled && !undone) since = std::min(since, one.at);
    }
    if (since != Time::max() && at > since + policy.limit) found.push_back(since);
  }
  if (asks(AccountChangeKind::CredentialChanged)) {
    std::vector<Time> changed;
    for (const Statement& one : known) {
      if (one.type == ObservationType::CredentialChanged && at > one.at + policy.limit &&
          !proved(session, one.at, proved_until))
        changed.push_back(one.at);
    }
    std::sort(changed.begin(), changed.end());
    found.insert(found.end(), changed.begin(), changed.end());
  }
  return found;
}

void Reference::check_account(Session& session, Time at) {
  for (std::size_t p = 0; p < set_.policies.size(); ++p) {
    const model::Policy& policy = set_.policies[p];
    if (policy.rule != Rule::DisabledAccountActivity || !in_scope(policy, session)) continue;
    const std::vector<Time> found = breached_changes(session, policy, at, Time::max());
    const Mark& mark = session.marks[p];
    if (!found.empty() && !(mark.open && mark.base >= found.front())) open(p, session, found.front(), at);
  }
}

void Reference::judge_accounts() {
  for (auto& [number, session] : sessions_) {
    for (std::size_t p = 0; p < set_.policies.size(); ++p) {
      const model::Policy& policy = set_.policies[p];
      Mark& mark = session.marks[p];
      if (policy.rule != Rule::DisabledAccountActivity || !mark.open || !in_scope(policy, session)) continue;
      const std::vector<Time> found =
          breached_changes(session, policy, mark.breached_at, mark.breached_at + a_minute);
      if (std::none_of(found.begin(), found.end(), [&](Time since) { return since <= mark.base; }))
        withdraw(mark);
    }
    check_account(session, session.last());
  }
}

void Reference::check_resume(Session& session, const model::Facts& facts, SessionState was, Time was_since) {
  const bool resumes = facts.type == ObservationType::Unlocked ||
                       facts.type == ObservationType::Reconnected || facts.type == ObservationType::Resumed;
  if (!resumes || facts.fresh_credentials || !session.lives()) return;
  const Time at = facts.occurred_at;
  const bool seen = (was == SessionState::Locked || was == SessionState::Paused) && was_since <= at;
  const Time away = seen ? was_since : at;
  for (std::size_t p = 0; p < set_.policies.size(); ++p) {
    const model::Policy& policy = set_.policies[p];
    if (policy.rule != Rule::ResumeWithoutReauthentication || !in_scope(policy, session)) continue;
    const Mark& mark = session.marks[p];
    if (mark.open && (!seen || mark.breached_at >= away)) continue;
    if (policy.limit > Duration{0} && at - away <= policy.limit) continue;
    const auto fresh_in = [](const Session& one, Time from, Time to) {
      return within(one.first_fresh, from, to) || within(one.row.last_fresh_authentication_at, from, to);
    };
    bool excused = session.row.last_fresh_authentication_at > at + a_minute ||
                   fresh_in(session, std::min(away, at - a_minute), at + a_minute);
    for (const auto& [number, other] : sessions_) {
      excused |= same_person(session, other) && other.row.source == session.row.source &&
                 fresh_in(other, at - a_minute, at + a_minute);
    }
    if (!excused) open(p, session, away, at);
  }
}

void Reference::excuse_resumes(const Session& proven, Time at) {
  for (auto& [number, session] : sessions_) {
    const bool itself = number == proven.row.number;
    if (!itself && (!same_person(session, proven) || session.row.source != proven.row.source)) continue;
    for (auto& [p, mark] : session.marks) {
      if (set_.policies[p].rule != Rule::ResumeWithoutReauthentication || !mark.open) continue;
      const Time from =
          itself ? std::min(mark.base, mark.breached_at - a_minute) : mark.breached_at - a_minute;
      if (at >= from && at <= mark.breached_at + a_minute) withdraw(mark);
    }
  }
}

}  // namespace curfew::model_test
