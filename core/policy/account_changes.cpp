#include "core/policy/account_changes.hpp"

#include <algorithm>

namespace curfew::policy {

using model::ObservationType;

namespace {

// Disabled and enabled in one moment: it is enabled.
bool comes_before(const AccountChange& a, const AccountChange& b) {
  return std::make_pair(a.at, a.type) < std::make_pair(b.at, b.type);
}

}  // namespace

void AccountChanges::add(model::Ref identifier, const AccountChange& change) {
  auto found = accounts_.find(identifier.bits);
  if (found == accounts_.end()) {
    if (accounts_.size() >= most_kept) {
      ++dropped_;
      return;
    }
    found = accounts_.try_emplace(identifier.bits).first;
  }
  std::vector<AccountChange>& own = found->second.changes;
  const auto repeats = [&](const AccountChange& known) {
    return known.at == change.at && known.type == change.type && known.source == change.source;
  };
  if (std::any_of(own.begin(), own.end(), repeats)) return;
  own.insert(std::upper_bound(own.begin(), own.end(), change, comes_before), change);
  if (own.size() <= most_of_one) return;
  own.erase(own.begin());
  ++dropped_;
}

void AccountChanges::remember_fresh(std::span<const model::Identifier> person, Time at) {
  for (const model::Identifier& identifier : person) {
    const auto found = accounts_.find(identifier.value.bits);
    if (found == accounts_.end()) continue;
    found->second.fresh_at = std::max(found->second.fresh_at, at);
    return;
  }
}

bool AccountChanges::knows(std::span<const model::Identifier> person) const {
  return !accounts_.empty() &&
         std::any_of(person.begin(), person.end(), [this](const model::Identifier& identifier) {
           return accounts_.contains(identifier.value.bits);
         });
}

std::vector<AccountChange> AccountChanges::until(std::span<const model::Identifier> person, Time at) const {
  std::vector<AccountChange> all;
  for (const model::Identifier& identifier : person) {
    const auto found = accounts_.find(identifier.value.bits);
    if (found == accounts_.end()) continue;
    for (const AccountChange& change : found->second.changes) {
      if (change.at <= at) all.push_back(change);
    }
  }
  std::stable_sort(all.begin(), all.end(), comes_before);
  return all;
}

std::optional<AccountChange> AccountChanges::disabled_since(std::span<const model::Identifier> person,
                                                            Time at) const {
  // By source, in the order of their first word: the order of symbols is this process's own.
  std::vector<AccountChange> standing;
  for (const AccountChange& change : until(person, at)) {
    const auto of_source = std::find_if(standing.begin(), standing.end(), [&](const AccountChange& known) {
      return known.source == change.source;
    });
    if (change.type == ObservationType::AccountDisabled && of_source == standing.end())
      standing.push_back(change);
    if (change.type == ObservationType::AccountEnabled && of_source != standing.end())
      standing.erase(of_source);
  }
  const auto earliest =
      std::min_element(standing.begin(), standing.end(),
                       [](const AccountChange& a, const AccountChange& b) { return a.at < b.at; });
  if (earliest == standing.end()) return std::nullopt;
  return *earliest;
}

std::vector<AccountChange> AccountChanges::credential_changes(std::span<const model::Identifier> person,
                                                              Time at) const {
  std::vector<AccountChange> all = until(person, at);
  std::erase_if(
      all, [](const AccountChange& change) { return change.type != ObservationType::CredentialChanged; });
  return all;
}

bool AccountChanges::was_fresh_in(std::span<const model::Identifier> person, Time from, Time to) const {
  return std::any_of(person.begin(), person.end(), [&](const model::Identifier& identifier) {
    const auto found = accounts_.find(identifier.value.bits);
    return found != accounts_.end() && found->second.fresh_at != Time{} && found->second.fresh_at >= from &&
           found->second.fresh_at <= to;
  });
}

void AccountChanges::save(model::StateWriter& writer, const model::Symbols& symbols) const {
  writer.number(dropped_);
  writer.number(accounts_.size());
  std::vector<std::uint64_t> identifiers;
  for (const auto& [identifier, account] : accounts_) identifiers.push_back(identifier);
  std::sort(identifiers.begin(), identifiers.end());
  for (const std::uint64_t identifier : identifiers) {
    const Account& account = accounts_.at(identifier);
    writer.ref(model::Ref{identifier});
    writer.time(account.fresh_at);
    writer.number(account.changes.size());
    for (const AccountChange& change : account.changes) {
      writer.time(change.at);
      writer.name(change.type);
      writer.text(symbols.text(change.source));
    }
  }
}

void AccountChanges::load(model::StateReader& reader, model::Symbols& symbols) {
  dropped_ = reader.number();
  for (std::size_t i = reader.count(); i > 0; --i) {
    Account& account = accounts_[reader.ref().bits];
    account.fresh_at = reader.time();
    for (std::size_t j = reader.count(); j > 0; --j) {
      AccountChange& change = account.changes.emplace_back();
      change.at = reader.time();
      change.type = reader.name<ObservationType>();
      change.source = symbols.intern(reader.text());
    }
  }
}

}  // namespace curfew::policy
