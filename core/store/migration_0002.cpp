#include "core/store/migration_0002.hpp"

namespace curfew::store {

// The place is the next entry to be handed on. A session's handle is looked for by its digest, which is its
// namespace: where the engine has forgotten the session, nothing else knows.
const std::string_view migration_0002 = R"sql(
SET LOCAL ROLE curfew_owner;
CREATE TABLE curfew.outlet (
  name text PRIMARY KEY, stream bigint NOT NULL, sequence bigint NOT NULL, state bytea NOT NULL,
  moved_at bigint NOT NULL);
CREATE INDEX reference_handle ON curfew.reference (namespace) WHERE kind = 'handle';
GRANT SELECT, INSERT, UPDATE, DELETE ON curfew.outlet TO curfew_writer;
GRANT SELECT ON curfew.outlet TO curfew_auditor;
RESET ROLE;
)sql";

}  // namespace curfew::store
