// Personal values with their salts, as they stand beside the ledger: for who was allowed to see them, after
// that was recorded.
//
//   store::read_personal(info, stream, {17, 23}, [&](store::PersonalRow&& row) { … });
//
// Threads: one. Owns: a connection of its own. Fails: Error(Unavailable) when the server is away.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/store/store.hpp"

namespace curfew::store {

struct PersonalRow {
  std::uint64_t sequence = 0;
  std::string salt;
  std::string value;
};

// Of these entries, given in ascending order; what an entry doesn't have is left out.
void read_personal(const ConnectionInfo& info, std::int64_t stream,
                   const std::vector<std::uint64_t>& sequences,
                   const std::function<void(PersonalRow&&)>& take);

}  // namespace curfew::store
