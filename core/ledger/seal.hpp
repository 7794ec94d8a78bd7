// Sealing: where entries get their place, salt, leaf and signature. A batch is sealed once and never changed;
// if it can't be stored, the sealer is rebuilt from what is stored.
//
//   Sealer sealer(id, {key}, Tree::restore(size, hashes, tiles), base::fill_random);
//   SealedBatch batch = sealer.seal(std::move(entries), now);
//   store.append(stream, batch, extras);
//
// Threads: one. Owns: its keys and the tree's right edge. Fails: Error(Input) when an entry's leaf is too
// long (nothing was sealed then).
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "core/ledger/leaf.hpp"
#include "core/ledger/note.hpp"
#include "core/ledger/stream.hpp"
#include "core/ledger/tree.hpp"

namespace curfew::ledger {

class Sealer {
 public:
  using Random = std::function<void(std::span<std::uint8_t>)>;

  // Every key signs each checkpoint; all are named after the stream's origin. `tree` is what is stored.
  Sealer(const StreamId& id, std::vector<SigningKey> keys, Tree tree, Random random);

  // At least one entry.
  SealedBatch seal(std::vector<model::Entry> entries, Time recorded_at);

  [[nodiscard]] const StreamId& id() const { return id_; }
  [[nodiscard]] const Tree& tree() const { return tree_; }
  [[nodiscard]] std::string verifier_key() const { return keys_.front().verifier().text(); }

 private:
  StreamId id_;
  std::string origin_;
  std::vector<SigningKey> keys_;
  Tree tree_;
  Random random_;
  LeafEncoder encoder_;
};

}  // namespace curfew::ledger
