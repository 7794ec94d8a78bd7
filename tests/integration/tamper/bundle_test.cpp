// Evidence bundles of ledgers in a real database: two streams, an erasure, a period, an older checkpoint; and
// what is not given out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.hpp"
#include "core/ledger/erasure.hpp"
#include "core/ledger/opening.hpp"
#include "core/report/compliance_reading.hpp"
#include "core/report/evidence_bundle.hpp"
#include "tests/support/cluster.hpp"
#include "tests/unit/ledger/ledger_fixture.hpp"

namespace curfew::report {
namespace {

using ledger::LedgerFixture;
using testing::HasSubstr;

// Entries as LedgerFixture makes them; one in seven introduces a person.
class StoredLedger {
 public:
  explicit StoredLedger(bool wrong_tile = false) : database_(support::Cluster::instance().fresh_database()) {
    store::Store writer(database_.application, store::Role::Writer);
    const ledger::StreamId first{"main", "a", 1};
    const ledger::StreamId second{"main", "a", 2};
    std::vector<model::Entry> entries;
    for (std::uint64_t i = 1; i < 700; ++i) entries.push_back(LedgerFixture::entry(i));
    checkpoints_ = append(writer, first, {}, std::move(entries), wrong_tile);
    entries.clear();
    for (std::uint64_t i = 701; i < 1'000; ++i) entries.push_back(LedgerFixture::entry(i));
    for (model::Entry& erasure :
         ledger::erasure_entries({{ledger::origin_of(first), {{7, 7}, {14, 14}}}}, LedgerFixture::at(1'500)))
      entries.push_back(std::move(erasure));
    const ledger::VerifierKey key = LedgerFixture::key_of(first, 1).verifier();
    append(writer, second, ledger::known_head(checkpoints_.back(), key.text()), std::move(entries), false);
  }

  [[nodiscard]] ledger::SigningKey key() const { return LedgerFixture::key_of({"main", "a", 2}, 1); }
  [[nodiscard]] const std::vector<std::string>& checkpoints() const { return checkpoints_; }

  [[nodiscard]] std::string bundle(const ComplianceRequest& asked, BundleRecords records, bool names = false,
                                   const std::vector<std::string>& kept = {}) const {
    store::Store reader(database_.application, store::Role::Reader);
    const ComplianceReport report = read_compliance(reader, asked);
    const ledger::SigningKey signer = key();
    BundleRequest request{.report = report, .key = signer};
    request.records = records;
    request.earlier = earlier_heads(report, kept);
    if (names)
      request.personal = [this](std::int64_t stream, const std::vector<std::uint64_t>& sequences,
                                const std::function<void(store::PersonalRow &&)>& take) {
        store::read_personal(database_.application, stream, sequences, take);
      };
    return make_bundle(reader, request);
  }

 private:
  // In batches of a hundred. Personal values of the first stream's entries 7 and 14 are sealed and not
  // stored: what an erasure leaves.
  static std::vector<std::string> append(store::Store& writer, const ledger::StreamId& id,
                                         std::optional<ledger::KnownHead> predecessor,
                                         std::vector<model::Entry> entries, bool wrong_tile) {
    const ledger::SigningKey key = LedgerFixture::key_of(id, 1);
    ledger::Sealer sealer(id, {key}, {}, LedgerFixture::counting());
    store::StreamHead head = writer.open_stream(id, key.verifier().text());
    entries.insert(entries.begin(), ledger::opening_entry({id, key.verifier().text(), std::move(predecessor)},
                                                          LedgerFixture::at(0)));
    std::vector<std::string> checkpoints;
    for (std::size_t from = 0; from < entries.size(); from += 100) {
      const std::size_t to = std::min(entries.size(), from + 100);
      ledger::SealedBatch batch = sealer.seal({entries.begin() + static_cast<std::ptrdiff_t>(from),
                                               entries.begin() + static_cast<std::ptrdiff_t>(to)},
                                              LedgerFixture::at(100'000));
      for (ledger::SealedEntry& row : batch.entries) {
        if (id.epoch != 1 || (row.sequence != 7 && row.sequence != 14)) continue;
        row.entry.personal.clear();
        row.salt.clear();
      }
      if (wrong_tile && !batch.tiles.empty()) batch.tiles.front().bytes[5] ^= 1;
      writer.append(head, batch, {});
      checkpoints.push_back(batch.checkpoint);
    }
    return checkpoints;
  }

  support::Database database_;
  std::vector<std::string> checkpoints_;  // of the first stream
};

ComplianceRequest everything() {
  ComplianceRequest request;
  request.frameworks = frameworks_of("nist-800-53");
  request.now = LedgerFixture::at(200'000);
  return request;
}

std::string told(const ledger::BundleVerdict& verdict) {
  std::string text;
  for (const ledger::BundleProblem& problem : verdict.problems.listed) text += describe(problem) + '\n';
  return text;
}

TEST(EvidenceOfAStore, VerifiesAlsoAfterSomebodyWasErased) {
  const StoredLedger stored;
  const std::string bundle =
      stored.bundle(everything(), BundleRecords::Fitting, true, {stored.checkpoints()[2]});
  ledger::BundleOptions options{
      .keys = {LedgerFixture::key_of({"main", "a", 1}, 1).verifier(), stored.key().verifier()},
      .checkpoints = {stored.checkpoints()[2]}};
  const ledger::BundleVerdict verdict = ledger::verify_bundle(bundle, options);
  EXPECT_TRUE(verdict.intact()) << told(verdict);
  ASSERT_EQ(verdict.streams.size(), 2U);
  EXPECT_EQ(verdict.streams[0].records, 700U);
  EXPECT_EQ(verdict.streams[1].records, 301U);
  EXPECT_EQ(verdict.streams[0].outside_size, 300U);
  EXPECT_EQ(verdict.erased_values, 2U);
  EXPECT_EQ(verdict.personal_values, 99U - 2U + 42U);
  EXPECT_THAT(bundle, HasSubstr("user21@corp.test"));
  EXPECT_EQ(bundle.find("user14@corp.test"), std::string::npos);
}

TEST(EvidenceOfAStore, OfAPeriodHasItsEntriesAndTheErasureOfOneOfThem) {
  const StoredLedger stored;
  ComplianceRequest asked = everything();
  asked.from = LedgerFixture::at(10);
  asked.to = LedgerFixture::at(20);
  const std::string bundle = stored.bundle(asked, BundleRecords::All, true);
  const ledger::BundleVerdict verdict = ledger::verify_bundle(bundle, {});
  EXPECT_TRUE(verdict.intact()) << told(verdict);
  EXPECT_EQ(verdict.streams[0].first, 10U);
  EXPECT_EQ(verdict.streams[0].last, 19U);
  EXPECT_FALSE(verdict.streams[1].has_run);
  EXPECT_EQ(verdict.streams[1].records, 2U) << "its opening, and the erasure that covers entry 14";
  EXPECT_EQ(verdict.erased_values, 1U);
  EXPECT_THAT(verdict.not_excluded, testing::Contains(HasSubstr("entries before 10 or behind 19")));
}

TEST(EvidenceOfAStore, WithoutNamesHasNone) {
  const StoredLedger stored;
  for (const BundleRecords records : {BundleRecords::Cited, BundleRecords::All}) {
    const std::string bundle = stored.bundle(everything(), records);
    EXPECT_TRUE(ledger::verify_bundle(bundle, {}).intact()) << told(ledger::verify_bundle(bundle, {}));
    EXPECT_EQ(bundle.find("corp.test"), std::string::npos);
  }
}

TEST(EvidenceOfAStore, ThatWasTamperedWithIsNotGivenOut) {
  const StoredLedger stored(true);
  try {
    (void)stored.bundle(everything(), BundleRecords::All);
    FAIL() << "a bundle of a ledger that contradicts itself was given out";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
    EXPECT_THAT(error.what(), HasSubstr("run `curfew verify`"));
  }
}

TEST(EvidenceOfAStore, ACheckpointOfAnotherLedgerIsRefused) {
  const StoredLedger stored;
  const LedgerFixture other(100, 100, {"main", "x", 1});
  EXPECT_THROW((void)stored.bundle(everything(), BundleRecords::Cited, false, {other.checkpoints.at(100)}),
               Error);
}

}  // namespace
}  // namespace curfew::report
