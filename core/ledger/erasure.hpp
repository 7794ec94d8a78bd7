// What an erasure covered: the entries whose personal values were destroyed, as an `erasure` entry says it.
//
//   auto entries = erasure_entries({{"curfew/main/a/1", {{0, 4}, {9, 9}}}}, now);
//   parse_erasure(entries[0].facts).front().ranges       // {0, 4}, {9, 9}: both ends are covered
//
// A value that one destroyed entry introduced and that must stay (a device shared with others) is introduced
// again: the caller puts it into the erasure entry's own `personal`. So every reference that is still stored
// has an intact entry behind it.
//
// Threads: values and pure functions. Fails: parse_erasure throws Error(Corrupt); erasure_entries never makes
// a leaf past its limit, it makes several entries.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/model/entry.hpp"

namespace curfew::ledger {

using SequenceRange = std::pair<std::uint64_t, std::uint64_t>;  // first and last, both inside

struct Coverage {
  std::string origin;  // the stream of the entries
  std::vector<SequenceRange> ranges;
  friend bool operator==(const Coverage&, const Coverage&) = default;
};

[[nodiscard]] std::vector<model::Entry> erasure_entries(const std::vector<Coverage>& covered, Time now);
[[nodiscard]] std::vector<Coverage> parse_erasure(std::string_view facts);

}  // namespace curfew::ledger
