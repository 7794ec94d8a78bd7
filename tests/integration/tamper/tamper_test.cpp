// Who has the database can do anything to it. What `verify` finds, with its place, and what it says it can't
// exclude.
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "core/base/error.hpp"
#include "core/store/server_connection.hpp"
#include "core/store/verify_store.hpp"
#include "tests/integration/tamper/genuine_ledger.hpp"

namespace curfew::store {
namespace {

using ledger::ProblemKind;

// Each table of the schema is in one of these lists, or the first test fails.
const std::set<std::string> ledger_tables{"stream", "entry", "personal", "reference", "tile", "checkpoint"};
const std::set<std::string> derived_tables{"session",   "violation",   "sign_out", "cursor",
                                           "memory",    "idempotency", "snapshot", "snapshot_part",
                                           "migration", "partition",   "outlet"};

class Tamper : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ledger_ = new GenuineLedger;
    model_ = support::Cluster::instance().fresh_database();
    ledger_->write(model_);
    lower_fences(model_);
  }
  static void TearDownTestSuite() {
    delete ledger_;
    ledger_ = nullptr;
  }
  // What a superuser does first.
  static void lower_fences(const support::Database& database) {
    ServerConnection admin(database.owner);
    admin.execute(
        "DROP EVENT TRIGGER curfew_refuse_ddl; DROP EVENT TRIGGER curfew_refuse_drop; DROP EVENT TRIGGER "
        "curfew_refuse_detach");
    admin.execute("ALTER TABLE curfew.checkpoint DROP CONSTRAINT checkpoint_check");
    for (const std::string& table : ledger_tables) {
      admin.execute("ALTER TABLE curfew." + table + " DISABLE TRIGGER ALL");
    }
    for (const auto& [partition, parent] : partitions(database))
      admin.execute("ALTER TABLE curfew." + partition + " DISABLE TRIGGER ALL");
    // Somewhere to put what no partition of the ledger would take.
    for (const char* table : {"entry", "personal"}) {
      const std::string parent = std::string("curfew.") + table;
      admin.execute("CREATE TABLE " + parent + "_rest PARTITION OF " + parent + " DEFAULT");
    }
  }
  // The ledger's partitions with their tables, by what the database says.
  static std::map<std::string, std::string> partitions(const support::Database& database) {
    ServerConnection admin(database.owner);
    const Answer found = admin.query(
        "SELECT c.relname::text, p.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
        "JOIN pg_class p ON p.oid = i.inhparent WHERE p.relkind = 'p' AND p.relnamespace = "
        "'curfew'::regnamespace",
        {});
    std::map<std::string, std::string> names;
    for (int row = 0; row < found.rows(); ++row) names.emplace(found.text(row, 0), found.text(row, 1));
    return names;
  }
  // A copy of the ledger with this done to it.
  static support::Database after(const std::string& sql) {
    support::Database database = support::Cluster::instance().fresh_database(model_.name);
    ServerConnection admin(database.owner);
    admin.execute(sql);
    return database;
  }
  static StoreVerdict verified(const std::string& sql) { return verify_store(after(sql).application, {}); }
  static std::string told(const StoreVerdict& verdict) {
    std::string all;
    const auto add = [&](const auto& problems) {
      for (const auto& problem : problems) all += "  " + ledger::describe(problem) + "\n";
    };
    for (const auto& stream : verdict.streams) add(stream.problems);
    add(verdict.references.listed);
    add(verdict.tables.listed);
    return all;
  }
  static bool names_place(const StoreVerdict& verdict, std::uint64_t sequence) {
    for (const auto& stream : verdict.streams) {
      for (const auto& problem : stream.problems) {
        if (problem.first && *problem.first <= sequence && sequence <= problem.last.value_or(*problem.first))
          return true;
      }
    }
    return false;
  }
  static bool has(const StoreVerdict& verdict, ProblemKind kind) {
    for (const auto& stream : verdict.streams) {
      if (stream.by_kind.contains(kind)) return true;
    }
    return verdict.references.by_kind.contains(kind) || verdict.tables.by_kind.contains(kind);
  }
  static bool doubts(const StoreVerdict& verdict, const std::string& word) {
    for (const auto& stream : verdict.streams) {
      for (const std::string& sentence : stream.not_excluded) {
        if (sentence.find(word) != std::string::npos) return true;
      }
    }
    return false;
  }
  static VerifyRequest with_checkpoints() {
    VerifyRequest request;
    request.outside_checkpoints = ledger_->checkpoints();
    return request;
  }

  static GenuineLedger* ledger_;
  static support::Database model_;
};
GenuineLedger* Tamper::ledger_ = nullptr;
support::Database Tamper::model_;

TEST_F(Tamper, TheUntouchedLedgerVerifiesWithAndWithoutOutsideCheckpoints) {
  const support::Database copy = after("SELECT");
  const StoreVerdict inside = verify_store(copy.application, {});
  EXPECT_TRUE(inside.intact()) << told(inside);
  ASSERT_EQ(inside.streams.size(), 2U);
  EXPECT_EQ(inside.streams[0].size, GenuineLedger::first_size);
  EXPECT_EQ(inside.streams[0].tiles, 2U);
  EXPECT_EQ(inside.streams[1].size, GenuineLedger::second_size);
  EXPECT_EQ(inside.references_matched,
            (GenuineLedger::first_size - 1) / 3 + (GenuineLedger::second_size - 1) / 3);
  EXPECT_FALSE(inside.streams[1].not_excluded.empty())
      << "without an outside checkpoint a cut tail can't be excluded";

  VerifyRequest request = with_checkpoints();
  request.keys = ledger_->keys();
  const StoreVerdict outside = verify_store(copy.application, request);
  EXPECT_TRUE(outside.intact()) << told(outside);
  EXPECT_EQ(outside.streams[0].outside_size, GenuineLedger::first_size);
  EXPECT_LT(outside.streams[0].not_excluded.size(), inside.streams[0].not_excluded.size());
}

TEST_F(Tamper, EachTableIsKnownToBeLedgerOrDerived) {
  ServerConnection admin(after("SELECT").owner);
  const Answer tables = admin.query(
      "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'curfew' AND table_type = "
      "'BASE TABLE'",
      {});
  const auto parts = partitions(model_);
  ASSERT_GE(parts.size(), 4U);
  ASSERT_GT(tables.rows(), 0);
  for (int row = 0; row < tables.rows(); ++row) {
    std::string table = tables.text(row, 0);
    if (const auto part = parts.find(table); part != parts.end()) table = part->second;
    EXPECT_EQ(ledger_tables.contains(table) + derived_tables.contains(table), 1)
        << table << ": say whether verification covers it";
  }
}

// The row in the middle of a table, by its key, and how to name it.
std::string middle_row(const std::string& table) {
  const std::string order = table == "reference"    ? "ref"
                            : table == "stream"     ? "number"
                            : table == "tile"       ? "index"
                            : table == "checkpoint" ? "size"
                                                    : "sequence";
  const std::string only =
      table == "tile" || table == "reference" || table == "stream" ? "" : " WHERE stream = 1";
  return "(SELECT tableoid, ctid FROM curfew." + table + only + " ORDER BY " + order +
         " OFFSET (SELECT count(*) / 2 FROM curfew." + table + only + ") LIMIT 1)";
}

std::string changed(const std::string& column, const std::string& type) {
  if (type == "text") return column + " || 'x'";
  if (type == "bytea") {
    return "CASE WHEN length(" + column + ") = 0 THEN decode(repeat('ab', 16), 'hex') ELSE set_byte(" +
           column + ", 0, get_byte(" + column + ", 0) # 1) END";
  }
  return column + " + 1000000";  // every other type of the ledger is a number: a new one fails as SQL
}

TEST_F(Tamper, EachChangedColumnOfEachLedgerTableIsFound) {
  ServerConnection admin(after("SELECT").owner);
  const Answer columns = admin.query(
      "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns WHERE "
      "table_schema = "
      "'curfew' ORDER BY 1, ordinal_position",
      {});
  int tried = 0;
  for (int row = 0; row < columns.rows(); ++row) {
    const std::string table = columns.text(row, 0);
    const std::string column = columns.text(row, 1);
    if (!ledger_tables.contains(table)) continue;
    ++tried;
    const StoreVerdict verdict =
        verified("UPDATE curfew." + table + " SET " + column + " = " + changed(column, columns.text(row, 2)) +
                 " WHERE (tableoid, ctid) = " + middle_row(table));
    EXPECT_FALSE(verdict.intact()) << table << "." << column;
    if ((table == "entry" || table == "personal") && column != "stream" && column != "sequence") {
      EXPECT_TRUE(names_place(verdict, table == "entry" ? 350 : 351)) << table << "." << column << "\n"
                                                                      << told(verdict);
    }
  }
  EXPECT_EQ(tried, 33) << "a column came or went: is it covered?";
}

// Past the parent: what an administrator would do who knows the partitions.
TEST_F(Tamper, EachChangedColumnOfEachPartitionIsFound) {
  ServerConnection admin(after("SELECT").owner);
  int tried = 0;
  for (const auto& [partition, parent] : partitions(model_)) {
    if (partition.ends_with("_rest")) continue;  // empty in a genuine ledger
    const Answer columns = admin.query(
        "SELECT column_name::text, data_type::text FROM information_schema.columns WHERE table_schema = "
        "'curfew' AND table_name = $1 ORDER BY ordinal_position",
        {Parameter::text(partition)});
    for (int row = 0; row < columns.rows(); ++row) {
      const std::string column = columns.text(row, 0);
      if (column == "stream") continue;  // its partition's bounds refuse another one
      ++tried;
      const StoreVerdict verdict = verified(
          "UPDATE ONLY curfew." + partition + " SET " + column + " = " +
          changed(column, columns.text(row, 1)) + " WHERE ctid = (SELECT ctid FROM curfew." + partition +
          " ORDER BY sequence OFFSET (SELECT count(*) / 2 FROM curfew." + partition + ") LIMIT 1)");
      EXPECT_FALSE(verdict.intact()) << partition << "." << column;
    }
  }
  EXPECT_EQ(tried, 2 * (10 + 3));
}

TEST_F(Tamper, APartitionThatIsGoneDetachedEmptiedOrSwappedIsFound) {
  for (const auto& [partition, parent] : partitions(model_)) {
    if (partition.ends_with("_rest")) continue;
    const std::string table = "curfew." + partition;
    const std::string detach = "ALTER TABLE curfew." + parent + " DETACH PARTITION " + table + ";";
    for (const std::string& sql :
         {detach, "DROP TABLE " + table, "TRUNCATE " + table, "DELETE FROM ONLY " + table,
          detach + "CREATE TABLE curfew.other PARTITION OF curfew." + parent + " FOR VALUES FROM (" +
              partition.substr(partition.find('_') + 1, 1) + ", 0) TO (" +
              partition.substr(partition.find('_') + 1, 1) + ", 10000000)"}) {
      EXPECT_FALSE(verified(sql).intact()) << sql;
    }
  }
}

// Also into a partition that nobody made room for.
TEST_F(Tamper, ARowInAPartitionOfNoStreamIsFound) {
  EXPECT_FALSE(verified("INSERT INTO curfew.entry_rest SELECT 9, sequence, engine_time, occurred_at, "
                        "recorded_at, kind, source, session, subject, facts, commitment FROM curfew.entry "
                        "WHERE stream = 1 AND sequence = 1")
                   .intact());
  EXPECT_FALSE(verified("INSERT INTO curfew.personal_rest VALUES (9, 1, '\\x00', '[]')").intact());
}

TEST_F(Tamper, EachBitOfAnEntryThatWasFlippedIsFoundAtItsPlace) {
  for (const std::uint64_t sequence : {0U, 1U, 255U, 256U, 511U, 512U, 699U}) {
    const StoreVerdict verdict = verified(
        "UPDATE curfew.entry SET facts = overlay(facts PLACING '~' FROM 9 FOR 1) WHERE stream = 1 AND "
        "sequence = " +
        std::to_string(sequence));
    EXPECT_TRUE(names_place(verdict, sequence)) << sequence << "\n" << told(verdict);
    EXPECT_FALSE(verdict.intact());
  }
}

TEST_F(Tamper, DroppedRowsAreFound) {
  for (const char* sql :
       {"DELETE FROM curfew.entry WHERE stream = 1 AND sequence = 300",
        "DELETE FROM curfew.entry WHERE stream = 1 AND sequence < 90",
        "DELETE FROM curfew.entry WHERE stream = 2 AND sequence = 299",
        "DELETE FROM curfew.personal WHERE stream = 1 AND sequence = 300",
        "DELETE FROM curfew.tile WHERE stream = 1 AND index = 1",
        "DELETE FROM curfew.checkpoint WHERE stream = 1 AND size = 340",
        "DELETE FROM curfew.checkpoint WHERE stream = 2",
        "DELETE FROM curfew.reference WHERE value = 'person300@a.test'",
        "DELETE FROM curfew.stream WHERE number = 1", "DELETE FROM curfew.stream WHERE number = 2"}) {
    const StoreVerdict verdict = verified(sql);
    EXPECT_FALSE(verdict.intact()) << sql;
  }
  EXPECT_TRUE(names_place(verified("DELETE FROM curfew.entry WHERE stream = 1 AND sequence = 300"), 300));
  EXPECT_TRUE(
      has(verified("DELETE FROM curfew.entry WHERE stream = 1 AND sequence = 300"), ProblemKind::RowMissing));
  EXPECT_TRUE(has(verified("DELETE FROM curfew.personal WHERE stream = 1 AND sequence = 300"),
                  ProblemKind::PersonalMissing));
}

TEST_F(Tamper, SwappedRowsAreFoundAtBothPlaces) {
  const StoreVerdict entries = verified(
      "UPDATE curfew.entry SET sequence = -1 WHERE stream = 1 AND sequence = 100; UPDATE curfew.entry SET "
      "sequence = 100 WHERE "
      "stream = 1 AND sequence = 600; UPDATE curfew.entry SET sequence = 600 WHERE stream = 1 AND sequence = "
      "-1");
  EXPECT_TRUE(names_place(entries, 100)) << told(entries);
  EXPECT_TRUE(names_place(entries, 600)) << told(entries);
  const StoreVerdict personal = verified(
      "UPDATE curfew.personal SET sequence = -1 WHERE stream = 1 AND sequence = 300; UPDATE curfew.personal "
      "SET sequence = 300 "
      "WHERE stream = 1 AND sequence = 303; UPDATE curfew.personal SET sequence = 303 WHERE stream = 1 AND "
      "sequence = -1");
  EXPECT_TRUE(has(personal, ProblemKind::PersonalChanged)) << told(personal);
  const StoreVerdict references = verified(
      "UPDATE curfew.reference r SET value = o.value FROM curfew.reference o WHERE (r.value, o.value) IN "
      "(('person3@a.test', 'person6@a.test'), ('person6@a.test', 'person3@a.test'))");
  EXPECT_FALSE(references.intact()) << "one person's name was put on another's record";
}

TEST_F(Tamper, InsertedRowsAreFound) {
  for (const char* sql :
       {"INSERT INTO curfew.entry SELECT stream, 700, engine_time, occurred_at, recorded_at, kind, source, "
        "session, subject, facts, "
        "commitment FROM curfew.entry WHERE stream = 1 AND sequence = 699",
        "INSERT INTO curfew.entry SELECT 9, sequence, engine_time, occurred_at, recorded_at, kind, source, "
        "session, subject, facts, "
        "commitment FROM curfew.entry WHERE stream = 1",
        "INSERT INTO curfew.entry SELECT stream, -5, engine_time, occurred_at, recorded_at, kind, source, "
        "session, subject, facts, "
        "commitment FROM curfew.entry WHERE stream = 1 AND sequence = 699",
        "INSERT INTO curfew.personal VALUES (1, 301, '\\x00', '[]')",
        "INSERT INTO curfew.personal VALUES (1, 9999, '\\x00', '[]')",
        "INSERT INTO curfew.personal VALUES (9, 1, '\\x00', '[]')",
        "INSERT INTO curfew.tile SELECT stream, level, 2, hashes FROM curfew.tile WHERE stream = 1 AND index "
        "= 1",
        "INSERT INTO curfew.tile SELECT stream, 9, 0, hashes FROM curfew.tile WHERE stream = 1 AND index = 1",
        "INSERT INTO curfew.checkpoint SELECT stream, 701, 700, root, note FROM curfew.checkpoint WHERE "
        "stream = 1 AND size = 700",
        "INSERT INTO curfew.checkpoint SELECT stream, 0, -1, root, note FROM curfew.checkpoint WHERE stream "
        "= 1 AND size = 700",
        "INSERT INTO curfew.reference VALUES ('\\x0102030405060708', 'identifier', 'upn', "
        "'innocent@corp.test')",
        "INSERT INTO curfew.stream SELECT 9, realm, node, 9, 'rubbish' FROM curfew.stream WHERE number = "
        "1"}) {
    const StoreVerdict verdict = verified(sql);
    EXPECT_FALSE(verdict.intact()) << sql;
  }
}

TEST_F(Tamper, TruncatedTablesAreFound) {
  for (const std::string& table : ledger_tables) {
    const StoreVerdict verdict = verified("TRUNCATE curfew." + table);
    EXPECT_FALSE(verdict.intact()) << table;
  }
}

// Everything after a checkpoint is taken away, so that what is left is consistent.
const char* const cut_tail =
    "DELETE FROM curfew.reference WHERE value ~ 'person(3(0[3-9]|[1-9][0-9])|[4-9][0-9][0-9])@a' AND ref IN "
    "(SELECT ref FROM "
    "curfew.reference WHERE get_byte(ref, 7) = 2);"
    "DELETE FROM curfew.reference WHERE get_byte(ref, 7) = 2 AND value ~ 'person(9[0-9]|[12][0-9][0-9])@a';"
    "DELETE FROM curfew.entry WHERE stream = 2 AND sequence >= 90; DELETE FROM curfew.personal WHERE stream "
    "= 2 AND sequence >= 90;"
    "DELETE FROM curfew.tile WHERE stream = 2; DELETE FROM curfew.checkpoint WHERE stream = 2 AND size > 90";

TEST_F(Tamper, ACleanlyCutTailShowsOnlyAgainstAnOutsideCheckpoint) {
  const support::Database cut = after(cut_tail);
  const StoreVerdict inside = verify_store(cut.application, {});
  EXPECT_TRUE(inside.intact()) << told(inside);
  EXPECT_TRUE(doubts(inside, "checkpoint")) << "it must say that it can't exclude this";
  const StoreVerdict outside = verify_store(cut.application, with_checkpoints());
  EXPECT_FALSE(outside.intact());
  EXPECT_TRUE(has(outside, ProblemKind::TailCut)) << told(outside);
}

TEST_F(Tamper, ACutBeforeASuccessorIsFoundByTheSuccessor) {
  const StoreVerdict verdict = verified(
      "DELETE FROM curfew.entry WHERE stream = 1 AND sequence >= 590; DELETE FROM curfew.personal WHERE "
      "stream = 1 AND sequence >= "
      "590; DELETE FROM curfew.checkpoint WHERE stream = 1 AND size > 590");
  EXPECT_TRUE(has(verdict, ProblemKind::TailCut)) << told(verdict);
}

TEST_F(Tamper, AWholeStreamThatIsGoneIsFoundByItsSuccessorOrAnOutsideCheckpoint) {
  const auto without = [](int stream) {
    std::string sql;
    for (const char* table : {"entry", "personal", "tile", "checkpoint"}) {
      sql += std::string("DELETE FROM curfew.") + table + " WHERE stream = " + std::to_string(stream) + ";";
    }
    return sql + "DELETE FROM curfew.stream WHERE number = " + std::to_string(stream) +
           "; DELETE FROM curfew.reference WHERE get_byte(ref, 7) = " + std::to_string(stream);
  };
  EXPECT_TRUE(has(verified(without(1)), ProblemKind::TailCut));
  const support::Database no_second = after(without(2));
  EXPECT_TRUE(verify_store(no_second.application, {}).intact());
  EXPECT_TRUE(has(verify_store(no_second.application, with_checkpoints()), ProblemKind::TailCut));
}

TEST_F(Tamper, ARewriteWithTheSameKeyShowsOnlyAgainstAnOutsideCheckpoint) {
  const std::vector<std::string> published = ledger_->checkpoints();
  const support::Database rewritten = support::Cluster::instance().fresh_database();
  GenuineLedger forger = *ledger_;
  forger.write(rewritten, true);
  const StoreVerdict inside = verify_store(rewritten.application, {});
  EXPECT_TRUE(inside.intact()) << told(inside);
  EXPECT_TRUE(doubts(inside, "key"));
  VerifyRequest request;
  request.outside_checkpoints = published;
  const StoreVerdict outside = verify_store(rewritten.application, request);
  EXPECT_TRUE(has(outside, ProblemKind::HeadDiffers)) << told(outside);
}

TEST_F(Tamper, ARewriteWithAnotherKeyIsFoundByTheKnownKeyOrAnOutsideCheckpoint) {
  const support::Database rewritten = support::Cluster::instance().fresh_database();
  GenuineLedger forger = *ledger_;
  forger.new_keys();
  forger.write(rewritten, true);
  const StoreVerdict inside = verify_store(rewritten.application, {});
  EXPECT_TRUE(inside.intact()) << told(inside);
  EXPECT_TRUE(doubts(inside, "key"));
  EXPECT_FALSE(verify_store(rewritten.application, with_checkpoints()).intact());
  VerifyRequest known_keys;
  known_keys.keys = ledger_->keys();
  const StoreVerdict by_key = verify_store(rewritten.application, known_keys);
  EXPECT_TRUE(has(by_key, ProblemKind::CheckpointSignature)) << told(by_key);
}

TEST_F(Tamper, WhatVerificationDoesNotCoverIsSaid) {
  const StoreVerdict verdict = verified("UPDATE curfew.cursor SET read = 0");
  EXPECT_TRUE(verdict.intact());
  ASSERT_FALSE(verdict.not_covered.empty());
  EXPECT_NE(verdict.not_covered[0].find("sessions, violations, sign-outs"), std::string::npos);
  EXPECT_NE(to_json(verdict).find("\"not_covered\""), std::string::npos);
}

}  // namespace
}  // namespace curfew::store
