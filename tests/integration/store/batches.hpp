// Batches for tests of the store, which does not look into a tree: roots and notes are only told apart.
//
// Threads: values.
#pragma once

#include <string>

#include "core/ledger/stream.hpp"

namespace curfew::store {

inline Digest32 root_of_size(std::uint64_t size) {
  return size == 0 ? base::sha256("") : base::sha256("root " + std::to_string(size));
}

inline ledger::SealedBatch batch_of(std::uint64_t first, std::size_t count, bool personal = false) {
  ledger::SealedBatch batch;
  batch.first = first;
  for (std::size_t i = 0; i < count; ++i) {
    ledger::SealedEntry row;
    row.sequence = first + i;
    row.recorded_at = base::from_micros(1'700'000'000'000'000 + static_cast<std::int64_t>(row.sequence));
    row.entry.kind = model::EntryKind::Observation;
    row.entry.engine_time = row.recorded_at - Duration(5);
    row.entry.occurred_at = row.recorded_at - Duration(1'000'000);
    row.entry.source = "corp-ad";
    const Digest32 digest = base::sha256("session " + std::to_string(row.sequence % 97));
    std::copy_n(digest.begin(), 16, row.entry.session.bytes.begin());
    row.entry.subject = {row.sequence + 1};
    row.entry.facts = R"({"type":"sign_in","number":)" + std::to_string(row.sequence) + "}";
    if (personal) {
      row.salt = std::string(16, static_cast<char>(i));
      row.commitment = std::string(base::as_text(base::sha256(row.salt)));
      row.entry.personal = model::to_json({{{row.sequence + 1},
                                            model::PersonalKind::Identifier,
                                            "upn",
                                            "person" + std::to_string(row.sequence) + "@corp.test"}});
    }
    batch.entries.push_back(std::move(row));
  }
  batch.root_before = root_of_size(first);
  batch.root = root_of_size(first + count);
  batch.checkpoint = "curfew/corp/node/1\n" + std::to_string(first + count) + "\n";
  return batch;
}

inline const ledger::StreamId test_stream{"corp", "node", 1};
inline const std::string test_key = "curfew/corp/node/1+00000000+AAAA";

}  // namespace curfew::store
