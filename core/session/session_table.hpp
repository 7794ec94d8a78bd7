// All sessions that live, and those that ended a short while ago.
//
//   Slot slot = table.find(source, digest);  if (slot == no_slot) slot = table.add(source, digest);
//   Session& session = table.at(slot);
//
// Records lie in chunks that never move; the two indexes hold slots alone and compare the records themselves,
// which keeps them at about 8 bytes a session. Threads: one. Owns: the records. Not copied, not moved.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <cstring>
#include <memory>
#include <vector>

#include "core/session/session.hpp"

namespace curfew::session {

class SessionTable {
 public:
  SessionTable()
      : by_key_(0, KeyHash{this}, KeyEqual{this}), by_number_(0, NumberHash{this}, NumberEqual{this}) {}
  SessionTable(const SessionTable&) = delete;
  SessionTable& operator=(const SessionTable&) = delete;

  [[nodiscard]] Session& at(Slot slot) { return chunks_[slot >> chunk_bits][slot & chunk_mask]; }
  [[nodiscard]] const Session& at(Slot slot) const { return chunks_[slot >> chunk_bits][slot & chunk_mask]; }

  [[nodiscard]] Slot find(model::Symbol source, const model::SessionDigest& digest) const {
    const auto found = by_key_.find(Key{source, digest});
    return found == by_key_.end() ? no_slot : *found;
  }
  [[nodiscard]] Slot find(model::SessionNumber number) const {
    const auto found = by_number_.find(number);
    return found == by_number_.end() ? no_slot : *found;
  }
  // Hints for a look-up that comes soon: first its place in the index, and when that has had time to arrive,
  // the record. They change nothing.
  void prefetch_place(model::Symbol source, const model::SessionDigest& digest) const {
    by_key_.prefetch(Key{source, digest});
  }
  void prefetch_record(model::Symbol source, const model::SessionDigest& digest) const {
    // The index keeps seven bits of the hash: what fits them is nearly always it, and looking costs a miss.
    const auto likely = by_key_.find(Likely{{source, digest}});
    if (likely == by_key_.end()) return;
    const char* record = reinterpret_cast<const char*>(&at(*likely));
    for (std::size_t line = 0; line < touched_by_activity; line += 64) __builtin_prefetch(record + line, 1);
  }
  // A new session with the next number. The key then belongs to it: an older session of the same key is
  // reached by its number only.
  Slot add(model::Symbol source, const model::SessionDigest& digest);
  void drop(Slot slot);
  // From a snapshot: with its number; `keyed` if the key is its own.
  Slot restore(const Session& session, bool keyed);
  [[nodiscard]] bool is_keyed(Slot slot) const { return find(at(slot).source, at(slot).digest) == slot; }

  void link_device(Slot slot);  // after its device became known
  [[nodiscard]] Slot first_of_device(model::Ref device) const {
    const auto found = devices_.find(device.bits);
    return found == devices_.end() ? no_slot : found->second;
  }

  [[nodiscard]] std::size_t size() const { return by_number_.size(); }
  [[nodiscard]] model::SessionNumber last_number() const { return last_number_; }
  void set_last_number(model::SessionNumber number) { last_number_ = number; }
  void reserve(std::size_t sessions) {
    by_key_.reserve(sessions);
    by_number_.reserve(sessions);
  }
  // Calls look(slot) for each session, in no order that anything may rest on.
  template <typename Look>
  void each(Look look) const {
    for (const Slot slot : by_number_) look(slot);
  }
  // Slots by ascending number.
  [[nodiscard]] std::vector<Slot> in_order() const;

 private:
  static constexpr unsigned chunk_bits = 10;
  static constexpr Slot chunk_mask = (Slot{1} << chunk_bits) - 1;

  struct Key {
    model::Symbol source;
    const model::SessionDigest& digest;
  };
  static constexpr std::size_t touched_by_activity = 192;
  struct Likely {
    Key key;
  };
  static std::size_t mix(std::uint64_t x) {
    x *= 0x9E37'79B9'7F4A'7C15ULL;
    return static_cast<std::size_t>(x ^ x >> 32);
  }
  static std::size_t hash_key(model::Symbol source, const model::SessionDigest& digest) {
    std::uint64_t high = 0, low = 0;
    std::memcpy(&high, digest.bytes.data(), 8);
    std::memcpy(&low, digest.bytes.data() + 8, 8);
    return mix(high ^ mix(low ^ source.number));
  }
  struct KeyHash {
    using is_transparent = void;
    const SessionTable* table;
    std::size_t operator()(Slot slot) const {
      return hash_key(table->at(slot).source, table->at(slot).digest);
    }
    std::size_t operator()(const Key& key) const { return hash_key(key.source, key.digest); }
    std::size_t operator()(const Likely& likely) const { return (*this)(likely.key); }
  };
  struct KeyEqual {
    using is_transparent = void;
    const SessionTable* table;
    bool operator()(Slot a, Slot b) const { return a == b; }
    bool operator()(Slot slot, const Key& key) const {
      const Session& session = table->at(slot);
      // Two words: a call of memcmp costs more than the rest of the look-up.
      std::uint64_t a[2], b[2];
      std::memcpy(a, session.digest.bytes.data(), sizeof a);
      std::memcpy(b, key.digest.bytes.data(), sizeof b);
      return a[0] == b[0] && a[1] == b[1] && session.source == key.source;
    }
    bool operator()(const Key& key, Slot slot) const { return (*this)(slot, key); }
    bool operator()(Slot, const Likely&) const { return true; }
    bool operator()(const Likely&, Slot) const { return true; }
  };
  struct NumberHash {
    using is_transparent = void;
    const SessionTable* table;
    std::size_t operator()(Slot slot) const { return mix(table->at(slot).number); }
    std::size_t operator()(model::SessionNumber number) const { return mix(number); }
  };
  struct NumberEqual {
    using is_transparent = void;
    const SessionTable* table;
    bool operator()(Slot a, Slot b) const { return a == b; }
    bool operator()(Slot slot, model::SessionNumber number) const { return table->at(slot).number == number; }
    bool operator()(model::SessionNumber number, Slot slot) const { return (*this)(slot, number); }
  };

  Slot take_slot();
  void unlink_device(Slot slot);

  std::vector<std::unique_ptr<Session[]>> chunks_;
  std::vector<Slot> free_;
  Slot used_ = 0;
  model::SessionNumber last_number_ = 0;
  absl::flat_hash_set<Slot, KeyHash, KeyEqual> by_key_;
  absl::flat_hash_set<Slot, NumberHash, NumberEqual> by_number_;
  absl::flat_hash_map<std::uint64_t, Slot> devices_;
};

}  // namespace curfew::session
