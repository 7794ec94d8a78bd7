#include "core/store/migration_0003.hpp"

namespace curfew::store {

// Dashboards ask the views for a window of time, and for what has no end yet: they have to find it without
// reading all that ever was. The views' columns are curfew.at of a number: the first form of that function
// held an expression that PostgreSQL calls stable, so that it was called for each row and never put in its
// place. As float8 the microseconds are exact until 2106. Whoever writes has to evaluate what is indexed.
const std::string_view migration_0003 = R"sql(
SET LOCAL ROLE curfew_owner;
CREATE OR REPLACE FUNCTION curfew.at(micros bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT CASE WHEN micros <> 0 THEN to_timestamp(micros::float8 / 1e6) END $$;
GRANT EXECUTE ON FUNCTION curfew.at TO curfew_writer;
CREATE INDEX session_started ON curfew.session (curfew.at(started_at));
CREATE INDEX session_ended ON curfew.session (curfew.at(ended_at));
CREATE INDEX violation_detected ON curfew.violation (curfew.at(detected_at));
CREATE INDEX sign_out_ordered ON curfew.sign_out (curfew.at(ordered_at));
CREATE INDEX sign_out_concluded ON curfew.sign_out (curfew.at(concluded_at));
RESET ROLE;
)sql";

}  // namespace curfew::store
