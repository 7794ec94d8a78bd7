// Whether the stored table of references is what the entries introduced: nothing else, nothing less.
//
//   ReferenceCheck references;
//   StreamVerifier verifier({.references = &references, …}); …          // every stream of the realm
//   references.stored({ref, kind, name_space, value});                   // every row of the table
//   references.finish(problems);
//
// Threads: one. Owns: 32 bytes for each reference. Fails: never; what is wrong goes into `problems`.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/digest.hpp"
#include "core/ledger/verdict.hpp"
#include "core/model/entry.hpp"

namespace curfew::ledger {

class ReferenceCheck {
 public:
  void introduced(const model::PersonalValue& value);
  void stored(const model::PersonalValue& value);
  void finish(Problems& problems);
  [[nodiscard]] std::uint64_t matched() const { return matched_; }

 private:
  struct Known {
    std::uint64_t ref;
    Digest16 value;
    auto operator<=>(const Known&) const = default;
  };
  static Known known(const model::PersonalValue& value);
  std::vector<Known> introduced_;
  std::vector<Known> stored_;
  std::uint64_t matched_ = 0;
};

}  // namespace curfew::ledger
