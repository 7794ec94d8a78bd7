// What the ledger costs for each entry, beside the hashing that nobody can leave out: `Limit` is the SHA-256
// of the same leaves and of one node for each, with nothing around it.
#include <benchmark/benchmark.h>

#include "core/ledger/seal.hpp"
#include "core/ledger/verify.hpp"

namespace curfew::ledger {
namespace {

const StreamId id{"main", "a", 1};
constexpr std::int64_t batch_entries = 5000;

// Like an activity of a Windows source; one in `personal_every` introduces a person.
std::vector<model::Entry> entries_like_activity(std::int64_t personal_every) {
  std::vector<model::Entry> entries(batch_entries);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    model::Entry& entry = entries[i];
    entry.engine_time = entry.occurred_at =
        base::from_micros(1'763'758'680'000'000 + static_cast<std::int64_t>(i));
    entry.source = "corp-windows";
    entry.session.bytes[i % 16] = static_cast<std::uint8_t>(i + 1);
    entry.subject.bits = i + 1;
    entry.facts =
        R"({"type":"activity","ids":[["windows_sid","00000000000000a1"],["upn","00000000000000a2"]],"application":"crm","address":"00000000000000a3","network":"private"})";
    if (static_cast<std::int64_t>(i) % personal_every == 0)
      entry.personal =
          R"([{"ref":"00000000000000a1","kind":"identifier","namespace":"windows_sid","value":"S-1-5-21-1-2-3-1001"}])";
  }
  return entries;
}

Sealer new_sealer() { return {id, {SigningKey::generate(origin_of(id))}, Tree(), base::fill_random}; }

void Limit(benchmark::State& state) {
  Sealer sealer = new_sealer();
  std::vector<std::string> leaves;
  for (const SealedEntry& row : sealer.seal(entries_like_activity(8), {}).entries)
    leaves.push_back('\0' + leaf_bytes(row, id));
  base::Sha256 hash;
  for (auto _ : state) {
    for (const std::string& leaf : leaves) {
      const Digest32 digest = hash.update(leaf).finish();
      benchmark::DoNotOptimize(node_hash(digest, digest));
    }
  }
  state.SetItemsProcessed(state.iterations() * batch_entries);
}
BENCHMARK(Limit);

void Seal(benchmark::State& state) {
  Sealer sealer = new_sealer();
  const std::vector<model::Entry> entries = entries_like_activity(8);
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<model::Entry> batch = entries;
    state.ResumeTiming();
    benchmark::DoNotOptimize(sealer.seal(std::move(batch), {}));
  }
  state.SetItemsProcessed(state.iterations() * batch_entries);
}
BENCHMARK(Seal);

// Rows as the store gives them, tiles and checkpoints beside them.
void Verify(benchmark::State& state) {
  Sealer sealer = new_sealer();
  const SealedBatch batch = sealer.seal(entries_like_activity(8), {});
  for (auto _ : state) {
    VerifyOptions options;
    options.id = id;
    options.keys = {VerifierKey::parse(sealer.verifier_key())};
    StreamVerifier verifier(
        options,
        [&](std::uint32_t level, std::uint64_t index, std::uint32_t) -> std::optional<std::string> {
          if (level == 0 && index < batch.tiles.size()) return batch.tiles[index].bytes;
          return std::nullopt;
        },
        [&, given = false]() mutable -> std::optional<StoredCheckpoint> {
          if (std::exchange(given, true)) return std::nullopt;
          return StoredCheckpoint{batch.size(), batch.checkpoint, {}, {}};
        });
    for (const SealedEntry& row : batch.entries) verifier.feed(row);
    const StreamVerdict verdict = verifier.finish();
    // The batch has no opening entry; anything else would be a broken benchmark.
    if (verdict.problem_count != 1) state.SkipWithError("the rows don't verify");
  }
  state.SetItemsProcessed(state.iterations() * batch_entries);
}
BENCHMARK(Verify);

void SignCheckpoint(benchmark::State& state) {
  const SigningKey key = SigningKey::generate(origin_of(id));
  const std::string text = format_checkpoint({origin_of(id), 12345, {}, {}});
  for (auto _ : state) benchmark::DoNotOptimize(sign_note(text, {&key, 1}));
}
BENCHMARK(SignCheckpoint);

void OpenCheckpoint(benchmark::State& state) {
  const SigningKey key = SigningKey::generate(origin_of(id));
  const std::string note = sign_note(format_checkpoint({origin_of(id), 12345, {}, {}}), {&key, 1});
  for (auto _ : state) benchmark::DoNotOptimize(open_note(note, {&key.verifier(), 1}));
}
BENCHMARK(OpenCheckpoint);

}  // namespace
}  // namespace curfew::ledger

BENCHMARK_MAIN();
