#include "core/ledger/seal.hpp"

#include <algorithm>

#include "core/base/error.hpp"

namespace curfew::ledger {

Sealer::Sealer(const StreamId& id, std::vector<SigningKey> keys, Tree tree, Random random)
    : id_(id),
      origin_(origin_of(id)),
      keys_(std::move(keys)),
      tree_(std::move(tree)),
      random_(std::move(random)),
      encoder_(id) {
  if (keys_.empty()) throw Error(ErrorKind::Internal, "ledger: a stream needs a key");
  for (const SigningKey& key : keys_) {
    if (key.verifier().name() != origin_) {
      throw Error(ErrorKind::Configuration, "ledger: the key of '" + key.verifier().name() +
                                                "' can't sign the stream '" + origin_ + "'");
    }
  }
}

SealedBatch Sealer::seal(std::vector<model::Entry> entries, Time recorded_at) {
  if (entries.empty()) throw Error(ErrorKind::Internal, "ledger: an empty batch can't be sealed");
  SealedBatch batch;
  batch.first = tree_.size();
  batch.root_before = tree_.root();

  const auto salted = static_cast<std::size_t>(std::count_if(
      entries.begin(), entries.end(), [](const model::Entry& e) { return !e.personal.empty(); }));
  // One call for all: the generator costs more per call than per byte.
  std::vector<std::uint8_t> salts(salted * salt_bytes);
  if (!salts.empty()) random_(salts);

  batch.entries.reserve(entries.size());
  std::vector<Digest32> hashes;
  hashes.reserve(entries.size());
  std::string_view next_salt = base::as_text(salts);
  std::array<char, 8> subject;
  for (model::Entry& entry : entries) {
    SealedEntry& row = batch.entries.emplace_back();
    row.sequence = batch.first + hashes.size();
    row.recorded_at = recorded_at;
    row.entry = std::move(entry);
    if (!row.entry.personal.empty()) {
      row.salt = next_salt.substr(0, salt_bytes);
      next_salt.remove_prefix(salt_bytes);
      row.commitment = base::as_text(commitment_of(row.salt, row.entry.personal));
    }
    hashes.push_back(encoder_.hash(fields_of(row, subject)));
  }
  // Past this point nothing is refused: all leaves fit.
  for (const Digest32& hash : hashes) tree_.append(hash, batch.tiles);
  batch.root = tree_.root();
  batch.checkpoint = sign_note(format_checkpoint({origin_, batch.size(), batch.root, {}}), keys_);
  return batch;
}

}  // namespace curfew::ledger
