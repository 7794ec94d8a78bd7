// What PostgreSQL itself refuses. A superuser can take these fences down first: they deter, the signatures
// are the evidence.
#include <gtest/gtest.h>

#include "core/base/error.hpp"
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
        "CREATE TABLE public.child () INHERITS (curfew.entry); ALTER TABLE public.child NO INHERIT "
        "curfew.entry; "
        "ALTER TABLE curfew.entry INHERIT public.child",
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

TEST_F(Fences, TheApplicationsLoginMaySeeWhichStepTheSchemaIsAt) {
  EXPECT_EQ(schema_status(database_.application).current, schema_status(database_.owner).wanted);
}

TEST_F(Fences, MigratingNeedsASuperuser) {
  try {
    migrate(database_.application);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Configuration);
  }
}

}  // namespace
}  // namespace curfew::store
