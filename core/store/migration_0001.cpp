#include "core/store/migration_0001.hpp"

#include <string>

#include "core/store/migrations.hpp"

namespace curfew::store {

// Roles belong to the whole server, so they may be there already.
//   owner    has the tables; nobody logs in as it
//   writer   may append to the ledger and maintain what is derived from it
//   auditor  reads everything, personal values too: verification, the API's workers, reports
//   reader   reads the views, which hold references only: dashboards
std::string roles_sql() {
  std::string sql;
  for (const char* role : {"curfew_owner", "curfew_writer", "curfew_auditor", "curfew_reader"}) {
    sql += std::string("DO $$ BEGIN CREATE ROLE ") + role +
           " NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;";
  }
  return sql;
}

// Times are microseconds since 1970 UTC; 0 is none. Empty bytes and texts are none: nothing of the ledger is
// NULL, so that each entry has one form only.
const std::string_view migration_0001 = R"sql(
CREATE SCHEMA curfew AUTHORIZATION curfew_owner;
SET LOCAL ROLE curfew_owner;

CREATE TABLE curfew.migration (
  number integer PRIMARY KEY, name text NOT NULL, digest text NOT NULL, applied_at bigint NOT NULL);

-- ---- the ledger: append only ----
CREATE TABLE curfew.stream (
  number integer PRIMARY KEY, realm text NOT NULL, node text NOT NULL, epoch bigint NOT NULL,
  verifier_key text NOT NULL, UNIQUE (realm, node, epoch));
-- What grows with each entry is partitioned by stream and sequence; curfew.make_room makes the partitions.
CREATE TABLE curfew.entry (
  stream integer NOT NULL, sequence bigint NOT NULL,
  engine_time bigint NOT NULL, occurred_at bigint NOT NULL, recorded_at bigint NOT NULL,
  kind text NOT NULL, source text NOT NULL, session bytea NOT NULL, subject bytea NOT NULL,
  facts text NOT NULL, commitment bytea NOT NULL, PRIMARY KEY (stream, sequence))
  PARTITION BY RANGE (stream, sequence);
CREATE TABLE curfew.personal (
  stream integer NOT NULL, sequence bigint NOT NULL, salt bytea NOT NULL, value text NOT NULL,
  PRIMARY KEY (stream, sequence))
  PARTITION BY RANGE (stream, sequence);
CREATE TABLE curfew.reference (
  ref bytea PRIMARY KEY, kind text NOT NULL, namespace text NOT NULL, value text NOT NULL);
CREATE TABLE curfew.tile (
  stream integer NOT NULL, level integer NOT NULL, index bigint NOT NULL, hashes bytea NOT NULL,
  PRIMARY KEY (stream, level, index));
-- Each checkpoint names the size that it follows: two writers can't both go on from the same one.
CREATE TABLE curfew.checkpoint (
  stream integer NOT NULL, size bigint NOT NULL, previous_size bigint NOT NULL, root bytea NOT NULL, note text NOT NULL,
  PRIMARY KEY (stream, size), UNIQUE (stream, previous_size), CHECK (size > previous_size));

-- Which partitions were made, when and for whom: one that was made and is gone is never made again, empty.
CREATE TABLE curfew.partition (
  name text PRIMARY KEY, parent text NOT NULL, stream integer NOT NULL, first bigint NOT NULL, beyond bigint NOT NULL,
  made_at timestamptz NOT NULL, made_by text NOT NULL);

-- ---- derived from the ledger, or the program's own memory ----
CREATE TABLE curfew.session (
  number bigint PRIMARY KEY, source text NOT NULL, session bytea NOT NULL, subject bytea NOT NULL, device bytea NOT NULL,
  address bytea NOT NULL, user_agent bytea NOT NULL, application text NOT NULL, account_type text NOT NULL,
  auth_method text NOT NULL, interactivity text NOT NULL, network text NOT NULL, factors smallint NOT NULL,
  privileged boolean NOT NULL, start_seen boolean NOT NULL, state text NOT NULL, started_at bigint NOT NULL,
  last_person_activity_at bigint NOT NULL, last_machine_activity_at bigint NOT NULL,
  last_fresh_authentication_at bigint NOT NULL, expires_at bigint NOT NULL, ended_at bigint NOT NULL,
  end_reason text NOT NULL, end_certainty text NOT NULL, corrections bigint NOT NULL, activities bigint NOT NULL)
  WITH (fillfactor = 80);
CREATE INDEX session_subject ON curfew.session (subject, number);
CREATE INDEX session_live ON curfew.session (number) WHERE ended_at = 0;
CREATE TABLE curfew.violation (
  number bigint PRIMARY KEY, policy text NOT NULL, rule text NOT NULL, mode text NOT NULL, session bigint NOT NULL,
  subject bytea NOT NULL, source text NOT NULL, breached_at bigint NOT NULL, detected_at bigint NOT NULL,
  withdrawn_at bigint NOT NULL, evidence text NOT NULL, controls text[] NOT NULL, sign_out bigint NOT NULL);
CREATE INDEX violation_subject ON curfew.violation (subject, number);
CREATE TABLE curfew.sign_out (
  number bigint PRIMARY KEY, session bigint NOT NULL, subject bytea NOT NULL, source text NOT NULL, reason text NOT NULL,
  violation bigint NOT NULL, ordered_by text NOT NULL, outcome text NOT NULL, held_because text NOT NULL,
  step bigint NOT NULL, steps bigint NOT NULL, breached_at bigint NOT NULL, ordered_at bigint NOT NULL,
  concluded_at bigint NOT NULL, reverted_at bigint NOT NULL, trail text NOT NULL);
CREATE INDEX sign_out_open ON curfew.sign_out (number) WHERE concluded_at = 0;
CREATE TABLE curfew.cursor (
  source text NOT NULL, name text NOT NULL, value bytea NOT NULL, read bigint NOT NULL, filtered bigint NOT NULL,
  unreadable bigint NOT NULL, PRIMARY KEY (source, name));
CREATE TABLE curfew.memory (
  source text NOT NULL, key bytea NOT NULL, value bytea NOT NULL, expires_at bigint NOT NULL, PRIMARY KEY (source, key));
CREATE INDEX memory_expiry ON curfew.memory (expires_at) WHERE expires_at <> 0;
-- The keys of a batch in one value, 24 bytes each: the key, then its expiry as a big-endian number. The one writer of
-- a stream recognises repeats in memory; a row and an index entry for each key would cost a fifth of the append.
CREATE TABLE curfew.idempotency (
  stream integer NOT NULL, size bigint NOT NULL, source text NOT NULL, expires_at bigint NOT NULL,
  keys bytea NOT NULL, PRIMARY KEY (stream, size, source));
CREATE INDEX idempotency_expiry ON curfew.idempotency (expires_at);
CREATE TABLE curfew.snapshot (
  stream integer NOT NULL, size bigint NOT NULL, policy_digest text NOT NULL, digest bytea NOT NULL, parts bigint NOT NULL,
  bytes bigint NOT NULL, taken_at bigint NOT NULL, PRIMARY KEY (stream, size));
CREATE TABLE curfew.snapshot_part (
  stream integer NOT NULL, size bigint NOT NULL, part bigint NOT NULL, bytes bytea NOT NULL,
  PRIMARY KEY (stream, size, part));

-- Hashes and digests don't shrink: don't try.
ALTER TABLE curfew.tile ALTER COLUMN hashes SET STORAGE EXTERNAL;
ALTER TABLE curfew.idempotency ALTER COLUMN keys SET STORAGE EXTERNAL;
ALTER TABLE curfew.snapshot_part ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- ---- views for readers: references, never the values behind them ----
CREATE FUNCTION curfew.at(micros bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT CASE WHEN micros <> 0 THEN timestamptz 'epoch' + micros * interval '1 microsecond' END $$;
CREATE VIEW curfew.entries AS SELECT stream, sequence, curfew.at(engine_time) AS engine_time,
  curfew.at(occurred_at) AS occurred_at, curfew.at(recorded_at) AS recorded_at, kind, source,
  encode(session, 'hex') AS session, encode(subject, 'hex') AS subject, facts::jsonb AS facts,
  encode(commitment, 'hex') AS commitment FROM curfew.entry;
CREATE VIEW curfew.access AS SELECT stream, sequence, curfew.at(recorded_at) AS recorded_at, facts::jsonb AS facts
  FROM curfew.entry WHERE kind = 'access';
CREATE VIEW curfew.checkpoints AS SELECT c.stream, s.realm, s.node, s.epoch, s.verifier_key, c.size,
  encode(c.root, 'base64') AS root, c.note FROM curfew.checkpoint c JOIN curfew.stream s ON s.number = c.stream;
CREATE VIEW curfew.sessions AS SELECT number, source, encode(session, 'hex') AS session, encode(subject, 'hex') AS subject,
  encode(device, 'hex') AS device, encode(address, 'hex') AS address, encode(user_agent, 'hex') AS user_agent,
  application, account_type, auth_method, interactivity, network, factors, privileged, start_seen, state,
  curfew.at(started_at) AS started_at, curfew.at(last_person_activity_at) AS last_person_activity_at,
  curfew.at(last_machine_activity_at) AS last_machine_activity_at,
  curfew.at(last_fresh_authentication_at) AS last_fresh_authentication_at, curfew.at(expires_at) AS expires_at,
  curfew.at(ended_at) AS ended_at, end_reason, end_certainty, corrections, activities FROM curfew.session;
-- A presence: what is left when the sessions of a subject that overlap, or touch, are laid together. Raw, as tables are;
-- a condition on the subject reaches the index.
CREATE VIEW curfew.presence AS SELECT subject,
  coalesce((array_agg(account_type ORDER BY number DESC) FILTER (WHERE account_type <> 'unknown'))[1], 'unknown')
    AS account_type,
  min(started_at) AS started_at, CASE WHEN bool_or(ended_at = 0) THEN 0 ELSE max(ended_at) END AS ended_at,
  count(*) AS sessions, count(*) FILTER (WHERE ended_at = 0) AS live_sessions,
  array_agg(DISTINCT source ORDER BY source) AS sources,
  coalesce(array_agg(DISTINCT application ORDER BY application) FILTER (WHERE application <> ''), '{}') AS applications,
  max(last_person_activity_at) AS last_person_activity_at
  FROM (SELECT *, count(*) FILTER (WHERE begins) OVER (PARTITION BY subject ORDER BY started_at, number) AS island
    FROM (SELECT number, subject, source, application, account_type, started_at, ended_at, last_person_activity_at,
        (started_at > max(CASE WHEN ended_at = 0 THEN 9223372036854775807 ELSE ended_at END) OVER (PARTITION BY subject
          ORDER BY started_at, number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) IS NOT FALSE AS begins
      FROM curfew.session WHERE subject <> '') AS told) AS placed
  GROUP BY subject, island;
CREATE VIEW curfew.presences AS SELECT encode(subject, 'hex') AS subject, account_type,
  curfew.at(started_at) AS started_at, curfew.at(ended_at) AS ended_at, sessions, live_sessions, sources, applications,
  curfew.at(last_person_activity_at) AS last_person_activity_at FROM curfew.presence;
CREATE VIEW curfew.violations AS SELECT number, policy, rule, mode, session, encode(subject, 'hex') AS subject, source,
  curfew.at(breached_at) AS breached_at, curfew.at(detected_at) AS detected_at, curfew.at(withdrawn_at) AS withdrawn_at,
  evidence::jsonb AS evidence, controls, sign_out FROM curfew.violation;
CREATE VIEW curfew.sign_outs AS SELECT number, session, encode(subject, 'hex') AS subject, source, violation, outcome,
  held_because, step, steps, curfew.at(breached_at) AS breached_at, curfew.at(ordered_at) AS ordered_at,
  curfew.at(concluded_at) AS concluded_at, curfew.at(reverted_at) AS reverted_at FROM curfew.sign_out;
CREATE VIEW curfew.progress AS SELECT source, sum(read)::bigint AS read, sum(filtered)::bigint AS filtered,
  sum(unreadable)::bigint AS unreadable FROM curfew.cursor GROUP BY source;

-- ---- room for entries ----
-- The one way to a partition: the writer may neither create nor alter. Makes those of a stream, from its head up to a
-- size that is not far ahead; answers up to which size there is room. A new table is attached, which, unlike CREATE TABLE
-- … PARTITION OF, waits for no reader.
CREATE FUNCTION curfew.make_room(wanted_stream integer, wanted_size bigint) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  rows_each CONSTANT bigint := 10000000;
  head bigint;
  made curfew.partition;
BEGIN
  IF NOT EXISTS (SELECT FROM curfew.stream WHERE number = wanted_stream) THEN
    RAISE EXCEPTION 'curfew: there is no stream %', wanted_stream;
  END IF;
  SELECT coalesce(max(size), 0) INTO head FROM curfew.checkpoint WHERE stream = wanted_stream;
  IF wanted_size <= head OR wanted_size > head + 2 * rows_each THEN
    RAISE EXCEPTION 'curfew: stream % ends at %: no room is made for a size of %', wanted_stream, head, wanted_size;
  END IF;
  made.stream := wanted_stream;
  made.made_at := now();
  made.made_by := session_user;
  FOR nth IN head / rows_each .. (wanted_size - 1) / rows_each LOOP
    made.first := nth * rows_each;
    made.beyond := made.first + rows_each;
    FOREACH made.parent IN ARRAY ARRAY['entry', 'personal'] LOOP
      made.name := format('%s_%s_%s', made.parent, wanted_stream, nth);
      CONTINUE WHEN EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = to_regclass('curfew.' || made.parent)
        AND i.inhrelid = to_regclass('curfew.' || made.name) AND NOT i.inhdetachpending);
      IF EXISTS (SELECT FROM curfew.partition p WHERE p.name = made.name) THEN
        RAISE EXCEPTION 'curfew: the partition % of the ledger was made and is not there any more: attach it again, or '
          'restore it from a backup', made.name;
      END IF;
      EXECUTE format('CREATE TABLE curfew.%I (LIKE curfew.%I INCLUDING ALL)', made.name, made.parent);
      EXECUTE format('ALTER TABLE curfew.%I ATTACH PARTITION curfew.%I FOR VALUES FROM (%s, %s) TO (%s, %s)',
        made.parent, made.name, wanted_stream, made.first, wanted_stream, made.beyond);
      -- Row triggers follow to a partition; statement triggers do not.
      EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON curfew.%I FOR EACH STATEMENT '
                     'EXECUTE FUNCTION curfew_guard.refuse_change()', made.name);
      EXECUTE format('ALTER TABLE curfew.%I ENABLE ALWAYS TRIGGER refuse_truncate, ENABLE ALWAYS TRIGGER refuse_change',
        made.name);
      INSERT INTO curfew.partition VALUES (made.*);
    END LOOP;
  END LOOP;
  RETURN made.beyond;
END $$;

-- ---- who may what ----
REVOKE ALL ON ALL TABLES IN SCHEMA curfew FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA curfew FROM PUBLIC;
GRANT USAGE ON SCHEMA curfew TO curfew_writer, curfew_auditor, curfew_reader;
GRANT SELECT ON curfew.migration TO curfew_writer, curfew_auditor, curfew_reader;
GRANT INSERT ON curfew.stream, curfew.entry, curfew.personal, curfew.reference, curfew.tile, curfew.checkpoint
  TO curfew_writer;
GRANT SELECT ON curfew.stream, curfew.checkpoint TO curfew_writer;
GRANT EXECUTE ON FUNCTION curfew.make_room TO curfew_writer;
GRANT SELECT, INSERT, UPDATE ON curfew.session, curfew.violation, curfew.sign_out TO curfew_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON curfew.cursor, curfew.memory TO curfew_writer;
GRANT SELECT, INSERT, DELETE ON curfew.idempotency, curfew.snapshot, curfew.snapshot_part TO curfew_writer;
GRANT SELECT ON ALL TABLES IN SCHEMA curfew TO curfew_auditor;
GRANT SELECT ON curfew.entries, curfew.access, curfew.checkpoints, curfew.sessions, curfew.presences, curfew.violations, curfew.sign_outs,
  curfew.progress TO curfew_reader;
GRANT EXECUTE ON FUNCTION curfew.at TO curfew_reader, curfew_auditor;
RESET ROLE;

-- ---- fences: they deter; the signatures are the evidence ----
-- In a schema of their own: DROP SCHEMA curfew CASCADE must not take along what refuses it.
CREATE SCHEMA curfew_guard;
GRANT USAGE ON SCHEMA curfew_guard TO curfew_owner;
CREATE FUNCTION curfew_guard.refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION 'curfew: % on %.% is refused: the ledger is append-only', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END $$;
DO $$
DECLARE ledger_table text;
BEGIN
  FOREACH ledger_table IN ARRAY ARRAY['stream', 'entry', 'personal', 'reference', 'tile', 'checkpoint', 'partition'] LOOP
    EXECUTE format('CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON curfew.%I FOR EACH ROW '
                   'EXECUTE FUNCTION curfew_guard.refuse_change()', ledger_table);
    EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON curfew.%I FOR EACH STATEMENT '
                   'EXECUTE FUNCTION curfew_guard.refuse_change()', ledger_table);
    -- ALWAYS: also under session_replication_role = replica.
    EXECUTE format('ALTER TABLE curfew.%I ENABLE ALWAYS TRIGGER refuse_change', ledger_table);
    EXECUTE format('ALTER TABLE curfew.%I ENABLE ALWAYS TRIGGER refuse_truncate', ledger_table);
  END LOOP;
END $$;
CREATE FUNCTION curfew_guard.refuse_ddl() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  command record;
  context text;
BEGIN
  GET DIAGNOSTICS context = PG_CONTEXT;
  IF context ~ 'curfew\.make_room\(integer,bigint\)' THEN
    RETURN;
  END IF;
  FOR command IN SELECT * FROM pg_event_trigger_ddl_commands() LOOP
    IF command.schema_name IN ('curfew', 'curfew_guard') OR command.object_identity IN ('curfew', 'curfew_guard')
      OR command.object_identity ~ '(^|[ ."])curfew(_guard)?\.'
    THEN
      RAISE EXCEPTION 'curfew: % on % is refused: only `curfew db migrate` changes this schema', command.command_tag,
        command.object_identity USING ERRCODE = 'insufficient_privilege';
    END IF;
  END LOOP;
  -- What was moved away is told by its new name.
  IF (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'curfew'
        AND c.relkind IN ('r', 'p') AND c.relname IN ('stream', 'entry', 'personal', 'reference', 'tile', 'checkpoint',
        'partition')) < 7
    OR (SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'curfew_guard'
        AND p.proname IN ('refuse_change', 'refuse_ddl', 'refuse_drop', 'refuse_detach')) < 4
    OR EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
        JOIN pg_namespace n ON n.oid = p.relnamespace WHERE n.nspname = 'curfew' AND p.relkind = 'p'
        AND c.relnamespace <> p.relnamespace) THEN
    RAISE EXCEPTION 'curfew: moving the ledger away is refused: only `curfew db migrate` changes this schema'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
END $$;
CREATE FUNCTION curfew_guard.refuse_drop() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE dropped record;
BEGIN
  FOR dropped IN SELECT * FROM pg_event_trigger_dropped_objects() LOOP
    IF dropped.schema_name IN ('curfew', 'curfew_guard') OR dropped.object_identity IN ('curfew', 'curfew_guard')
      OR dropped.object_identity ~ '(^|[ ."])curfew(_guard)?\.'
    THEN
      RAISE EXCEPTION 'curfew: dropping % is refused: the ledger is append-only', dropped.object_identity
        USING ERRCODE = 'insufficient_privilege';
    END IF;
  END LOOP;
END $$;
-- DETACH … CONCURRENTLY commits its first half before the end of the command could refuse it: from then on readers of
-- the ledger miss the rows. Where it starts, the text of the query is all that is known.
CREATE FUNCTION curfew_guard.refuse_detach() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF current_query() ~* '\mdetach\M.*\mconcurrently\M' THEN
    RAISE EXCEPTION 'curfew: detaching a partition is refused in this database: the ledger is append-only'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
END $$;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA curfew_guard FROM PUBLIC;
GRANT EXECUTE ON FUNCTION curfew_guard.refuse_change TO curfew_owner;
DO $$
BEGIN
  EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO curfew_writer', current_database());
END $$;
)sql";

}  // namespace curfew::store
