// The first entry of a stream, and what it says of the stream before it.
//
//   sealer.seal({opening_entry(id, key.verifier().text(), now, predecessor)}, now);
//   parse_opening(rows.front().entry.facts).predecessor
//
// Threads: values and pure functions. Fails: parse_opening throws Error(Corrupt) naming the field.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/ledger/stream.hpp"

namespace curfew::ledger {

// The last head of a stream that its successor knew: more may have been added to it since (a fenced node
// drains its spool), but what was there must be there still.
struct KnownHead {
  std::string origin;
  std::uint64_t size = 0;
  Digest32 root{};
  friend bool operator==(const KnownHead&, const KnownHead&) = default;
};

struct Opening {
  StreamId id;
  std::string verifier_key;
  std::optional<KnownHead> predecessor;  // none: the realm's first stream
  friend bool operator==(const Opening&, const Opening&) = default;
};

[[nodiscard]] model::Entry opening_entry(const Opening& opening, Time now);
// Checks the signature of the predecessor's checkpoint with its key before naming it.
[[nodiscard]] KnownHead known_head(std::string_view checkpoint, std::string_view verifier_key);
[[nodiscard]] Opening parse_opening(std::string_view facts);

}  // namespace curfew::ledger
