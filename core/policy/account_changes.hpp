// What sources said about accounts: disabled, enabled again, given another credential.
//
//   changes.add(identifier, {at, ObservationType::AccountDisabled, source});
//   changes.disabled_since(identifiers, later)->at == at
//
// A source's word holds until the same source says otherwise: that an application lets somebody in again does
// not make the directory's account a living one. Statements stay, as an account may be disabled for years; of
// one identifier the newest `most_of_one`, of at most `most_kept` identifiers: what is dropped beyond that is
// counted. Threads: one. Owns: the statements.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/time.hpp"
#include "core/model/facts.hpp"
#include "core/model/state_bytes.hpp"

namespace curfew::policy {

struct AccountChange {
  Time at{};
  model::ObservationType type = model::ObservationType::AccountDisabled;
  model::Symbol source;
};

class AccountChanges {
 public:
  static constexpr std::size_t most_kept = 1'000'000;
  static constexpr std::size_t most_of_one = 64;

  void add(model::Ref identifier, const AccountChange& change);
  // Fresh credentials of somebody whose session leaves the memory.
  void remember_fresh(std::span<const model::Identifier> person, Time at);

  [[nodiscard]] bool empty() const { return accounts_.empty(); }
  [[nodiscard]] bool knows(std::span<const model::Identifier> person) const;
  // The statement since which the account was disabled at that time; the earliest, if several sources say so.
  [[nodiscard]] std::optional<AccountChange> disabled_since(std::span<const model::Identifier> person,
                                                            Time at) const;
  // The changes of a credential up to that time, oldest first.
  [[nodiscard]] std::vector<AccountChange> credential_changes(std::span<const model::Identifier> person,
                                                              Time at) const;
  [[nodiscard]] bool was_fresh_in(std::span<const model::Identifier> person, Time from, Time to) const;
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

  void save(model::StateWriter& writer, const model::Symbols& symbols) const;
  void load(model::StateReader& reader, model::Symbols& symbols);

 private:
  struct Account {
    std::vector<AccountChange> changes;  // by time; of one time as they were told
    Time fresh_at{};
  };
  [[nodiscard]] std::vector<AccountChange> until(std::span<const model::Identifier> person, Time at) const;

  absl::flat_hash_map<std::uint64_t, Account> accounts_;
  std::uint64_t dropped_ = 0;
};

}  // namespace curfew::policy
