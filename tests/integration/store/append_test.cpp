#include <gtest/gtest.h>

#include "core/base/error.hpp"
#include "core/store/server_connection.hpp"
#include "core/store/store.hpp"
#include "tests/integration/store/batches.hpp"
#include "tests/support/cluster.hpp"

namespace curfew::store {
namespace {

class Append : public testing::Test {
 protected:
  support::Database database_ = support::Cluster::instance().fresh_database();
  Store writer_{database_.application, Role::Writer};
  Store reader_{database_.application, Role::Reader};

  std::vector<ledger::SealedEntry> all(std::int64_t stream) {
    std::vector<ledger::SealedEntry> rows;
    reader_.read_entries(stream, 0, ~std::uint64_t{0}, [&](ledger::SealedEntry&& row) {
      rows.push_back(std::move(row));
      return true;
    });
    return rows;
  }
};

void expect_same(const ledger::SealedEntry& a, const ledger::SealedEntry& b) {
  EXPECT_EQ(a.sequence, b.sequence);
  EXPECT_EQ(a.recorded_at, b.recorded_at);
  EXPECT_EQ(a.entry.kind, b.entry.kind);
  EXPECT_EQ(a.entry.engine_time, b.entry.engine_time);
  EXPECT_EQ(a.entry.occurred_at, b.entry.occurred_at);
  EXPECT_EQ(a.entry.source, b.entry.source);
  EXPECT_EQ(a.entry.session, b.entry.session);
  EXPECT_EQ(a.entry.subject, b.entry.subject);
  EXPECT_EQ(a.entry.facts, b.entry.facts);
  EXPECT_EQ(a.entry.personal, b.entry.personal);
  EXPECT_EQ(a.commitment, b.commitment);
  EXPECT_EQ(a.salt, b.salt);
}

TEST_F(Append, WhatWasAppendedIsReadBackUnchangedAndInOrder) {
  const StreamHead stream = writer_.open_stream(test_stream, test_key);
  EXPECT_EQ(stream.size, 0U);
  ledger::SealedBatch first = batch_of(0, 300, true);
  first.entries[7].entry.session = {};
  first.entries[8].entry.subject = {};
  first.entries[9].entry.source.clear();
  first.entries[9].entry.occurred_at = Time{};
  first.tiles.push_back({0, 0, std::string(8192, 't')});
  const ledger::SealedBatch second = batch_of(300, 5, false);
  writer_.append(stream, first, {});
  writer_.append(stream, second, {});

  const auto rows = all(stream.stream);
  ASSERT_EQ(rows.size(), 305U);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    expect_same(rows[i], i < 300 ? first.entries[i] : second.entries[i - 300]);
  }
  EXPECT_EQ(reader_.tile(stream.stream, 0, 0), std::string(8192, 't'));
  EXPECT_EQ(reader_.tile(stream.stream, 0, 1), std::nullopt);
  const auto heads = reader_.streams();
  ASSERT_EQ(heads.size(), 1U);
  EXPECT_EQ(heads[0].size, 305U);
  EXPECT_EQ(heads[0].root, second.root);
  EXPECT_EQ(heads[0].checkpoint, second.checkpoint);
  EXPECT_EQ(heads[0].verifier_key, test_key);
}

TEST_F(Append, ReadingStopsWhenTheTakerHasEnoughAndTheStoreGoesOn) {
  const StreamHead stream = writer_.open_stream(test_stream, test_key);
  writer_.append(stream, batch_of(0, 5000), {});
  std::size_t taken = 0;
  reader_.read_entries(stream.stream, 10, 4000, [&](ledger::SealedEntry&& row) {
    EXPECT_EQ(row.sequence, 10 + taken);
    return ++taken < 3;
  });
  EXPECT_EQ(taken, 3U);
  EXPECT_EQ(all(stream.stream).size(), 5000U);
}

TEST_F(Append, TheSameBatchSentAgainIsStoredOnce) {
  const StreamHead stream = writer_.open_stream(test_stream, test_key);
  Extras extras;
  extras.cursors.push_back({"corp-ad", "file", "42", 10, 2, 1});
  writer_.append(stream, batch_of(0, 10), extras);
  writer_.append(stream, batch_of(0, 10), extras);
  EXPECT_EQ(all(stream.stream).size(), 10U);
  const auto cursors = reader_.cursors();
  ASSERT_EQ(cursors.size(), 1U);
  EXPECT_EQ(cursors[0].read, 10U);
}

TEST_F(Append, ABatchThatFitsNeitherEndOfTheStoredHeadIsRefusedAsCorrupt) {
  const StreamHead stream = writer_.open_stream(test_stream, test_key);
  writer_.append(stream, batch_of(0, 10), {});
  ledger::SealedBatch other = batch_of(0, 10);
  other.root = base::sha256("another history");
  for (const auto& wrong : {batch_of(20, 5), batch_of(5, 7), other}) {
    try {
      writer_.append(stream, wrong, {});
      FAIL() << "appended from " << wrong.first;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Corrupt) << error.what();
    }
  }
  EXPECT_EQ(all(stream.stream).size(), 10U);
}

TEST_F(Append, ABadTextFailsTheWholeBatchWithAClearErrorAndTheNextOneGoesOn) {
  const StreamHead stream = writer_.open_stream(test_stream, test_key);
  ledger::SealedBatch bad = batch_of(0, 10);
  bad.entries[5].entry.facts = std::string("a\0b", 3);
  try {
    writer_.append(stream, bad, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Input);
    EXPECT_NE(std::string(error.what()).find("line 6, column facts"), std::string::npos) << error.what();
  }
  writer_.append(stream, batch_of(0, 10), {});
  EXPECT_EQ(all(stream.stream).size(), 10U);
}

TEST_F(Append, ALostConnectionIsRebuiltWithRoleAndLock) {
  const StreamHead stream = writer_.open_stream(test_stream, test_key);
  writer_.append(stream, batch_of(0, 10), {});
  ServerConnection admin(database_.owner);
  admin.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()",
      {Parameter::text(database_.name)});
  writer_.append(stream, batch_of(10, 10), {});
  EXPECT_EQ(all(stream.stream).size(), 20U);
  const Answer locks = admin.query(
      "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE locktype = 'advisory' "
      "AND d.datname "
      "= $1 AND granted",
      {Parameter::text(database_.name)});
  EXPECT_EQ(locks.number(0, 0), 1);
}

TEST_F(Append, AStreamOpenedWithAnotherKeyIsRefused) {
  const StreamHead stream = writer_.open_stream(test_stream, test_key);
  EXPECT_EQ(writer_.open_stream(test_stream, test_key).stream, stream.stream);
  EXPECT_THROW((void)writer_.open_stream(test_stream, "another key"), Error);
  EXPECT_NE(writer_.open_stream({"corp", "node", 2}, "another key").stream, stream.stream);
}

TEST_F(Append, AReaderCannotWrite) { EXPECT_THROW((void)reader_.open_stream(test_stream, test_key), Error); }

}  // namespace
}  // namespace curfew::store
