// The schema, as numbered steps forward that are part of the program.
//
//   for (const std::string& line : store::migrate(owner, store::DryRun::No)) std::puts(line.c_str());
//   store::schema_status(owner).current        // 1
//
// Threads: any; an advisory lock lets one migrate at a time. Owns: nothing. Fails: Error(Configuration) when
// the schema is newer than this program or an applied step differs from ours; nothing is changed then.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/store.hpp"

namespace curfew::store {

class ServerConnection;

struct Migration {
  int number = 0;
  std::string_view name;
  std::string_view sql;
};
[[nodiscard]] std::span<const Migration> migrations();

struct SchemaStatus {
  struct Step {
    int number = 0;
    std::string name;
    Time applied_at{};  // epoch: not applied
  };
  int current = 0;  // 0: no schema yet
  int wanted = 0;
  std::vector<Step> steps;
};
[[nodiscard]] SchemaStatus schema_status(const ConnectionInfo& info);

enum class DryRun : bool { No, Yes };
// By a superuser, or by a role that may create roles and create in the database: the event triggers are left
// out then, and it says so. Says what it did, a line for each step. A dry run does it all on the server and
// takes it back.
std::vector<std::string> migrate(const ConnectionInfo& owner, DryRun dry_run = DryRun::No);

// The roles, created where they are missing.
[[nodiscard]] std::string roles_sql();
// Throws Error(Configuration) unless the schema is exactly the one that this program knows.
void require_current_schema(ServerConnection& connection);

}  // namespace curfew::store
