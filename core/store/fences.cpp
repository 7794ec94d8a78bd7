#include "core/store/fences.hpp"

#include "core/base/error.hpp"
#include "core/store/server_connection.hpp"

namespace curfew::store {
namespace {

// The tables of the ledger, and each partition of one. Catalogues only: whoever asks need not be allowed in.
constexpr const char* ledger_tables =
    "WITH known AS (SELECT c.oid, c.relname, c.relispartition FROM pg_class c JOIN pg_namespace n ON n.oid = "
    "c.relnamespace WHERE n.nspname = 'curfew' AND c.relkind IN ('r', 'p') AND c.relname IN ('stream', "
    "'entry', 'personal', 'reference', 'tile', 'checkpoint', 'partition')), ledger AS (SELECT * FROM known "
    "UNION ALL SELECT c.oid, c.relname, c.relispartition FROM known JOIN pg_inherits i ON i.inhparent = "
    "known.oid JOIN pg_class c ON c.oid = i.inhrelid) ";

// `select` gives the names of what is missing, in one text.
Fence fence(ServerConnection& connection, std::string what, const std::string& select) {
  Fence made{.what = std::move(what), .stands = false, .missing = {}};
  const Answer answer = connection.query(select, {});
  if (answer.rows() > 0) made.missing = answer.text(0, 0);
  made.stands = made.missing.empty();
  return made;
}

Fence trigger_fence(ServerConnection& connection, std::string what, const std::string& name) {
  return fence(connection, std::move(what),
               std::string(ledger_tables) + "SELECT coalesce(string_agg('no trigger ' || '" + name +
                   "' || ' that always fires on curfew.' || relname, ', ' ORDER BY relname), '') FROM "
                   "ledger WHERE NOT EXISTS (SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
                   "WHERE t.tgrelid = ledger.oid AND t.tgname = '" +
                   name + "' AND t.tgenabled = 'A' AND p.proname = 'refuse_change')");
}

}  // namespace

std::vector<Fence> fences(const ConnectionInfo& info) {
  ServerConnection connection(info);
  std::vector<Fence> all;
  all.push_back(fence(
      connection, "the writer can only add to the ledger, and not to a partition past its table",
      std::string(ledger_tables) +
          "SELECT coalesce(string_agg('curfew_writer has ' || right_name || ' on curfew.' || relname, ', ' "
          "ORDER BY relname, right_name), '') FROM ledger CROSS JOIN unnest(ARRAY['INSERT', 'UPDATE', "
          "'DELETE', 'TRUNCATE', 'TRIGGER']) right_name WHERE has_table_privilege('curfew_writer', "
          "ledger.oid, right_name) AND (right_name <> 'INSERT' OR relispartition)"));
  all.push_back(trigger_fence(
      connection, "rows of the ledger can't be changed or deleted, by its owner neither", "refuse_change"));
  all.push_back(
      trigger_fence(connection, "no table or partition of the ledger can be emptied", "refuse_truncate"));
  all.push_back(
      fence(connection, "DROP, ALTER, DETACH and DISABLE TRIGGER are refused (event triggers)",
            "SELECT coalesce(string_agg(name || ' is missing or off: a superuser adds it with `curfew "
            "db migrate`', ', '), '') FROM unnest(ARRAY['curfew_refuse_ddl', 'curfew_refuse_drop', "
            "'curfew_refuse_detach']) name WHERE NOT EXISTS (SELECT FROM pg_event_trigger WHERE "
            "evtname = name AND evtenabled = 'A')"));
  return all;
}

Rights rights_of(ServerConnection& connection) {
  const Answer answer = connection.query(
      "SELECT rolname::text, rolsuper, rolcreaterole, has_database_privilege(current_database(), 'CREATE') "
      "FROM pg_roles WHERE rolname = current_user",
      {});
  return {.role = answer.text(0, 0),
          .superuser = answer.truth(0, 1),
          .may_create_roles = answer.truth(0, 2),
          .may_create_schemas = answer.truth(0, 3)};
}

void require_rights(const Rights& rights, bool event_triggers_stand) {
  if (rights.superuser) return;
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorKind::Configuration,
                "'" + rights.role + "' can't migrate: " + why +
                    "; use a superuser (`curfew db migrate --database postgresql://postgres@…`), which the "
                    "event triggers need too");
  };
  if (event_triggers_stand)
    refuse("the event triggers of this database refuse every change but a superuser's");
  if (!rights.may_create_roles) refuse("it may not create roles (CREATEROLE)");
  if (!rights.may_create_schemas) refuse("it may not create in this database (GRANT CREATE ON DATABASE)");
}

bool has_event_triggers(ServerConnection& connection) {
  return connection
      .query("SELECT EXISTS (SELECT FROM pg_event_trigger WHERE evtname LIKE 'curfew\\_refuse\\_%')", {})
      .truth(0, 0);
}

bool event_triggers_stand(ServerConnection& connection) {
  return connection
             .query(
                 "SELECT count(*) FROM pg_event_trigger WHERE evtenabled = 'A' AND evtname IN "
                 "('curfew_refuse_ddl', 'curfew_refuse_drop', 'curfew_refuse_detach')",
                 {})
             .number(0, 0) == 3;
}

void lower_event_triggers(ServerConnection& connection) {
  connection.execute(
      "DROP EVENT TRIGGER IF EXISTS curfew_refuse_ddl; DROP EVENT TRIGGER IF EXISTS curfew_refuse_drop; DROP "
      "EVENT TRIGGER IF EXISTS curfew_refuse_detach");
}

// ALWAYS: also under session_replication_role = replica.
void raise_event_triggers(ServerConnection& connection) {
  lower_event_triggers(connection);
  connection.execute(
      "CREATE EVENT TRIGGER curfew_refuse_drop ON sql_drop EXECUTE FUNCTION curfew_guard.refuse_drop(); "
      "CREATE EVENT TRIGGER curfew_refuse_detach ON ddl_command_start WHEN TAG IN ('ALTER TABLE') EXECUTE "
      "FUNCTION curfew_guard.refuse_detach(); "
      "CREATE EVENT TRIGGER curfew_refuse_ddl ON ddl_command_end EXECUTE FUNCTION curfew_guard.refuse_ddl(); "
      "ALTER EVENT TRIGGER curfew_refuse_ddl ENABLE ALWAYS; ALTER EVENT TRIGGER curfew_refuse_drop ENABLE "
      "ALWAYS; ALTER EVENT TRIGGER curfew_refuse_detach ENABLE ALWAYS");
}

}  // namespace curfew::store
