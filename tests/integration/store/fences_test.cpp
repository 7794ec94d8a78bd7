// What PostgreSQL itself refuses. A superuser can take these fences down first: they deter, the signatures
// are the evidence.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <tuple>

#include "core/base/error.hpp"
#include "core/store/fences.hpp"
#include "core/store/migrations.hpp"
#include "core/store/server_connection.hpp"
#include "core/store/store.hpp"
#include "tests/integration/store/batches.hpp"
#include "tests/support/cluster.hpp"

namespace curfew::store {
namespace {

const std::vector<std::string> ledger_tables{"stream",    "entry", "personal",
                                             "reference", "tile",  "checkpoint"};

class Fences : public testing::Test {
 protected:
  void SetUp() override {
    Store writer(database_.application, Role::Writer);
    ledger::SealedBatch batch = batch_of(0, 300, true);
    batch.tiles.push_back({0, 0, std::string(8192, 't')});
    Extras extras;
    extras.references.push_back({{1}, model::PersonalKind::Identifier, "upn", "a@corp.test"});
    writer.append(writer.open_stream(test_stream, test_key), batch, extras);
    before_ = contents();
  }
  // Nothing that was refused may have left a trace.
  void TearDown() override { EXPECT_EQ(contents(), before_); }

  // The partitions of the ledger, by what the database says.
  std::vector<std::string> partitions() {
    ServerConnection admin(database_.owner);
    const Answer found = admin.query(
        "SELECT c.relname::text FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid WHERE c.relkind = "
        "'r' AND c.relnamespace = 'curfew'::regnamespace AND NOT i.inhdetachpending ORDER BY 1",
        {});
    std::vector<std::string> names;
    for (int row = 0; row < found.rows(); ++row) names.push_back(found.text(row, 0));
    return names;
  }
  std::string contents() {
    ServerConnection admin(database_.owner);
    std::string all;
    for (const std::string& table : ledger_tables) {
      all += table + " " +
             admin
                 .query(
                     "SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') "
                     "FROM "
                     "curfew." +
                         table + " t",
                     {})
                 .text(0, 0) +
             "\n";
    }
    for (const std::string& name : partitions()) all += name + "\n";
    return all;
  }
  void expect_refused(ServerConnection& connection, const std::string& sql, const std::string& why) {
    try {
      connection.execute(sql);
      ADD_FAILURE() << "allowed: " << sql;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(why), std::string::npos) << sql << "\n" << error.what();
    }
    connection.rollback();
  }
  ServerConnection as(const std::string& role) {
    ServerConnection connection(database_.owner);
    connection.execute("SET ROLE " + role);
    return connection;
  }

  support::Database database_ = support::Cluster::instance().fresh_database();
  std::string before_;
};

TEST_F(Fences, TheWriterMayNeitherChangeNorReadTheLedger) {
  ServerConnection writer = as("curfew_writer");
  for (const std::string& table : ledger_tables) {
    for (const char* change : {"DELETE FROM curfew.", "TRUNCATE curfew."}) {
      expect_refused(writer, change + table, "permission denied");
    }
  }
  expect_refused(writer, "UPDATE curfew.entry SET facts = ''", "permission denied");
  expect_refused(writer, "UPDATE curfew.checkpoint SET note = ''", "permission denied");
  for (const char* table : {"entry", "personal", "reference", "tile"}) {
    expect_refused(writer, std::string("SELECT * FROM curfew.") + table, "permission denied");
  }
}

TEST_F(Fences, TheWriterCannotReachAPartitionPastItsTable) {
  ServerConnection writer = as("curfew_writer");
  ASSERT_EQ(partitions(), (std::vector<std::string>{"entry_1_0", "personal_1_0"}));
  for (const std::string& name : partitions()) {
    for (const char* attempt : {"INSERT INTO curfew.%s DEFAULT VALUES", "SELECT * FROM curfew.%s",
                                "UPDATE curfew.%s SET sequence = 1", "DELETE FROM curfew.%s",
                                "TRUNCATE curfew.%s", "COPY curfew.%s FROM STDIN"}) {
      std::string sql = attempt;
      expect_refused(writer, sql.replace(sql.find("%s"), 2, name), "permission denied");
    }
    expect_refused(writer, "DROP TABLE curfew." + name, "must be owner");
    expect_refused(writer, "ALTER TABLE curfew." + name + " DISABLE TRIGGER ALL", "must be owner");
  }
  expect_refused(writer, "ALTER TABLE curfew.entry DETACH PARTITION curfew.entry_1_0", "must be owner");
  expect_refused(writer, "CREATE TABLE curfew.mine PARTITION OF curfew.entry DEFAULT", "permission denied");
}

TEST_F(Fences, TheWriterGetsRoomForItsStreamAndNoMore) {
  ServerConnection writer = as("curfew_writer");
  expect_refused(writer, "SELECT curfew.make_room(7, 1000)", "there is no stream 7");
  expect_refused(writer, "SELECT curfew.make_room(1, 300)", "no room is made");
  expect_refused(writer, "SELECT curfew.make_room(1, 20000301)", "no room is made");
  expect_refused(writer, "INSERT INTO curfew.partition SELECT", "permission denied");
  // There already.
  EXPECT_EQ(writer.query("SELECT curfew.make_room(1, 10000000)", {}).number(0, 0), 10'000'000);
  for (const char* role : {"curfew_auditor", "curfew_reader"}) {
    ServerConnection other = as(role);
    expect_refused(other, "SELECT curfew.make_room(1, 1000)", "permission denied");
  }
}

TEST_F(Fences, TheApplicationsLoginCannotBecomeOwner) {
  ServerConnection application(database_.application);
  expect_refused(application, "SET ROLE curfew_owner", "permission denied");
  expect_refused(application, "INSERT INTO curfew.stream VALUES (9, 'a', 'b', 1, '')", "permission denied");
  expect_refused(application, "CREATE TABLE curfew.mine (a int)", "permission denied");
}

TEST_F(Fences, TheOwnerIsBlockedByTriggers) {
  ServerConnection owner = as("curfew_owner");
  for (const std::string& table : ledger_tables) {
    const std::string column = table == "stream"      ? "realm"
                               : table == "reference" ? "value"
                               : table == "tile"      ? "level"
                                                      : "stream";
    expect_refused(owner, "UPDATE curfew." + table + " SET " + column + " = " + column, "append-only");
    expect_refused(owner, "DELETE FROM curfew." + table, "append-only");
    expect_refused(owner, "TRUNCATE curfew." + table, "append-only");
  }
}

// Statement triggers are not cloned: without one of its own, each of these TRUNCATEs would succeed.
TEST_F(Fences, OwnerAndSuperuserAreBlockedOnEachPartitionToo) {
  ServerConnection owner = as("curfew_owner");
  ServerConnection admin(database_.owner);
  ServerConnection replica(database_.owner);
  replica.execute("SET session_replication_role = replica");
  for (const std::string& name : partitions()) {
    for (ServerConnection* who : {&owner, &admin, &replica}) {
      expect_refused(*who, "UPDATE curfew." + name + " SET sequence = sequence + 1", "append-only");
      expect_refused(*who, "DELETE FROM curfew." + name, "append-only");
      expect_refused(*who, "TRUNCATE curfew." + name, "append-only");
      expect_refused(*who, "DROP TABLE curfew." + name, "append-only");
      expect_refused(*who, "ALTER TABLE curfew." + name + " DISABLE TRIGGER ALL", "refused");
      expect_refused(*who, "ALTER TABLE curfew." + name + " ENABLE TRIGGER refuse_truncate", "refused");
      const std::string parent = name.substr(0, name.find('_'));
      expect_refused(*who, "ALTER TABLE curfew." + parent + " DETACH PARTITION curfew." + name, "refused");
      // Its first half would be committed before an event trigger at the end of the command sees it.
      expect_refused(*who,
                     "ALTER TABLE curfew." + parent + " DETACH PARTITION curfew." + name + " CONCURRENTLY",
                     "refused");
      if (who == &owner) continue;  // it may create nothing in another schema
      expect_refused(*who, "ALTER TABLE curfew." + name + " SET SCHEMA public", "refused");
    }
  }
  expect_refused(owner, "CREATE TABLE curfew.mine PARTITION OF curfew.entry DEFAULT", "refused");
  // The parent's partitions go with it.
  expect_refused(replica, "TRUNCATE curfew.entry", "append-only");
  expect_refused(replica, "DELETE FROM curfew.entry WHERE stream = 1", "append-only");
  expect_refused(replica, "DELETE FROM curfew.partition", "append-only");
}

TEST_F(Fences, AGrantDoesNotOpenWhatTheTriggersClose) {
  ServerConnection owner = as("curfew_owner");
  owner.execute("GRANT UPDATE, DELETE, SELECT ON curfew.entry TO curfew_writer");
  ServerConnection writer = as("curfew_writer");
  expect_refused(writer, "UPDATE curfew.entry SET facts = ''", "append-only");
  expect_refused(writer, "DELETE FROM curfew.entry", "append-only");
}

TEST_F(Fences, ASuperuserIsBlockedAlsoAsAReplica) {
  ServerConnection admin(database_.owner);
  expect_refused(admin, "DELETE FROM curfew.entry", "append-only");
  admin.execute("SET session_replication_role = replica");
  for (const std::string& table : ledger_tables) {
    expect_refused(admin, "DELETE FROM curfew." + table, "append-only");
    expect_refused(admin, "TRUNCATE curfew." + table, "append-only");
  }
  expect_refused(admin, "DROP TABLE curfew.entry CASCADE", "append-only");
  expect_refused(admin, "ALTER TABLE curfew.entry DISABLE TRIGGER ALL", "refused");
}

TEST_F(Fences, TheSchemaCannotBeAlteredAroundTheTriggers) {
  ServerConnection admin(database_.owner);
  for (const char* sql :
       {"ALTER TABLE curfew.entry DISABLE TRIGGER ALL",
        "ALTER TABLE curfew.entry DISABLE TRIGGER refuse_change",
        "ALTER TABLE curfew.entry ADD COLUMN more text", "ALTER TABLE curfew.entry SET SCHEMA public",
        "ALTER TABLE curfew.entry RENAME TO other", "ALTER SCHEMA curfew RENAME TO other",
        "CREATE RULE quiet AS ON INSERT TO curfew.entry DO INSTEAD NOTHING",
        "CREATE TABLE public.child PARTITION OF curfew.entry DEFAULT",
        "CREATE TABLE public.child (LIKE curfew.entry); ALTER TABLE curfew.entry ATTACH PARTITION "
        "public.child DEFAULT",
        "CREATE FUNCTION public.quiet() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE "
        "TRIGGER quiet "
        "BEFORE INSERT ON curfew.entry FOR EACH ROW EXECUTE FUNCTION public.quiet()",
        "CREATE OR REPLACE FUNCTION curfew_guard.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN "
        "RETURN "
        "OLD; END'",
        "ALTER FUNCTION curfew_guard.refuse_change() RENAME TO other",
        "ALTER FUNCTION curfew_guard.refuse_change() SET SCHEMA public"}) {
    expect_refused(admin, sql, "refused");
  }
  for (const char* sql :
       {"DROP TABLE curfew.entry CASCADE", "DROP TABLE curfew.tile", "DROP SCHEMA curfew CASCADE",
        "DROP TRIGGER refuse_change ON curfew.entry", "DROP FUNCTION curfew_guard.refuse_change() CASCADE",
        "DROP VIEW curfew.sessions"}) {
    expect_refused(admin, sql, "refused");
  }
}

TEST_F(Fences, APlainRoleCannotMakeEventTriggers) {
  ServerConnection owner = as("curfew_owner");
  expect_refused(owner, "CREATE EVENT TRIGGER mine ON sql_drop EXECUTE FUNCTION curfew_guard.refuse_drop()",
                 "permission denied");
  expect_refused(owner, "ALTER EVENT TRIGGER curfew_refuse_drop DISABLE", "must be owner");
  expect_refused(owner, "SET session_replication_role = replica", "permission denied");
}

TEST_F(Fences, AReaderSeesReferencesOnly) {
  ServerConnection reader = as("curfew_reader");
  EXPECT_EQ(reader.query("SELECT count(*) FROM curfew.entries", {}).number(0, 0), 300);
  EXPECT_EQ(reader.query("SELECT subject FROM curfew.entries WHERE sequence = 0", {}).text(0, 0),
            "0000000000000001");
  for (const char* view : {"access", "checkpoints", "sessions", "violations", "sign_outs", "progress"}) {
    reader.execute(std::string("SELECT * FROM curfew.") + view);
  }
  for (const char* table :
       {"personal", "reference", "entry", "memory", "cursor", "snapshot_part", "idempotency"}) {
    expect_refused(reader, std::string("SELECT * FROM curfew.") + table, "permission denied");
  }
  // No view of a reader has a column that could hold a personal value.
  const Answer columns = reader.query(
      "SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN "
      "pg_namespace n "
      "ON n.oid = c.relnamespace WHERE n.nspname = 'curfew' AND a.attnum > 0 AND has_column_privilege(c.oid, "
      "a.attnum, "
      "'SELECT') AND a.attname IN ('value', 'salt', 'personal', 'reason', 'ordered_by', 'trail', 'bytes', "
      "'keys')",
      {});
  EXPECT_EQ(columns.rows(), 0) << columns.text(0, 0);
}

TEST_F(Fences, TheAuditorReadsEverythingAndWritesNothing) {
  ServerConnection auditor = as("curfew_auditor");
  EXPECT_EQ(auditor.query("SELECT count(*) FROM curfew.personal", {}).number(0, 0), 300);
  for (const char* sql :
       {"INSERT INTO curfew.stream VALUES (9, 'a', 'b', 1, '')", "DELETE FROM curfew.session",
        "UPDATE curfew.cursor SET read = 0", "CREATE TEMP TABLE mine (a int)"}) {
    expect_refused(auditor, sql, "permission denied");
  }
}

TEST_F(Fences, TwoWritersCannotGoOnFromTheSameHead) {
  ServerConnection writer = as("curfew_writer");
  expect_refused(writer, "INSERT INTO curfew.checkpoint VALUES (1, 301, 0, '', '')", "duplicate key");
  expect_refused(writer, "INSERT INTO curfew.checkpoint VALUES (1, 300, 300, '', '')",
                 "violates check constraint");
}

TEST_F(Fences, MigratingAgainChangesNothingAndLeavesTheFencesUp) {
  EXPECT_TRUE(migrate(database_.owner).empty());
  ServerConnection admin(database_.owner);
  expect_refused(admin, "DROP TABLE curfew.entry CASCADE", "append-only");
}

TEST_F(Fences, ANewerOrChangedSchemaIsRefused) {
  ServerConnection admin(database_.owner);
  admin.execute("INSERT INTO curfew.migration VALUES (99, 'from the future', '', 0)");
  EXPECT_THROW(migrate(database_.owner), Error);
  EXPECT_THROW(Store(database_.application, Role::Writer), Error);
  admin.execute(
      "DELETE FROM curfew.migration WHERE number = 99; UPDATE curfew.migration SET digest = 'another'");
  EXPECT_THROW(migrate(database_.owner), Error);
}

TEST_F(Fences, ADryRunSaysWhatItWouldDoAndTakesItBack) {
  ServerConnection server(support::Cluster::instance().server().owner("postgres"));
  server.execute("CREATE DATABASE empty_" + database_.name);
  const ConnectionInfo empty = support::Cluster::instance().server().owner("empty_" + database_.name);
  EXPECT_EQ(schema_status(empty).current, 0);
  const auto lines = migrate(empty, DryRun::Yes);
  ASSERT_EQ(lines.size(), migrations().size());
  EXPECT_NE(lines[0].find("would be applied"), std::string::npos);
  EXPECT_EQ(schema_status(empty).current, 0);
  try {
    const Store store(empty, Role::Owner);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("curfew db migrate"), std::string::npos);
  }
  EXPECT_EQ(migrate(empty).size(), migrations().size());
  EXPECT_EQ(schema_status(empty).current, schema_status(empty).wanted);
}

TEST_F(Fences, TwoMigrationsAtOnceTakeTurns) {
  ServerConnection server(support::Cluster::instance().server().owner("postgres"));
  const std::string name = "twice_" + database_.name;
  server.execute("CREATE DATABASE " + name);
  const ConnectionInfo empty = support::Cluster::instance().server().owner(name);
  // The first one, held up in the middle; the lock's number is "curfew" in ASCII.
  ServerConnection first(empty);
  first.execute("BEGIN; SELECT pg_advisory_xact_lock(x'637572666577'::bigint)");
  std::vector<std::vector<std::string>> lines(2);
  std::vector<std::thread> others;
  for (auto& told : lines) others.emplace_back([&told, &empty] { told = migrate(empty); });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  const auto waiting = [&] {
    return server
        .query(
            "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE d.datname = $1 "
            "AND l.locktype = 'advisory' AND NOT l.granted",
            {Parameter::text(name)})
        .number(0, 0);
  };
  while (waiting() < 2 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(waiting(), 2);
  EXPECT_EQ(schema_status(empty).current, 0);
  first.execute("COMMIT");
  for (std::thread& other : others) other.join();
  std::size_t applied = 0;
  for (const auto& told : lines) {
    EXPECT_THAT(told.at(0), testing::HasSubstr("another migration of this database is under way"));
    applied += told.size() - 1;
  }
  EXPECT_EQ(applied, migrations().size());
  EXPECT_EQ(schema_status(empty).current, schema_status(empty).wanted);
}

// At the largest size that the planner could want a scan for, and without: it is the only way that it has.
TEST_F(Fences, WhatIsPastItsTimeIsFoundByAnIndex) {
  ServerConnection admin(database_.owner);
  admin.execute("SET enable_seqscan = off");
  for (const auto& [sql, index] :
       {std::pair{"DELETE FROM curfew.idempotency WHERE expires_at < 5", "idempotency_expiry"},
        std::pair{"DELETE FROM curfew.memory WHERE expires_at <> 0 AND expires_at < 5", "memory_expiry"}}) {
    const Answer plan = admin.query(std::string("EXPLAIN ") + sql, {});
    std::string text;
    for (int row = 0; row < plan.rows(); ++row) text += plan.text(row, 0) + "\n";
    EXPECT_THAT(text, testing::HasSubstr(index)) << sql;
  }
  // And by its own choice, where there is much that stays.
  admin.execute(
      "RESET enable_seqscan; INSERT INTO curfew.idempotency SELECT 1, g, 'ad', g, '' FROM "
      "generate_series(1, 20000) g; ANALYZE curfew.idempotency");
  const Answer plan = admin.query("EXPLAIN DELETE FROM curfew.idempotency WHERE expires_at < $1",
                                  {Parameter(std::int64_t{5})});
  std::string text;
  for (int row = 0; row < plan.rows(); ++row) text += plan.text(row, 0) + "\n";
  EXPECT_THAT(text, testing::HasSubstr("idempotency_expiry"));
}

// As a dashboard asks: the views' times, and what has none yet.
TEST_F(Fences, AWindowOfTimeIsFoundByAnIndex) {
  ServerConnection admin(database_.owner);
  admin.execute("SET enable_seqscan = off; SET ROLE curfew_reader");
  const std::string window = " BETWEEN '2026-01-01T00:00:00Z' AND '2026-01-02T00:00:00Z'";
  for (const auto& [view, condition, index] :
       {std::tuple{"sessions", "started_at" + window, "session_started"},
        std::tuple{"sessions", "ended_at" + window, "session_ended"},
        std::tuple{"sessions", std::string("ended_at IS NULL"), "session_ended"},
        std::tuple{"violations", "detected_at" + window, "violation_detected"},
        std::tuple{"sign_outs", "ordered_at" + window, "sign_out_ordered"},
        std::tuple{"sign_outs", "concluded_at" + window, "sign_out_concluded"}}) {
    const Answer plan =
        admin.query(std::string("EXPLAIN SELECT count(*) FROM curfew.") + view + " WHERE " + condition, {});
    std::string text;
    for (int row = 0; row < plan.rows(); ++row) text += plan.text(row, 0) + "\n";
    EXPECT_THAT(text, testing::AllOf(testing::HasSubstr(index), testing::HasSubstr("Index Cond"),
                                     testing::Not(testing::HasSubstr("Filter"))))
        << view << ": " << condition;
  }
}

TEST_F(Fences, TimesOfViewsAreExactToTheMicrosecond) {
  ServerConnection admin(database_.owner);
  const Answer wrong = admin.query(
      "SELECT count(*) FROM (SELECT 631152000000000 + g * 38000000000::bigint + g AS micros FROM "
      "generate_series(1, 95000) g) t WHERE curfew.at(micros) <> "
      "timestamptz 'epoch' + micros * interval '1 microsecond'",
      {});
  EXPECT_EQ(wrong.number(0, 0), 0);
  EXPECT_TRUE(admin.query("SELECT curfew.at(0) IS NULL", {}).truth(0, 0));
}

TEST_F(Fences, TheApplicationsLoginMaySeeWhichStepTheSchemaIsAt) {
  EXPECT_EQ(schema_status(database_.application).current, schema_status(database_.owner).wanted);
}

TEST_F(Fences, AllStandAndArePlainlyReportedWhenOneIsTakenDown) {
  for (const Fence& fence : fences(database_.owner)) EXPECT_TRUE(fence.stands) << fence.what << fence.missing;
  const auto missing_after = [&](const std::string& sql) {
    const support::Database copy = support::Cluster::instance().fresh_database(database_.name);
    ServerConnection admin(copy.owner);
    admin.execute(
        "ALTER EVENT TRIGGER curfew_refuse_ddl DISABLE; ALTER EVENT TRIGGER curfew_refuse_drop DISABLE");
    admin.execute(sql);
    if (sql.find("EVENT") == std::string::npos) {
      admin.execute(
          "ALTER EVENT TRIGGER curfew_refuse_ddl ENABLE ALWAYS; ALTER EVENT TRIGGER curfew_refuse_drop "
          "ENABLE "
          "ALWAYS");
    }
    std::string missing;
    for (const Fence& fence : fences(copy.owner)) missing += fence.missing;
    return missing;
  };
  EXPECT_THAT(missing_after("GRANT DELETE ON curfew.entry TO curfew_writer"),
              testing::HasSubstr("curfew_writer has DELETE on curfew.entry"));
  EXPECT_THAT(missing_after("GRANT INSERT ON curfew.entry_1_0 TO curfew_writer"),
              testing::HasSubstr("curfew_writer has INSERT on curfew.entry_1_0"));
  EXPECT_THAT(missing_after("DROP TRIGGER refuse_truncate ON curfew.personal_1_0"),
              testing::HasSubstr("no trigger refuse_truncate that always fires on curfew.personal_1_0"));
  EXPECT_THAT(missing_after("ALTER TABLE curfew.entry_1_0 ENABLE TRIGGER refuse_change"),
              testing::HasSubstr("no trigger refuse_change that always fires on curfew.entry_1_0"));
  EXPECT_THAT(missing_after("ALTER EVENT TRIGGER curfew_refuse_detach DISABLE"),
              testing::AllOf(testing::HasSubstr("curfew_refuse_detach is missing or off"),
                             testing::HasSubstr("curfew_refuse_ddl is missing or off")));
}

// A server whose administrator gave no superuser: what can stand does, and the rest is said.
TEST_F(Fences, WithoutASuperuserTheEventTriggersAreLeftOutAndSaidToBeMissing) {
  ServerConnection server(support::Cluster::instance().server().owner("postgres"));
  const std::string role = "migrator_" + database_.name;
  const std::string name = "without_" + database_.name;
  server.execute("CREATE ROLE " + role + " LOGIN CREATEROLE PASSWORD 'secret'");
  server.execute("CREATE DATABASE " + name + " OWNER " + role);
  const ConnectionInfo login{"host=" + support::Cluster::instance().server().socket_directory().string() +
                             " dbname=" + name + " user=" + role + " password=secret"};

  const std::vector<std::string> lines = migrate(login);
  ASSERT_EQ(lines.size(), migrations().size() + 1);
  EXPECT_THAT(lines.back(), testing::HasSubstr("only a superuser may make them"));
  std::string missing;
  int standing = 0;
  for (const Fence& fence : fences(login)) {
    missing += fence.missing;
    standing += fence.stands ? 1 : 0;
  }
  EXPECT_EQ(standing, 3) << missing;
  EXPECT_THAT(missing, testing::HasSubstr("curfew_refuse_drop is missing or off"));

  // The store works on it, and the fences that stand do hold.
  const ConnectionInfo application = support::Cluster::instance().server().application(name);
  Store writer(application, Role::Writer);
  const StreamHead stream = writer.open_stream(test_stream, test_key);
  writer.append(stream, batch_of(0, 10, true), {});
  ServerConnection owner(login);
  owner.execute("SET ROLE curfew_owner");
  expect_refused(owner, "DELETE FROM curfew.entry", "append-only");
  expect_refused(owner, "TRUNCATE curfew.entry_1_0", "append-only");

  // A superuser adds the rest later; then only a superuser may migrate.
  EXPECT_TRUE(migrate(support::Cluster::instance().server().owner(name)).empty());
  for (const Fence& fence : fences(login)) EXPECT_TRUE(fence.stands) << fence.missing;
  EXPECT_TRUE(migrate(login).empty());
}

TEST_F(Fences, ARoleThatMayNotMigrateIsToldWhatItLacks) {
  ServerConnection server(support::Cluster::instance().server().owner("postgres"));
  const std::string name = "bare_" + database_.name;
  server.execute("CREATE DATABASE " + name);
  try {
    migrate(support::Cluster::instance().server().application(name));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Configuration);
    EXPECT_THAT(error.what(), testing::HasSubstr("CREATEROLE"));
  }
}

}  // namespace
}  // namespace curfew::store
