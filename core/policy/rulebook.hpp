// Policies made ready: names are symbols, and for each kind of session (source, application, account type,
// network) the policies that may apply are listed once, so that twelve policies cost a lookup.
//
//   Rulebook book(set, symbols);
//   const Candidates& c = book.candidates(book.class_of(source, application, type, network, how));
//   for (auto p : c.timed) if (book.matches(p, identifiers, groups) == Match::Yes) …
//
// Threads: one. Owns: the policies and the lists.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/model/policy.hpp"
#include "core/policy/groups.hpp"
#include "core/policy/hours.hpp"

namespace curfew::policy {

using PolicyIndex = std::uint16_t;

struct Compiled {
  model::Policy policy;
  std::vector<model::Symbol> sources, applications, except_sources, except_applications;
  std::vector<model::Ref> subjects, except_subjects;
  Hours hours;                   // of allowed_hours
  bool asks_person = false;      // scope or exemption names subjects or groups
  std::uint32_t unresolved = 0;  // subjects that are no references
};

// Indexes of policies, ascending.
struct Candidates {
  std::vector<PolicyIndex> timed;  // what comes up by time
  std::vector<PolicyIndex> concurrent;
  std::vector<PolicyIndex> failed;
  std::vector<PolicyIndex> after_end;
  std::vector<PolicyIndex> resign_in;
  std::vector<PolicyIndex> account;
  std::vector<PolicyIndex> resume;
  std::vector<PolicyIndex> device;
  std::vector<PolicyIndex> binding;
};

class Rulebook {
 public:
  Rulebook() = default;
  Rulebook(const model::PolicySet& set, model::Symbols& symbols);

  [[nodiscard]] std::uint32_t class_of(model::Symbol source, model::Symbol application,
                                       model::AccountType type, model::NetworkClass network,
                                       model::Interactivity sign_in);
  [[nodiscard]] const Candidates& candidates(std::uint32_t scope_class) const {
    return classes_[scope_class];
  }
  [[nodiscard]] const Compiled& at(PolicyIndex index) const { return policies_[index]; }
  [[nodiscard]] std::size_t size() const { return policies_.size(); }
  [[nodiscard]] bool has(model::Rule rule) const { return has_[static_cast<std::size_t>(rule)]; }
  // Whether any session_binding asks for it.
  [[nodiscard]] bool binds(model::Bond bond) const { return binds_[static_cast<std::size_t>(bond)]; }

  // The part that depends on the person. Unknown: membership that nobody told decides; it never counts as a
  // match in enforce, and never lifts an exemption there.
  [[nodiscard]] Match matches(PolicyIndex index, std::span<const model::Identifier> person,
                              const Groups& groups) const;
  [[nodiscard]] bool asks_person(PolicyIndex index) const { return policies_[index].asks_person; }
  [[nodiscard]] bool is_protected(std::span<const model::Identifier> person) const;
  [[nodiscard]] std::uint32_t unresolved_protected() const { return unresolved_protected_; }

 private:
  std::vector<Compiled> policies_;
  std::vector<model::Ref> protected_;
  std::uint32_t unresolved_protected_ = 0;
  std::array<bool, model::Names<model::Rule>::all.size()> has_{};
  std::array<bool, model::Names<model::Bond>::all.size()> binds_{};
  absl::flat_hash_map<std::uint64_t, std::uint32_t> class_numbers_;
  std::vector<Candidates> classes_;
};

}  // namespace curfew::policy
