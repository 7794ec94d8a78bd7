#include "core/ledger/seal.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "core/base/error.hpp"
#include "core/ledger/opening.hpp"
#include "core/ledger/proof.hpp"

namespace curfew::ledger {
namespace {

const StreamId stream{"main", "a", 1};

SigningKey key_of(std::uint8_t seed, const StreamId& id = stream) {
  Digest32 bytes{};
  bytes.fill(seed);
  return SigningKey::from_seed(origin_of(id), bytes);
}

Sealer::Random counting() {
  return [next = std::uint8_t{0}](std::span<std::uint8_t> bytes) mutable {
    std::iota(bytes.begin(), bytes.end(), next);
    next = static_cast<std::uint8_t>(next + bytes.size());
  };
}

model::Entry tick(int number) {
  model::Entry entry;
  entry.kind = model::EntryKind::Tick;
  entry.engine_time = base::from_micros(1'000'000 + number);
  entry.facts = "{\"n\":" + std::to_string(number) + "}";
  if (number % 3 == 0) entry.personal = "[{\"n\":" + std::to_string(number) + "}]";
  return entry;
}

std::vector<model::Entry> ticks(int from, int to) {
  std::vector<model::Entry> entries;
  for (int i = from; i < to; ++i) entries.push_back(tick(i));
  return entries;
}

const Time now = base::from_micros(2'000'000);

TEST(Sealer, BatchLinksOntoTheTreeBeforeIt) {
  Sealer sealer(stream, {key_of(1)}, Tree(), counting());
  const SealedBatch first = sealer.seal(ticks(0, 10), now);
  EXPECT_EQ(first.first, 0U);
  EXPECT_EQ(first.root_before, empty_root());
  const SealedBatch second = sealer.seal(ticks(10, 25), now);
  EXPECT_EQ(second.first, 10U);
  EXPECT_EQ(second.size(), 25U);
  EXPECT_EQ(second.root_before, first.root);
  EXPECT_EQ(second.root, sealer.tree().root());
  EXPECT_EQ(second.entries[4].sequence, 14U);
  EXPECT_EQ(second.entries[4].recorded_at, now);
}

TEST(Sealer, RootIsThatOfTheLeavesOfItsRows) {
  Sealer sealer(stream, {key_of(1)}, Tree(), counting());
  Tree expected;
  std::vector<Tile> full;
  for (int i = 0; i < 6; ++i) {
    const SealedBatch batch = sealer.seal(ticks(i * 100, i * 100 + 100), now);
    for (const SealedEntry& row : batch.entries) expected.append(leaf_hash(leaf_bytes(row, stream)), full);
    EXPECT_EQ(batch.root, expected.root());
    EXPECT_EQ(batch.tiles.size(), batch.size() / 256 - batch.first / 256);
  }
}

TEST(Sealer, CheckpointIsSignedByEachKey) {
  const std::vector<SigningKey> keys{key_of(1), key_of(2)};
  Sealer sealer(stream, keys, Tree(), counting());
  const SealedBatch batch = sealer.seal(ticks(0, 5), now);
  for (const SigningKey& key : keys) {
    const Checkpoint checkpoint = parse_checkpoint(open_note(batch.checkpoint, {&key.verifier(), 1}).text);
    EXPECT_EQ(checkpoint.origin, "curfew/main/a/1");
    EXPECT_EQ(checkpoint.size, 5U);
    EXPECT_EQ(checkpoint.root, batch.root);
  }
}

TEST(Sealer, EachPersonalValueGetsItsOwnSaltAndCommitment) {
  Sealer sealer(stream, {key_of(1)}, Tree(), counting());
  const SealedBatch batch = sealer.seal(ticks(0, 7), now);
  std::vector<std::string> salts;
  for (const SealedEntry& row : batch.entries) {
    EXPECT_EQ(row.salt.empty(), row.entry.personal.empty());
    EXPECT_EQ(row.commitment.empty(), row.entry.personal.empty());
    if (row.salt.empty()) continue;
    EXPECT_EQ(row.salt.size(), salt_bytes);
    EXPECT_EQ(row.commitment, base::as_text(base::sha256(row.salt + row.entry.personal)));
    EXPECT_EQ(std::count(salts.begin(), salts.end(), row.salt), 0);
    salts.push_back(row.salt);
  }
  EXPECT_EQ(salts.size(), 3U);
}

TEST(Sealer, TooLongALeafSealsNothing) {
  Sealer sealer(stream, {key_of(1)}, Tree(), counting());
  (void)sealer.seal(ticks(0, 3), now);
  const Digest32 root = sealer.tree().root();
  std::vector<model::Entry> entries = ticks(3, 6);
  entries[2].facts.assign(model::max_leaf_bytes, 'x');
  EXPECT_THROW((void)sealer.seal(entries, now), Error);
  EXPECT_EQ(sealer.tree().size(), 3U);
  EXPECT_EQ(sealer.tree().root(), root);
  EXPECT_THROW((void)sealer.seal({}, now), Error);
}

TEST(Sealer, GoesOnFromARestoredTree) {
  Sealer sealer(stream, {key_of(1)}, Tree(), counting());
  (void)sealer.seal(ticks(0, 300), now);
  Sealer restarted(stream, {key_of(1)}, Tree::from_edge(300, sealer.tree().edge()), counting());
  const SealedBatch expected = sealer.seal(ticks(301, 305), now);
  const SealedBatch batch = restarted.seal(ticks(301, 305), now);
  EXPECT_EQ(batch.first, 300U);
  EXPECT_EQ(batch.root_before, expected.root_before);
}

TEST(Sealer, RefusesAKeyOfAnotherStream) {
  EXPECT_THROW(Sealer(stream, {key_of(1, {"main", "b", 1})}, Tree(), counting()), Error);
  EXPECT_THROW(Sealer(stream, {}, Tree(), counting()), Error);
}

TEST(Opening, NamesThePredecessorsLastKnownHead) {
  Sealer before(stream, {key_of(1)}, Tree(), counting());
  const SealedBatch last = before.seal(ticks(0, 9), now);
  Opening opening;
  opening.id = {"main", "b", 2};
  opening.verifier_key = key_of(2, opening.id).verifier().text();
  opening.predecessor = known_head(last.checkpoint, before.verifier_key());
  EXPECT_EQ(opening.predecessor, (KnownHead{"curfew/main/a/1", 9, last.root}));
  const model::Entry entry = opening_entry(opening, now);
  EXPECT_EQ(entry.kind, model::EntryKind::StreamOpened);
  Opening parsed = parse_opening(entry.facts);
  parsed.id.realm = "main";
  EXPECT_EQ(parsed, opening);
}

TEST(Opening, FirstStreamOfARealmHasNoPredecessor) {
  const Opening opening{stream, key_of(1).verifier().text(), std::nullopt};
  Opening parsed = parse_opening(opening_entry(opening, now).facts);
  parsed.id.realm = "main";
  EXPECT_EQ(parsed, opening);
}

TEST(Opening, APredecessorsCheckpointIsNotNamedUnlessItsKeySignedIt) {
  Sealer before(stream, {key_of(1)}, Tree(), counting());
  const SealedBatch last = before.seal(ticks(0, 9), now);
  EXPECT_THROW((void)known_head(last.checkpoint, key_of(3).verifier().text()), Error);
}

TEST(Opening, BrokenFactsNameTheField) {
  for (const auto& [facts, field] : std::vector<std::pair<std::string, std::string>>{
           {"[]", "object"},
           {R"({"epoch":1,"verifier_key":"k"})", "node"},
           {R"({"node":"a","epoch":0,"verifier_key":"k"})", "epoch"},
           {R"({"node":"a","epoch":1})", "verifier_key"},
           {R"({"node":"a","epoch":1,"verifier_key":"k","predecessor":3})", "predecessor"},
           {R"({"node":"a","epoch":1,"verifier_key":"k","predecessor":{"stream":"x","size":1,"root":"00"}})",
            "root"}}) {
    try {
      (void)parse_opening(facts);
      ADD_FAILURE() << facts;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(field), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace curfew::ledger
