#include "core/store/migrations.hpp"

#include <array>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/store/migration_0001.hpp"
#include "core/store/server_connection.hpp"

namespace curfew::store {
namespace {

const std::array<Migration, 1>& known() {
  static const std::array<Migration, 1> steps{{{1, "ledger", migration_0001}}};
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
  if (!connection.query("SELECT rolsuper FROM pg_roles WHERE rolname = current_user", {}).truth(0, 0)) {
    throw Error(
        ErrorKind::Configuration,
        "migrating needs a superuser (the ledger's event triggers do): give one with `curfew db migrate "
        "--database postgresql://postgres@…`");
  }
  // Everything in one transaction: a step that fails leaves what was there.
  connection.execute("BEGIN");
  connection.query("SELECT pg_advisory_xact_lock($1)", {Parameter(migration_lock)});
  const Applied found = applied(connection);
  refuse_what_differs(found);
  if (!found.steps.empty()) {
    connection.execute(
        "ALTER EVENT TRIGGER curfew_refuse_ddl DISABLE; ALTER EVENT TRIGGER curfew_refuse_drop DISABLE");
  }
  connection.execute(roles_sql());
  for (std::size_t i = found.steps.size(); i < known().size(); ++i) {
    connection.execute(std::string(known()[i].sql));
    connection.query(
        "INSERT INTO curfew.migration (number, name, digest, applied_at) VALUES ($1, $2, $3, $4)",
        {Parameter(known()[i].number), Parameter::text(known()[i].name),
         Parameter::text(digest_of(known()[i])), Parameter(base::to_micros(base::wall_clock_now()))});
    done.push_back("step " + std::to_string(known()[i].number) + " (" + std::string(known()[i].name) +
                   "): " + (dry_run == DryRun::Yes ? "would be applied" : "applied"));
  }
  connection.execute(
      "ALTER EVENT TRIGGER curfew_refuse_ddl ENABLE ALWAYS; ALTER EVENT TRIGGER curfew_refuse_drop ENABLE "
      "ALWAYS");
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
