// The bytes of a leaf, exactly as docs/ledger-format.md section 2 says.
//
//   LeafEncoder encoder(stream_id);
//   Digest32 hash = encoder.hash(fields_of(sealed_entry, storage));     // the leaf's hash in the tree
//   LeafFields same = decode_leaf(encoder.leaf());                      // views into the leaf
//
// Threads: functions are pure; a LeafEncoder belongs to one thread at a time and is meant to be reused.
// Owns: a LeafEncoder its buffer; LeafFields are views. Fails: Error(Input) for a leaf past max_leaf_bytes,
// Error(Corrupt) for bytes that are no leaf.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/digest.hpp"
#include "core/ledger/stream.hpp"

namespace curfew::ledger {

inline constexpr std::uint8_t leaf_version = 1;
inline constexpr std::size_t salt_bytes = 16;
inline constexpr std::size_t commitment_bytes = 32;

// A leaf's fields as they are stored: texts and bytes, nothing interpreted, so that a tampered row is hashed
// as it stands. Times are microseconds; occurred_at 0 is "none".
struct LeafFields {
  std::string_view realm;
  std::string_view stream;  // the origin
  std::uint64_t sequence = 0;
  std::int64_t engine_time = 0;
  std::int64_t occurred_at = 0;
  std::int64_t recorded_at = 0;
  std::string_view kind;
  std::string_view source;      // empty: none
  std::string_view session;     // 16 bytes, or empty
  std::string_view subject;     // 8 bytes, big-endian, or empty
  std::string_view facts;       // JSON text
  std::string_view commitment;  // 32 bytes, or empty
  friend bool operator==(const LeafFields&, const LeafFields&) = default;
};

// The fields of a row, viewing into it and into `subject_storage`. Realm and stream are the encoder's.
[[nodiscard]] LeafFields fields_of(const SealedEntry& row, std::array<char, 8>& subject_storage);

class LeafEncoder {
 public:
  explicit LeafEncoder(const StreamId& id);

  // The leaf of these fields with the encoder's realm and stream; valid until the next call.
  std::string_view encode(const LeafFields& fields);
  // SHA-256(0x00 ‖ leaf).
  Digest32 hash(const LeafFields& fields);
  // What encode or hash made last.
  [[nodiscard]] std::string_view leaf() const { return std::string_view(buffer_).substr(1); }

 private:
  std::string buffer_;        // the tree's leaf prefix 0x00, then the leaf
  std::size_t constant_ = 0;  // prefix, version, realm and stream never change
  base::Sha256 hash_;
};

// What a leaf of these facts takes, to check a size before anything is sealed.
[[nodiscard]] std::size_t leaf_size(const StreamId& id, const model::Entry& entry);

[[nodiscard]] std::string leaf_bytes(const SealedEntry& row, const StreamId& stream);
// Strict: encoding the result gives the same bytes.
[[nodiscard]] LeafFields decode_leaf(std::string_view leaf);

// SHA-256(salt ‖ personal), the salt 16 bytes.
[[nodiscard]] Digest32 commitment_of(std::string_view salt, std::string_view personal);

}  // namespace curfew::ledger
