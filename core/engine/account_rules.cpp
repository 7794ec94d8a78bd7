// Activity of accounts that were disabled, or given other credentials.
#include <algorithm>

#include "core/engine/state.hpp"
#include "core/model/json_object.hpp"

namespace curfew::engine {

using model::AccountChangeKind;
using policy::AccountChange;
using policy::PolicyIndex;

namespace {

bool asks_for(const model::Policy& policy, AccountChangeKind kind) {
  if (policy.changes.empty()) return kind == AccountChangeKind::Disabled;
  return std::find(policy.changes.begin(), policy.changes.end(), kind) != policy.changes.end();
}

}  // namespace

// Whether the person gave fresh credentials in [from, to]: in this session, or, if it began after that change
// and silently, in any other.
bool Engine::State::proved_identity(const Session& session, Time from, Time to) const {
  if (session.was_fresh_in(from, to)) return true;
  if (session.started_at < from) return false;
  if (!session::began_silently(session)) return true;
  if (session.subject_index == no_slot) return false;
  for (Slot slot = subjects.at(session.subject_index).sessions; slot != no_slot;
       slot = sessions.at(slot).subject_next) {
    if (sessions.at(slot).was_fresh_in(from, to)) return true;
  }
  return changes.was_fresh_in(subjects.identifiers_of(session.subject_index), from, to);
}

// The changes that make activity at that time a breach, the one to name first.
std::vector<AccountChange> Engine::State::breached_changes(const Session& session,
                                                           const model::Policy& policy,
                                                           std::span<const model::Identifier> person, Time at,
                                                           Time proved_until) const {
  std::vector<AccountChange> found;
  if (asks_for(policy, AccountChangeKind::Disabled)) {
    if (const auto since = changes.disabled_since(person, at); since && at > since->at + policy.limit)
      found.push_back(*since);
  }
  if (asks_for(policy, AccountChangeKind::CredentialChanged)) {
    for (const AccountChange& change : changes.credential_changes(person, at)) {
      if (at > change.at + policy.limit && !proved_identity(session, change.at, proved_until))
        found.push_back(change);
    }
  }
  return found;
}

void Engine::State::check_account(Slot slot, Time at, std::string_view shown_by) {
  const std::vector<PolicyIndex> account = book.candidates(sessions.at(slot).scope_class).account;
  for (const PolicyIndex index : account) {
    const Session& session = sessions.at(slot);
    const model::Policy& policy = book.at(index).policy;
    const auto person = subjects.identifiers_of(session.subject_index);
    const auto found = breached_changes(session, policy, person, at, Time::max());
    if (found.empty()) continue;
    const AccountChange& change = found.front();
    // Once for each change.
    const Mark* known = find_mark(session, index);
    if (known != nullptr && known->violation != 0 && known->base >= change.at) continue;
    if (!applies(index, session)) continue;
    const auto is_own = [&](const model::Identifier& one) { return one.value == session.identifier; };
    const auto own = std::find_if(person.begin(), person.end(), is_own);
    Breach breach;
    breach.policy = index;
    breach.slot = slot;
    breach.base = change.at;
    breach.breached_at = at;
    breach.through_link =
        own == person.end() || breached_changes(session, policy, {&*own, 1}, at, Time::max()).empty();
    model::JsonObject o(breach.evidence);
    o.micros("limit", policy.limit);
    o.micros("measured", at - change.at);
    o.name("change", change.type);
    o.time("changed_at", change.at);
    o.text("told_by", symbols.text(change.source));
    o.text("shown_by", shown_by);
    o.name("auth_method", session.auth_method);
    o.raw("sessions", "[" + std::to_string(session.number) + "]");
    o.end();
    Violation& violation = open(breach);
    if (session.lives()) enforce(index, violation, last_violation, {slot}, breach.through_link, false);
  }
}

// What is known of its account, or of fresh credentials, changed.
void Engine::State::recheck_account(Slot slot) {
  if (!sessions.at(slot).account_changed && !sessions.at(slot).has_marks) return;
  const std::vector<PolicyIndex> account = book.candidates(sessions.at(slot).scope_class).account;
  for (const PolicyIndex index : account) {
    Session& session = sessions.at(slot);
    const Mark* known = find_mark(session, index);
    if (known == nullptr || known->violation == 0) continue;
    const auto found =
        breached_changes(session, book.at(index).policy, subjects.identifiers_of(session.subject_index),
                         known->breached_at, known->breached_at + fresh_within);
    const bool stands = std::any_of(found.begin(), found.end(),
                                    [&](const AccountChange& change) { return change.at <= known->base; });
    if (stands) continue;
    const model::ViolationNumber number = known->violation;
    mark(session, index).violation = 0;
    withdraw(number, "the account was enabled, or fresh credentials had been given, by then");
  }
  check_account(slot, sessions.at(slot).last_at(), "activity");
}

void Engine::State::recheck_accounts_of(std::uint32_t subject) {
  if (!book.has(model::Rule::DisabledAccountActivity)) return;
  for (const Slot slot : sessions_of(subject)) recheck_account(slot);
}

// A statement about an account holds for each name of it that the record gives, if it is known to be the same
// person's.
void Engine::State::take_account_change(const model::Facts& facts, std::uint32_t subject) {
  for (std::size_t i = 0; i < facts.identifier_count; ++i) {
    if (subjects.find(facts.identifiers[i].value) == subject)
      changes.add(facts.identifiers[i].value, {facts.occurred_at, facts.type, facts.source});
  }
  for (const Slot slot : sessions_of(subject)) sessions.at(slot).account_changed = true;
  recheck_accounts_of(subject);
}

}  // namespace curfew::engine
