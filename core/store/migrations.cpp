#include "core/store/migrations.hpp"

#include <array>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/store/fences.hpp"
#include "core/store/migration_0001.hpp"
#include "core/store/migration_0002.hpp"
#include "core/store/migration_0003.hpp"
#include "core/store/server_connection.hpp"

namespace curfew::store {
namespace {

const std::array<Migration, 3>& known() {
  static const std::array<Migration, 3> steps{
      {{1, "ledger", migration_0001}, {2, "outlets", migration_0002}, {3, "times", migration_0003}}};
  return steps;
}
// "curfew" in ASCII: an advisory lock's number that others are unlikely to use.
constexpr std::int64_t migration_lock = 0x637572666577;

struct Applied {
  std::vector<SchemaStatus::Step> steps;
  std::vector<std::string> digests;
};

Applied applied(ServerConnection& connection) {
  Applied found;
  if (!connection.query("SELECT to_regclass('curfew.migration') IS NOT NULL", {}).truth(0, 0)) return found;
  const Answer answer =
      connection.query("SELECT number, name, digest, applied_at FROM curfew.migration ORDER BY number", {});
  for (int row = 0; row < answer.rows(); ++row) {
    found.steps.push_back({static_cast<int>(answer.number(row, 0)), answer.text(row, 1),
                           base::from_micros(answer.number(row, 3))});
    found.digests.push_back(answer.text(row, 2));
  }
  return found;
}

std::string digest_of(const Migration& migration) { return base::to_hex(base::sha256(migration.sql)); }

void refuse_what_differs(const Applied& found) {
  for (std::size_t i = 0; i < found.steps.size(); ++i) {
    const SchemaStatus::Step& step = found.steps[i];
    if (i >= known().size()) {
      throw Error(ErrorKind::Configuration, "the database's schema has step " + std::to_string(step.number) +
                                                " (" + step.name + "), which this curfew (up to step " +
                                                std::to_string(known().back().number) +
                                                ") does not know: run the newer curfew that made it");
    }
    if (step.number != known()[i].number || found.digests[i] != digest_of(known()[i])) {
      throw Error(ErrorKind::Configuration,
                  "step " + std::to_string(step.number) + " (" + step.name +
                      ") of the database's schema is not the one that this curfew has: the "
                      "database was made by another build; restore it, or use that build");
    }
  }
}

}  // namespace

std::span<const Migration> migrations() { return known(); }

SchemaStatus schema_status(const ConnectionInfo& info) {
  ServerConnection connection(info);
  // The application's login has its rights only as a member of this role.
  const Answer may = connection.query(
      "SELECT pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = 'curfew_auditor'", {});
  if (may.rows() > 0 && may.truth(0, 0)) connection.execute("SET ROLE curfew_auditor");
  SchemaStatus status;
  status.wanted = known().back().number;
  status.steps = applied(connection).steps;
  if (!status.steps.empty()) status.current = status.steps.back().number;
  for (std::size_t i = status.steps.size(); i < known().size(); ++i) {
    status.steps.push_back({known()[i].number, std::string(known()[i].name), Time{}});
  }
  return status;
}

std::vector<std::string> migrate(const ConnectionInfo& owner, DryRun dry_run) {
  ServerConnection connection(owner);
  std::vector<std::string> done;
  const Rights rights = rights_of(connection);
  // Everything in one transaction: a step that fails leaves what was there.
  connection.execute("BEGIN");
  if (!connection.query("SELECT pg_try_advisory_xact_lock($1)", {Parameter(migration_lock)}).truth(0, 0)) {
    done.emplace_back("another migration of this database is under way: waiting for it");
    connection.query("SELECT pg_advisory_xact_lock($1)", {Parameter(migration_lock)});
  }
  const Applied found = applied(connection);
  refuse_what_differs(found);
  const bool pending = found.steps.size() < known().size();
  if (pending) require_rights(rights, !found.steps.empty() && has_event_triggers(connection));
  if (rights.superuser && pending) lower_event_triggers(connection);
  if (pending) connection.execute(roles_sql());
  if (pending && !rights.superuser) connection.execute("GRANT curfew_owner TO CURRENT_USER");
  for (std::size_t i = found.steps.size(); i < known().size(); ++i) {
    connection.execute(std::string(known()[i].sql));
    connection.query(
        "INSERT INTO curfew.migration (number, name, digest, applied_at) VALUES ($1, $2, $3, $4)",
        {Parameter(known()[i].number), Parameter::text(known()[i].name),
         Parameter::text(digest_of(known()[i])), Parameter(base::to_micros(base::wall_clock_now()))});
    done.push_back("step " + std::to_string(known()[i].number) + " (" + std::string(known()[i].name) +
                   "): " + (dry_run == DryRun::Yes ? "would be applied" : "applied"));
  }
  if (rights.superuser) {
    if (!event_triggers_stand(connection)) raise_event_triggers(connection);
  } else if (!has_event_triggers(connection)) {
    done.emplace_back(
        "the event triggers, which refuse DROP and ALTER, were left out: only a superuser may make them. "
        "`curfew db status` shows which fences stand; `curfew db migrate` by a superuser adds them");
  }
  connection.execute(dry_run == DryRun::Yes ? "ROLLBACK" : "COMMIT");
  return done;
}

void require_current_schema(ServerConnection& connection) {
  const Applied found = applied(connection);
  refuse_what_differs(found);
  if (found.steps.size() < known().size()) {
    throw Error(ErrorKind::Configuration, "the database's schema is at step " +
                                              std::to_string(found.steps.size()) + " of " +
                                              std::to_string(known().size()) + ": run `curfew db migrate`");
  }
}

}  // namespace curfew::store
