#include "core/policy/rulebook.hpp"

#include <algorithm>
#include <limits>

#include "core/base/error.hpp"

namespace curfew::policy {
namespace {

std::vector<model::Symbol> interned(const std::vector<std::string>& names, model::Symbols& symbols) {
  std::vector<model::Symbol> out;
  for (const std::string& name : names) out.push_back(symbols.intern(name));
  return out;
}

std::vector<model::Ref> references(const std::vector<std::string>& texts, std::uint32_t& unresolved) {
  std::vector<model::Ref> out;
  for (const std::string& text : texts) {
    const auto ref =
        text.starts_with("ref:") ? model::parse_ref(std::string_view(text).substr(4)) : std::nullopt;
    if (ref && *ref)
      out.push_back(*ref);
    else
      ++unresolved;
  }
  return out;
}

template <typename T>
bool contains(const std::vector<T>& list, const T& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}
template <typename T>
bool allows(const std::vector<T>& list, const T& value) {
  return list.empty() || contains(list, value);
}

bool any_of(const std::vector<model::Ref>& list, std::span<const model::Identifier> person) {
  return std::any_of(person.begin(), person.end(),
                     [&](const model::Identifier& identifier) { return contains(list, identifier.value); });
}

// A person is in one of the groups: yes at the first that says so, unknown if one can't say.
Match in_groups(const std::vector<std::string>& names, std::span<const model::Identifier> person,
                const Groups& groups) {
  Match result = Match::No;
  for (const std::string& name : names) {
    const Match match = groups.has(name, person);
    if (match == Match::Yes) return match;
    if (match == Match::Unknown) result = match;
  }
  return result;
}

}  // namespace

Rulebook::Rulebook(const model::PolicySet& set, model::Symbols& symbols) {
  if (set.policies.size() > std::numeric_limits<PolicyIndex>::max()) {
    throw Error(ErrorKind::Configuration, "more than 65535 policies; merge some of them");
  }
  for (const model::Policy& policy : set.policies) {
    Compiled& compiled = policies_.emplace_back();
    compiled.policy = policy;
    if (policy.rule == model::Rule::AllowedHours) compiled.hours = Hours(policy.hours, policy.offsets);
    has_[static_cast<std::size_t>(policy.rule)] = true;
    if (policy.rule == model::Rule::SessionBinding) {
      for (const model::Bond bond : policy.bind) binds_[static_cast<std::size_t>(bond)] = true;
    }
    compiled.sources = interned(policy.scope.sources, symbols);
    compiled.applications = interned(policy.scope.applications, symbols);
    compiled.except_sources = interned(policy.except.sources, symbols);
    compiled.except_applications = interned(policy.except.applications, symbols);
    compiled.subjects = references(policy.scope.subjects, compiled.unresolved);
    compiled.except_subjects = references(policy.except.subjects, compiled.unresolved);
    compiled.asks_person = !policy.scope.subjects.empty() || !policy.scope.groups.empty() ||
                           !policy.except.subjects.empty() || !policy.except.groups.empty();
  }
  protected_ = references(set.safety.protected_accounts, unresolved_protected_);
}

std::uint32_t Rulebook::class_of(model::Symbol source, model::Symbol application, model::AccountType type,
                                 model::NetworkClass network, model::Interactivity sign_in) {
  const std::uint64_t key = static_cast<std::uint64_t>(source.number) << 32 |
                            static_cast<std::uint64_t>(application.number) << 16 |
                            static_cast<std::uint64_t>(type) << 8 | static_cast<std::uint64_t>(sign_in) << 4 |
                            static_cast<std::uint64_t>(network);
  const auto [place, is_new] = class_numbers_.try_emplace(key, static_cast<std::uint32_t>(classes_.size()));
  if (!is_new) return place->second;
  Candidates& candidates = classes_.emplace_back();
  // NOLINTNEXTLINE(bugprone-too-small-loop-variable): the constructor bounds their number
  for (PolicyIndex i = 0; i < policies_.size(); ++i) {
    const Compiled& p = policies_[i];
    const model::Scope& scope = p.policy.scope;
    const model::Scope& except = p.policy.except;
    if (!allows(p.sources, source) || !allows(p.applications, application) ||
        !allows(scope.account_types, type) || !allows(scope.networks, network) ||
        !allows(scope.sign_ins, sign_in))
      continue;
    if (contains(p.except_sources, source) || contains(p.except_applications, application) ||
        contains(except.account_types, type) || contains(except.networks, network) ||
        contains(except.sign_ins, sign_in))
      continue;
    switch (p.policy.rule) {
      case model::Rule::SessionTimeout:
      case model::Rule::InactivityTimeout:
      case model::Rule::AllowedHours:
      case model::Rule::ReauthenticationInterval:
        candidates.timed.push_back(i);
        break;
      case model::Rule::ConcurrentSessions:
        candidates.concurrent.push_back(i);
        break;
      case model::Rule::FailedSignIns:
        candidates.failed.push_back(i);
        break;
      case model::Rule::ActivityAfterEnd:
        candidates.after_end.push_back(i);
        break;
      case model::Rule::SilentResignIn:
        candidates.resign_in.push_back(i);
        break;
      case model::Rule::DisabledAccountActivity:
        candidates.account.push_back(i);
        break;
      case model::Rule::ResumeWithoutReauthentication:
        candidates.resume.push_back(i);
        break;
      case model::Rule::SharedDevice:
        candidates.device.push_back(i);
        break;
      case model::Rule::SessionBinding:
        candidates.binding.push_back(i);
        break;
    }
  }
  return place->second;
}

Match Rulebook::matches(PolicyIndex index, std::span<const model::Identifier> person,
                        const Groups& groups) const {
  const Compiled& p = policies_[index];
  if (!p.asks_person) return Match::Yes;
  if (!p.policy.except.subjects.empty() && any_of(p.except_subjects, person)) return Match::No;
  if (!p.policy.scope.subjects.empty() && !any_of(p.subjects, person)) return Match::No;
  Match result = Match::Yes;
  if (!p.policy.scope.groups.empty()) {
    result = in_groups(p.policy.scope.groups, person, groups);
    if (result == Match::No) return result;
  }
  switch (in_groups(p.policy.except.groups, person, groups)) {
    case Match::Yes:
      return Match::No;
    case Match::Unknown:
      return Match::Unknown;
    case Match::No:
      break;
  }
  return result;
}

bool Rulebook::is_protected(std::span<const model::Identifier> person) const {
  return any_of(protected_, person);
}

}  // namespace curfew::policy
