#include <gmock/gmock.h>
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
  EXPECT_EQ(a.commitment, b.commitment);
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
    EXPECT_EQ(rows[i].salt + rows[i].entry.personal, "") << "no reading of entries needs personal values";
  }
  ServerConnection owner(database_.owner);
  const Answer personal = owner.query("SELECT sequence, salt, value FROM curfew.personal ORDER BY 1", {});
  ASSERT_EQ(personal.rows(), 300);
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(personal.number(i, 0), i);
    EXPECT_EQ(personal.bytes(i, 1), first.entries[static_cast<std::size_t>(i)].salt);
    EXPECT_EQ(personal.text(i, 2), first.entries[static_cast<std::size_t>(i)].entry.personal);
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

// A table that was never analyzed looks empty to the planner.
TEST_F(Append, EntriesAreReadAlongTheirKeyInATableThatThePlannerKnowsNothingOf) {
  const StreamHead stream = writer_.open_stream(test_stream, test_key);
  for (std::uint64_t first = 0; first < 60'000; first += 5000)
    writer_.append(stream, batch_of(first, 5000, true), {});
  ServerConnection owner(database_.owner);
  ASSERT_EQ(owner.query("SELECT reltuples::bigint FROM pg_class WHERE oid = 'curfew.entry'::regclass", {})
                .number(0, 0),
            -1);
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(all(stream.stream).size(), 60'000U);
  // Each row once for each personal value, as one plan had it, would take minutes.
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));
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

TEST_F(Append, EntriesGoOnInTheNextPartitionWhichWasMadeAhead) {
  const StreamHead stream = writer_.open_stream(test_stream, test_key);
  ServerConnection admin(database_.owner);
  const auto rows_in = [&](const char* partition) {
    return admin.query(std::string("SELECT count(*) FROM curfew.") + partition, {}).number(0, 0);
  };
  const auto made = [&] {
    return admin.query("SELECT string_agg(name, ' ' ORDER BY name) FROM curfew.partition", {}).text(0, 0);
  };
  writer_.append(stream, batch_of(0, 5, true), {});
  EXPECT_EQ(made(), "entry_1_0 personal_1_0");
  // A head short of the end of the first partition, as ten million entries would have left it.
  admin.query(
      "INSERT INTO curfew.checkpoint (stream, size, previous_size, root, note) VALUES (1, 9999990, 5, $1, "
      "'')",
      {Parameter::bytes(base::as_text(root_of_size(9'999'990)))});
  Store successor(database_.application, Role::Writer);
  writer_ = Store(database_.application, Role::Reader);  // lets the lock go
  const StreamHead later = successor.open_stream(test_stream, test_key);
  successor.append(later, batch_of(9'999'990, 20, true), {});
  EXPECT_EQ(made(), "entry_1_0 entry_1_1 personal_1_0 personal_1_1");
  EXPECT_EQ(rows_in("entry_1_0"), 15);
  EXPECT_EQ(rows_in("entry_1_1"), 10);
  EXPECT_EQ(rows_in("personal_1_1"), 10);
  const auto rows = all(stream.stream);
  ASSERT_EQ(rows.size(), 25U);
  for (std::size_t i = 5; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].sequence, 9'999'985 + i);
    EXPECT_FALSE(rows[i].commitment.empty());
  }
  // Another stream has partitions of its own.
  successor.append(successor.open_stream({"corp", "node", 2}, "key"), batch_of(0, 5), {});
  EXPECT_EQ(rows_in("entry_2_0"), 5);
}

TEST_F(Append, AMissingPartitionStopsTheWriterWithWhatToDoAndIsNeverMadeAgainEmpty) {
  const StreamHead stream = writer_.open_stream(test_stream, test_key);
  writer_.append(stream, batch_of(0, 10), {});
  ServerConnection admin(database_.owner);
  admin.execute(
      "DROP EVENT TRIGGER curfew_refuse_ddl; DROP EVENT TRIGGER curfew_refuse_detach; ALTER TABLE "
      "curfew.entry DETACH PARTITION curfew.entry_1_0");
  const auto refusal = [](Store& writer, const StreamHead& head) -> std::string {
    try {
      writer.append(head, batch_of(10, 10), {});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Corrupt) << error.what();
      return error.what();
    }
    return "appended";
  };
  EXPECT_THAT(refusal(writer_, stream), testing::HasSubstr("a partition of the ledger is missing"));
  Store successor(database_.application, Role::Writer);
  writer_ = Store(database_.application, Role::Reader);
  const StreamHead later = successor.open_stream(test_stream, test_key);
  EXPECT_THAT(refusal(successor, later),
              testing::HasSubstr("the partition entry_1_0 of the ledger was made"));
  EXPECT_EQ(admin.query("SELECT count(*) FROM curfew.entry_1_0", {}).number(0, 0), 10);
  admin.execute(
      "ALTER TABLE curfew.entry ATTACH PARTITION curfew.entry_1_0 FOR VALUES FROM (1, 0) TO (1, 10000000)");
  successor.append(later, batch_of(10, 10), {});
  EXPECT_EQ(all(stream.stream).size(), 20U);
}

TEST_F(Append, AReaderCannotWrite) { EXPECT_THROW((void)reader_.open_stream(test_stream, test_key), Error); }

}  // namespace
}  // namespace curfew::store
