#include "core/ledger/verify.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.hpp"
#include "tests/unit/ledger/ledger_fixture.hpp"

namespace curfew::ledger {
namespace {

using testing::HasSubstr;

std::string told(const StreamVerdict& verdict) {
  std::string text;
  for (const Problem& problem : verdict.problems) text += describe(problem) + '\n';
  return text;
}

// Exactly this problem at this place, and no other.
void expect_only(const StreamVerdict& verdict, ProblemKind kind, std::uint64_t first, std::uint64_t last) {
  ASSERT_EQ(verdict.problem_count, 1U) << told(verdict);
  EXPECT_EQ(verdict.problems[0].kind, kind) << told(verdict);
  EXPECT_EQ(verdict.problems[0].first, first) << told(verdict);
  EXPECT_EQ(verdict.problems[0].last, last) << told(verdict);
  EXPECT_FALSE(verdict.intact());
}

bool has(const StreamVerdict& verdict, ProblemKind kind) { return verdict.by_kind.contains(kind); }

// Three full tiles, 37 rows on the right edge, a checkpoint each 100 rows.
LedgerFixture ledger() { return LedgerFixture(805); }

TEST(Verify, AnUntouchedLedgerIsIntact) {
  const LedgerFixture good = ledger();
  const StreamVerdict verdict = good.verify();
  EXPECT_TRUE(verdict.intact()) << told(verdict);
  EXPECT_EQ(verdict.size, 805U);
  EXPECT_EQ(verdict.checkpoints, good.checkpoints.size());
  EXPECT_EQ(verdict.tiles, 3U);
  EXPECT_EQ(verdict.personal_values, 114U);
  EXPECT_TRUE(verdict.completeness.complete());
  EXPECT_EQ(verdict.root, parse_checkpoint(parse_note(good.checkpoints.rbegin()->second).text).root);
}

TEST(Verify, LedgersOfEverySizeAroundATileAreIntact) {
  for (const std::uint64_t size : {1U, 2U, 255U, 256U, 257U, 511U, 512U, 513U}) {
    const StreamVerdict verdict = LedgerFixture(size, 17).verify();
    EXPECT_TRUE(verdict.intact()) << size << '\n' << told(verdict);
    EXPECT_EQ(verdict.size, size);
  }
}

TEST(Verify, TilesOfTheSecondLevelAreCompared) {
  LedgerFixture big(65'800, 5000);
  EXPECT_TRUE(big.verify().intact());
  EXPECT_EQ(big.verify().tiles, 257U + 1U);
  big.tiles.at({1, 0})[100] ^= 1;
  expect_only(big.verify(), ProblemKind::TileChanged, 0, 65'535);
  big.tiles.erase({1, 0});
  expect_only(big.verify(), ProblemKind::TileMissing, 0, 65'535);
}

using Tamper = std::function<void(SealedEntry&)>;
struct ColumnChange {
  const char* column;
  Tamper change;
};

// Each column of a row; commitment and personal values have their own tests.
const std::vector<ColumnChange> column_changes{
    {"engine_time", [](SealedEntry& row) { row.entry.engine_time += Duration(1); }},
    {"occurred_at", [](SealedEntry& row) { row.entry.occurred_at -= Duration(1); }},
    {"occurred_at gone", [](SealedEntry& row) { row.entry.occurred_at = Time{}; }},
    {"recorded_at", [](SealedEntry& row) { row.recorded_at += Duration(1); }},
    {"kind", [](SealedEntry& row) { row.entry.kind = model::EntryKind::Alert; }},
    {"source", [](SealedEntry& row) { row.entry.source = "corp-ad"; }},
    {"session", [](SealedEntry& row) { row.entry.session.bytes[15] ^= 1; }},
    {"session gone", [](SealedEntry& row) { row.entry.session = {}; }},
    {"subject", [](SealedEntry& row) { row.entry.subject.bits ^= 1; }},
    {"subject gone", [](SealedEntry& row) { row.entry.subject = {}; }},
    {"facts", [](SealedEntry& row) { row.entry.facts += ' '; }},
    {"facts gone", [](SealedEntry& row) { row.entry.facts.clear(); }},
};

TEST(Tamper, AChangedColumnIsFoundAtItsRow) {
  for (const ColumnChange& change : column_changes) {
    LedgerFixture tampered = ledger();
    change.change(tampered.rows[300]);
    SCOPED_TRACE(change.column);
    expect_only(tampered.verify(), ProblemKind::RowChanged, 300, 300);
  }
}

TEST(Tamper, AChangedColumnOnTheRightEdgeIsFoundInItsBatch) {
  for (const ColumnChange& change : column_changes) {
    LedgerFixture tampered = ledger();
    change.change(tampered.rows[804]);
    SCOPED_TRACE(change.column);
    const StreamVerdict verdict = tampered.verify();
    ASSERT_TRUE(has(verdict, ProblemKind::CheckpointRoot)) << told(verdict);
    EXPECT_EQ(verdict.problems[0].first, 801U);
    EXPECT_EQ(verdict.problems[0].last, 804U);
  }
}

TEST(Tamper, SeveralChangedRowsAreEachFound) {
  LedgerFixture tampered = ledger();
  for (const std::size_t row : {5U, 6U, 7U, 400U}) tampered.rows[row].entry.facts = "{}";
  const StreamVerdict verdict = tampered.verify();
  ASSERT_EQ(verdict.problem_count, 2U) << told(verdict);
  EXPECT_EQ(verdict.problems[0].first, 5U);
  EXPECT_EQ(verdict.problems[0].last, 7U);
  EXPECT_EQ(verdict.problems[1].first, 400U);
}

TEST(Tamper, SwappedRowsAreBothFound) {
  LedgerFixture tampered = ledger();
  std::swap(tampered.rows[300], tampered.rows[310]);
  std::swap(tampered.rows[300].sequence, tampered.rows[310].sequence);
  const StreamVerdict verdict = tampered.verify();
  ASSERT_EQ(verdict.problem_count, 2U) << told(verdict);
  EXPECT_EQ(verdict.problems[0].first, 300U);
  EXPECT_EQ(verdict.problems[1].first, 310U);
  EXPECT_EQ(verdict.by_kind.at(ProblemKind::RowChanged), 2U);
}

TEST(Tamper, AMissingRowIsFoundAndTheRestStillVerifies) {
  LedgerFixture tampered = ledger();
  tampered.rows.erase(tampered.rows.begin() + 300);
  tampered.rows[500].entry.facts = "{}";
  const StreamVerdict verdict = tampered.verify();
  ASSERT_EQ(verdict.problem_count, 2U) << told(verdict);
  EXPECT_EQ(verdict.problems[0].kind, ProblemKind::RowMissing);
  EXPECT_EQ(verdict.problems[0].first, 300U);
  EXPECT_EQ(verdict.problems[1].kind, ProblemKind::RowChanged);
  EXPECT_EQ(verdict.problems[1].first, 501U);
}

TEST(Tamper, AMissingRowOnTheRightEdgeLeavesItsCheckpointsUnchecked) {
  LedgerFixture tampered = ledger();
  tampered.rows.erase(tampered.rows.begin() + 790);
  const StreamVerdict verdict = tampered.verify();
  EXPECT_TRUE(has(verdict, ProblemKind::RowMissing));
  EXPECT_TRUE(has(verdict, ProblemKind::CheckpointUnreached));
  EXPECT_EQ(verdict.problems[0].first, 790U);
}

TEST(Tamper, AMissingOpeningIsFound) {
  LedgerFixture tampered = ledger();
  tampered.rows.erase(tampered.rows.begin());
  expect_only(tampered.verify(), ProblemKind::RowMissing, 0, 0);
}

TEST(Tamper, AnInsertedRowPushesTheOthersAway) {
  LedgerFixture tampered = ledger();
  SealedEntry forged = tampered.rows[300];
  tampered.rows.insert(tampered.rows.begin() + 300, forged);
  for (std::size_t i = 301; i < tampered.rows.size(); ++i) ++tampered.rows[i].sequence;
  const StreamVerdict verdict = tampered.verify();
  EXPECT_TRUE(has(verdict, ProblemKind::RowChanged)) << told(verdict);
  EXPECT_EQ(verdict.problems[0].first, 301U);
  EXPECT_TRUE(has(verdict, ProblemKind::RowUnsigned));
}

TEST(Tamper, ARepeatedSequenceIsFound) {
  LedgerFixture tampered = ledger();
  tampered.rows.insert(tampered.rows.begin() + 300, tampered.rows[300]);
  expect_only(tampered.verify(), ProblemKind::RowRepeated, 300, 300);
}

TEST(Tamper, ARowAppendedAtTheEndIsUnsigned) {
  LedgerFixture tampered = ledger();
  tampered.rows.push_back(tampered.rows.back());
  ++tampered.rows.back().sequence;
  expect_only(tampered.verify(), ProblemKind::RowUnsigned, 805, 805);
}

TEST(Tamper, AForgedSequenceFarAwayCostsNoMemory) {
  LedgerFixture tampered = ledger();
  tampered.rows.push_back(tampered.rows[7]);
  tampered.rows.back().sequence = UINT64_MAX - 1;
  const StreamVerdict verdict = tampered.verify();
  EXPECT_TRUE(has(verdict, ProblemKind::RowMissing));
  EXPECT_TRUE(has(verdict, ProblemKind::RowUnsigned));
}

TEST(Tamper, ACutTailShowsAgainstItsCheckpointsAndTiles) {
  LedgerFixture tampered = ledger();
  tampered.rows.resize(600);
  const StreamVerdict verdict = tampered.verify();
  EXPECT_TRUE(has(verdict, ProblemKind::CheckpointUnreached)) << told(verdict);
  EXPECT_TRUE(has(verdict, ProblemKind::TileUnexpected));
}

// Rows, checkpoints and tiles, all cut at the same place.
LedgerFixture cleanly_cut() {
  LedgerFixture tampered = ledger();
  tampered.rows.resize(601);
  tampered.checkpoints.erase(tampered.checkpoints.upper_bound(601), tampered.checkpoints.end());
  tampered.tiles.erase({0, 2});
  return tampered;
}

TEST(Tamper, ACleanlyCutTailShowsOnlyAgainstAnOutsideCheckpointAndVerificationSaysSo) {
  const LedgerFixture tampered = cleanly_cut();
  const StreamVerdict alone = tampered.verify();
  EXPECT_TRUE(alone.intact());
  EXPECT_THAT(alone.not_excluded, testing::Contains(HasSubstr("No outside checkpoint was given")));

  VerifyOptions options = tampered.options();
  options.heads = {outside_head(ledger().checkpoints.rbegin()->second, tampered.id, options.keys)};
  expect_only(tampered.verify(options), ProblemKind::TailCut, 601, 804);
}

TEST(Tamper, ARewriteWithTheSameKeyShowsOnlyAgainstAnOutsideCheckpoint) {
  LedgerFixture tampered = ledger();
  tampered.rows[300].entry.facts = "{}";
  tampered.rewrite(tampered.key);
  EXPECT_TRUE(tampered.verify().intact());

  VerifyOptions options = tampered.options();
  const std::string outside = ledger().checkpoints.at(501);
  options.heads = {outside_head(outside, tampered.id, options.keys)};
  expect_only(tampered.verify(options), ProblemKind::HeadDiffers, 500, 500);
}

TEST(Tamper, ARewriteWithAnotherKeyShowsAgainstTheKeyFromOutside) {
  LedgerFixture tampered = ledger();
  tampered.rewrite(LedgerFixture::key_of(tampered.id, 9));
  const StreamVerdict verdict = tampered.verify();
  EXPECT_EQ(verdict.by_kind.at(ProblemKind::CheckpointSignature), tampered.checkpoints.size());
  EXPECT_EQ(verdict.checkpoints, 0U);

  VerifyOptions trusting = tampered.options();
  trusting.keys = {LedgerFixture::key_of(tampered.id, 9).verifier()};
  const StreamVerdict fooled = tampered.verify(trusting);
  EXPECT_THAT(fooled.not_excluded, testing::Contains(HasSubstr("another key")));
}

TEST(Verify, AnOutsideCheckpointThatAgreesNarrowsTheDoubt) {
  const LedgerFixture good = ledger();
  VerifyOptions options = good.options();
  options.keys_from_outside = true;
  options.heads = {outside_head(good.checkpoints.at(501), good.id, options.keys),
                   outside_head(good.checkpoints.at(101), good.id, options.keys)};
  const StreamVerdict verdict = good.verify(options);
  EXPECT_TRUE(verdict.intact()) << told(verdict);
  EXPECT_EQ(verdict.outside_size, 501U);
  EXPECT_THAT(verdict.not_excluded, testing::Contains(HasSubstr("reaches to entry 500")));
  EXPECT_THAT(verdict.not_excluded, testing::Not(testing::Contains(HasSubstr("another key"))));

  options.heads = {outside_head(good.checkpoints.rbegin()->second, good.id, options.keys)};
  EXPECT_EQ(good.verify(options).not_excluded.size(), 1U);
}

TEST(Verify, AnOutsideCheckpointOfAnotherStreamOrUnsignedIsRefused) {
  const LedgerFixture good = ledger();
  const LedgerFixture other(10, 5, {"main", "b", 1});
  const std::vector<VerifierKey> keys{good.key.verifier(), other.key.verifier()};
  EXPECT_THROW((void)outside_head(other.checkpoints.rbegin()->second, good.id, keys), Error);
  EXPECT_THROW((void)outside_head(other.checkpoints.rbegin()->second, good.id, {keys.data(), 1}), Error);
}

TEST(Tamper, AChangedTileIsToldFromAChangedRow) {
  LedgerFixture tampered = ledger();
  tampered.tiles.at({0, 1})[44 * hash_bytes + 3] ^= 1;
  expect_only(tampered.verify(), ProblemKind::TileChanged, 300, 300);
}

TEST(Tamper, AMissingOrShortTileIsFound) {
  LedgerFixture tampered = ledger();
  tampered.tiles.at({0, 1}).resize(100);
  expect_only(tampered.verify(), ProblemKind::TileMissing, 256, 511);
  tampered.tiles.erase({0, 1});
  expect_only(tampered.verify(), ProblemKind::TileMissing, 256, 511);
}

TEST(Tamper, RowAndTileChangedTogetherAreFoundInTheirBatch) {
  LedgerFixture tampered = ledger();
  tampered.rows[300].entry.facts = "{}";
  std::array<char, 8> subject;
  LeafEncoder encoder(tampered.id);
  const Digest32 hash = encoder.hash(fields_of(tampered.rows[300], subject));
  tampered.tiles.at({0, 1}).replace(44 * hash_bytes, hash_bytes, base::as_text(hash));
  const StreamVerdict verdict = tampered.verify();
  ASSERT_TRUE(has(verdict, ProblemKind::CheckpointRoot)) << told(verdict);
  EXPECT_EQ(verdict.problems[0].first, 201U);
  EXPECT_EQ(verdict.problems[0].last, 300U);
  EXPECT_EQ(verdict.by_kind.at(ProblemKind::CheckpointRoot), 1U)
      << "told once, not for each later checkpoint";
}

TEST(Tamper, EachColumnOfACheckpointIsChecked) {
  LedgerFixture tampered = ledger();
  std::string note = tampered.checkpoints.at(301);
  // The signed text of another size stored under this one.
  tampered.checkpoints[301] = tampered.checkpoints.at(201);
  expect_only(tampered.verify(), ProblemKind::CheckpointMalformed, 300, 300);
  // A changed root line.
  const auto root = note.find('\n', note.find('\n') + 1) + 1;
  std::string changed = note;
  changed[root] = changed[root] == 'A' ? 'B' : 'A';
  tampered.checkpoints[301] = changed;
  expect_only(tampered.verify(), ProblemKind::CheckpointSignature, 300, 300);
  tampered.checkpoints[301] = "nonsense";
  expect_only(tampered.verify(), ProblemKind::CheckpointMalformed, 300, 300);
  // A root signed by the key's holder that never was this tree's.
  tampered.checkpoints[301] = sign_note(
      format_checkpoint({origin_of(tampered.id), 301, base::sha256("other"), {}}), {&tampered.key, 1});
  expect_only(tampered.verify(), ProblemKind::CheckpointRoot, 201, 300);
}

TEST(Tamper, AMissingCheckpointInTheMiddleBreaksTheChain) {
  const LedgerFixture good = ledger();
  const auto verify = [&](const std::function<void(std::vector<StoredCheckpoint>&)>& change) {
    std::vector<StoredCheckpoint> stored;
    for (const auto& [size, note] : good.checkpoints) {
      stored.push_back({size, note, std::string(base::as_text(parse_checkpoint(parse_note(note).text).root)),
                        stored.empty() ? 0 : stored.back().size});
    }
    change(stored);
    StreamVerifier verifier(
        good.options(),
        [&](std::uint32_t level, std::uint64_t index, std::uint32_t) -> std::optional<std::string> {
          const auto found = good.tiles.find({level, index});
          return found == good.tiles.end() ? std::nullopt : std::optional(found->second);
        },
        [&, next = std::size_t{0}]() mutable {
          return next < stored.size() ? std::optional(stored[next++]) : std::nullopt;
        });
    for (const SealedEntry& row : good.rows) verifier.feed(row);
    return verifier.finish();
  };
  EXPECT_TRUE(verify([](auto&) {}).intact());
  expect_only(verify([](auto& stored) { stored.erase(stored.begin() + 3); }), ProblemKind::CheckpointMissing,
              400, 400);
  expect_only(verify([](auto& stored) { stored[3].previous_size = 17; }), ProblemKind::CheckpointMissing, 300,
              300);
  expect_only(verify([](auto& stored) { stored[3].root[5] ^= 1; }), ProblemKind::CheckpointMalformed, 300,
              300);
  expect_only(verify([](auto& stored) { stored.insert(stored.begin() + 4, stored[3]); }),
              ProblemKind::CheckpointMalformed, 300, 300);
  EXPECT_FALSE(verify([](auto& stored) { std::swap(stored[3], stored[4]); }).intact());
}

TEST(Tamper, MissingLastCheckpointsLeaveRowsUnsigned) {
  LedgerFixture tampered = ledger();
  tampered.checkpoints.erase(805);
  expect_only(tampered.verify(), ProblemKind::RowUnsigned, 801, 804);
}

TEST(Tamper, TheStreamTablesSizeIsChecked) {
  const LedgerFixture good = ledger();
  VerifyOptions options = good.options();
  options.stored_size = 805;
  EXPECT_TRUE(good.verify(options).intact());
  options.stored_size = 804;
  expect_only(good.verify(options), ProblemKind::HeadDiffers, 804, 804);
}

TEST(Tamper, AnEmptiedStreamIsNotIntact) {
  LedgerFixture tampered = ledger();
  tampered.rows.clear();
  EXPECT_TRUE(has(tampered.verify(), ProblemKind::OpeningWrong));
}

TEST(Tamper, PersonalValuesSaltsAndCommitmentsAreChecked) {
  for (const auto& [column, change] : std::vector<std::pair<const char*, Tamper>>{
           {"value", [](SealedEntry& row) { row.entry.personal += ' '; }},
           {"salt", [](SealedEntry& row) { row.salt[0] = static_cast<char>(row.salt[0] ^ 1); }},
           {"short salt", [](SealedEntry& row) { row.salt.pop_back(); }}}) {
    LedgerFixture tampered = ledger();
    change(tampered.rows[301]);
    SCOPED_TRACE(column);
    expect_only(tampered.verify(), ProblemKind::PersonalChanged, 301, 301);
  }
  LedgerFixture tampered = ledger();
  tampered.rows[301].commitment[0] = static_cast<char>(tampered.rows[301].commitment[0] ^ 1);
  const StreamVerdict verdict = tampered.verify();
  EXPECT_TRUE(has(verdict, ProblemKind::RowChanged));
  EXPECT_TRUE(has(verdict, ProblemKind::PersonalChanged));
}

void forget(SealedEntry& row) {
  row.entry.personal.clear();
  row.salt.clear();
}

TEST(Tamper, AMissingPersonalValueIsTamperingWithoutAnErasure) {
  LedgerFixture tampered = ledger();
  forget(tampered.rows[301]);
  expect_only(tampered.verify(), ProblemKind::PersonalMissing, 301, 301);
}

TEST(Tamper, AnInsertedPersonalValueIsFound) {
  LedgerFixture tampered = ledger();
  tampered.rows[300].salt = std::string(16, 'x');
  tampered.rows[300].entry.personal = "[]";
  expect_only(tampered.verify(), ProblemKind::PersonalUnexpected, 300, 300);
  LedgerFixture good = ledger();
  StreamVerifier verifier = good.verifier(good.options());
  for (const SealedEntry& row : good.rows) verifier.feed(row);
  verifier.stray_personal(9000);
  expect_only(verifier.finish(), ProblemKind::PersonalUnexpected, 9000, 9000);
}

TEST(Erasure, CoversWhatItSaysAndLeavesIntegrityWhole) {
  LedgerFixture erased = ledger();
  forget(erased.rows[301]);
  forget(erased.rows[308]);
  erased.add(erasure_entries({{origin_of(erased.id), {{301, 301}, {305, 310}}}}, LedgerFixture::at(1000)));
  const StreamVerdict verdict = erased.verify();
  EXPECT_TRUE(verdict.intact()) << told(verdict);
  EXPECT_EQ(verdict.erased_values, 2U);
  EXPECT_THAT(verdict.not_excluded, testing::Contains(HasSubstr("2 erased values")));
}

TEST(Erasure, DoesNotCoverOtherEntries) {
  LedgerFixture erased = ledger();
  forget(erased.rows[301]);
  forget(erased.rows[308]);
  erased.add(erasure_entries({{origin_of(erased.id), {{301, 307}}}}, LedgerFixture::at(1000)));
  expect_only(erased.verify(), ProblemKind::PersonalMissing, 308, 308);
}

TEST(Erasure, ThatLeftTheValueIsFound) {
  LedgerFixture erased = ledger();
  erased.add(erasure_entries({{origin_of(erased.id), {{301, 301}}}}, LedgerFixture::at(1000)));
  expect_only(erased.verify(), ProblemKind::PersonalNotErased, 301, 301);
}

TEST(Erasure, CannotExcuseWhatGoesMissingLater) {
  LedgerFixture erased = ledger();
  erased.add(erasure_entries({{origin_of(erased.id), {{0, 1'000'000}}}}, LedgerFixture::at(1000)));
  expect_only(erased.verify(), ProblemKind::ErasureMalformed, 805, 805);
  LedgerFixture other = ledger();
  other.add(erasure_entries({{"curfew/other/a/1", {{0, 1}}}}, LedgerFixture::at(1000)));
  expect_only(other.verify(), ProblemKind::ErasureMalformed, 805, 805);
}

TEST(Erasure, InALaterStreamCoversTheEarlierOne) {
  LedgerFixture first = ledger();
  forget(first.rows[301]);
  LedgerFixture second(20, 5, {"main", "b", 2});
  second.add(erasure_entries({{origin_of(first.id), {{301, 301}}}}, LedgerFixture::at(1000)));
  StreamVerifier of_first = first.verifier(first.options());
  StreamVerifier of_second = second.verifier(second.options());
  for (const SealedEntry& row : first.rows) of_first.feed(row);
  for (const SealedEntry& row : second.rows) of_second.feed(row);
  for (const Coverage& coverage : of_second.erasures()) of_first.cover(coverage);
  EXPECT_TRUE(of_first.finish().intact());
  EXPECT_TRUE(of_second.finish().intact());
}

TEST(Erasure, LargerThanALeafIsSeveralEntries) {
  Coverage coverage{"curfew/main/a/1", {}};
  for (std::uint64_t i = 0; i < 5000; ++i)
    coverage.ranges.emplace_back(i * 1'000'000'000'000'000, i * 1'000'000'000'000'000 + 1);
  const auto entries = erasure_entries({coverage}, LedgerFixture::at(0));
  EXPECT_EQ(entries.size(), 5U);
  std::vector<SequenceRange> ranges;
  for (const model::Entry& entry : entries) {
    EXPECT_LT(leaf_size({"main", "a", 1}, entry), model::max_leaf_bytes);
    const auto parsed = parse_erasure(entry.facts);
    ranges.insert(ranges.end(), parsed.at(0).ranges.begin(), parsed.at(0).ranges.end());
  }
  EXPECT_EQ(ranges, coverage.ranges);
  for (const char* bad : {"", "{}", R"({"covers":[{}]})", R"({"covers":[{"stream":"s","ranges":[[2,1]]}]})",
                          R"({"covers":[{"stream":"s","ranges":[[1]]}]})"})
    EXPECT_THROW((void)parse_erasure(bad), Error) << bad;
}

TEST(HandOver, ASuccessorNamesAHeadThatItsPredecessorMustHaveHad) {
  const LedgerFixture first = ledger();
  const KnownHead known = known_head(first.checkpoints.at(501), first.key.verifier().text());
  const LedgerFixture second(20, 5, {"main", "b", 2}, known);
  const StreamVerdict verdict = second.verify();
  EXPECT_TRUE(verdict.intact()) << told(verdict);
  EXPECT_EQ(verdict.predecessor, known);

  VerifyOptions options = first.options();
  options.heads = {*successor_head(parse_opening(second.rows[0].entry.facts), first.id)};
  EXPECT_TRUE(first.verify(options).intact());
  EXPECT_FALSE(successor_head(parse_opening(second.rows[0].entry.facts), second.id));

  LedgerFixture cut = cleanly_cut();
  cut.rows.resize(301);
  cut.checkpoints.erase(cut.checkpoints.upper_bound(301), cut.checkpoints.end());
  cut.tiles.erase({0, 1});
  expect_only(cut.verify(options), ProblemKind::TailCut, 301, 500);
}

TEST(HandOver, AnOpeningOfAnotherStreamOrKeyIsFound) {
  LedgerFixture good = ledger();
  VerifyOptions options = good.options();
  options.keys = {LedgerFixture::key_of(good.id, 7).verifier()};
  EXPECT_TRUE(has(good.verify(options), ProblemKind::OpeningWrong));
  LedgerFixture bare;
  bare.add({LedgerFixture::entry(1)});
  expect_only(bare.verify(), ProblemKind::OpeningWrong, 0, 0);
}

TEST(Rotation, CheckpointsOfOldAndNewKeyVerifyWithBothKnown) {
  LedgerFixture rotated;
  const SigningKey next = LedgerFixture::key_of(rotated.id, 2);
  Sealer sealer(rotated.id, {rotated.key}, Tree(), LedgerFixture::counting());
  const auto seal = [&](const std::vector<SigningKey>& keys, std::vector<model::Entry> entries) {
    Sealer now(rotated.id, keys, sealer.tree(), LedgerFixture::counting());
    SealedBatch batch = now.seal(std::move(entries), LedgerFixture::at(0));
    rotated.checkpoints[batch.size()] = batch.checkpoint;
    for (SealedEntry& row : batch.entries) rotated.rows.push_back(std::move(row));
    sealer = std::move(now);
  };
  seal({rotated.key},
       {opening_entry({rotated.id, rotated.key.verifier().text(), std::nullopt}, LedgerFixture::at(0))});
  seal({rotated.key, next}, {LedgerFixture::entry(1)});
  seal({next}, {LedgerFixture::entry(2)});
  VerifyOptions options = rotated.options();
  options.keys.push_back(next.verifier());
  EXPECT_TRUE(rotated.verify(options).intact());
  EXPECT_TRUE(has(rotated.verify(), ProblemKind::CheckpointSignature));
}

TEST(Completeness, IsAVerdictOfItsOwn) {
  LedgerFixture gappy = ledger();
  const auto note = [](model::EntryKind kind, std::string facts, std::string source = "corp-ad") {
    model::Entry entry;
    entry.kind = kind;
    entry.engine_time = LedgerFixture::at(0);
    entry.source = std::move(source);
    entry.facts = std::move(facts);
    return entry;
  };
  gappy.add(
      {note(model::EntryKind::Observation, R"({"type":"gap","failure":"log_cleared","count":0})"),
       note(model::EntryKind::Observation, R"({"type":"gap","count":41})"),
       note(model::EntryKind::Observation, R"({"type":"gap"})"),
       note(model::EntryKind::SourceChanged, R"({"state":"quarantined","text":"crashed"})", "bad-plugin"),
       note(model::EntryKind::SourceChanged, R"({"state":"up","text":""})", "fine")});
  const StreamVerdict verdict = gappy.verify();
  EXPECT_TRUE(verdict.intact()) << told(verdict);
  EXPECT_FALSE(verdict.completeness.complete());
  ASSERT_EQ(verdict.completeness.sources.size(), 2U);
  const SourceGaps& source = verdict.completeness.sources.at("corp-ad");
  EXPECT_EQ(source.gaps, 3U);
  EXPECT_EQ(source.records_missing, 42U);
  EXPECT_EQ(source.uncounted, 1U);
  EXPECT_EQ(source.reasons.at("log_cleared"), 1U);
  EXPECT_EQ(source.first_sequence, 805U);
  EXPECT_EQ(verdict.completeness.sources.at("bad-plugin").outages, 1U);
}

TEST(References, TableIsWhatTheEntriesIntroduced) {
  const LedgerFixture good = ledger();
  const auto check = [&](const std::function<void(std::vector<model::PersonalValue>&)>& change) {
    ReferenceCheck references;
    VerifyOptions options = good.options();
    options.references = &references;
    EXPECT_TRUE(good.verify(options).intact());
    std::vector<model::PersonalValue> table;
    for (std::uint64_t i = 7; i < 805; i += 7) table.push_back(LedgerFixture::person(i).front());
    change(table);
    for (const model::PersonalValue& row : table) references.stored(row);
    Problems problems;
    references.finish(problems);
    return problems.by_kind;
  };
  using Kinds = std::map<ProblemKind, std::uint64_t>;
  EXPECT_EQ(check([](auto&) {}), Kinds{});
  EXPECT_EQ(check([](auto& table) { table.pop_back(); }), (Kinds{{ProblemKind::ReferenceMissing, 1}}));
  EXPECT_EQ(check([](auto& table) {
              table.push_back({model::Ref{99999}, {}, "upn", "eve@corp.test"});
            }),
            (Kinds{{ProblemKind::ReferenceUnexplained, 1}}));
  for (const auto& change : std::vector<std::function<void(model::PersonalValue&)>>{
           [](model::PersonalValue& row) { row.value = "eve@corp.test"; },
           [](model::PersonalValue& row) { row.name_space = "up"; },
           [](model::PersonalValue& row) { row.ref.bits ^= std::uint64_t{1} << 40; },
           [](model::PersonalValue& row) { row.kind = model::PersonalKind::Device; }}) {
    EXPECT_EQ(check([&](auto& table) { change(table[3]); }),
              (Kinds{{ProblemKind::ReferenceUnexplained, 1}, {ProblemKind::ReferenceMissing, 1}}));
  }
}

TEST(Verdict, ListsABoundedNumberOfProblemsAndCountsAll) {
  LedgerFixture tampered = ledger();
  VerifyOptions options = tampered.options();
  options.most_problems = 3;
  for (std::size_t i = 1; i < 700; i += 2) tampered.rows[i].entry.facts = "{}";
  const StreamVerdict verdict = tampered.verify(options);
  EXPECT_EQ(verdict.problems.size(), 3U);
  EXPECT_EQ(verdict.problem_count, 350U);
}

TEST(Verdict, JsonHasTheProblemsWithTheirPlaces) {
  LedgerFixture tampered = ledger();
  tampered.rows[300].entry.facts = "{}";
  const std::string json = to_json(tampered.verify());
  EXPECT_THAT(json, HasSubstr(R"("stream":"curfew/main/a/1","size":805)"));
  EXPECT_THAT(
      json,
      HasSubstr(
          R"("intact":false,"problem_count":1,"problems":[{"kind":"row_changed","first":300,"last":300)"));
  EXPECT_THAT(json, HasSubstr(R"("complete":true,"gaps":{})"));
}

}  // namespace
}  // namespace curfew::ledger
