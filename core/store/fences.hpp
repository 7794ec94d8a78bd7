// What PostgreSQL itself refuses to do to the ledger: which of it stands in a database, and the event
// triggers, which only a superuser may make.
//
//   for (const store::Fence& fence : store::fences(owner)) …   // "rows can't be changed", stands, why not
//
// Fences deter: a superuser can take them down. Signatures and outside checkpoints are the evidence.
//
// Threads: any. Owns: nothing. Fails: Error(Configuration) when a role lacks the rights, else as
// ServerConnection.
#pragma once

#include <string>
#include <vector>

#include "core/store/store.hpp"

namespace curfew::store {

class ServerConnection;

struct Fence {
  std::string what;
  bool stands = false;
  std::string missing;  // empty when it stands
};
[[nodiscard]] std::vector<Fence> fences(const ConnectionInfo& info);

// Of the role that migrates.
struct Rights {
  std::string role;
  bool superuser = false;
  bool may_create_roles = false;
  bool may_create_schemas = false;
};
[[nodiscard]] Rights rights_of(ServerConnection& connection);
// Throws Error(Configuration) unless these are enough to change the schema.
void require_rights(const Rights& rights, bool event_triggers_stand);

[[nodiscard]] bool has_event_triggers(ServerConnection& connection);    // any, on or off
[[nodiscard]] bool event_triggers_stand(ServerConnection& connection);  // all, on
void lower_event_triggers(ServerConnection& connection);
void raise_event_triggers(ServerConnection& connection);

}  // namespace curfew::store
