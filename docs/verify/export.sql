-- Exports a ledger for verification outside the database (docs/ledger-format.md, section 9):
--
--   mkdir ledger-export && cd ledger-export
--   psql -X -v ON_ERROR_STOP=1 -d "$DATABASE" -f …/docs/verify/export.sql
--
-- The login must be a member of curfew_auditor. The files hold personal values: treat them so. For an export without
-- them, leave out personal.csv and reference.csv; a verifier then reports each value as missing.
SET ROLE curfew_auditor;
SET bytea_output = 'hex';
-- One snapshot for all files; the daemon may go on writing.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
\copy (SELECT number, realm, node, epoch, verifier_key FROM curfew.stream ORDER BY number) TO 'stream.csv' WITH (FORMAT csv, HEADER)
\copy (SELECT stream, sequence, engine_time, occurred_at, recorded_at, kind, source, session, subject, facts, commitment FROM curfew.entry ORDER BY stream, sequence) TO 'entry.csv' WITH (FORMAT csv, HEADER)
\copy (SELECT stream, sequence, salt, value FROM curfew.personal ORDER BY stream, sequence) TO 'personal.csv' WITH (FORMAT csv, HEADER)
\copy (SELECT ref, kind, namespace, value FROM curfew.reference) TO 'reference.csv' WITH (FORMAT csv, HEADER)
\copy (SELECT stream, level, index, hashes FROM curfew.tile ORDER BY stream, level, index) TO 'tile.csv' WITH (FORMAT csv, HEADER)
\copy (SELECT stream, size, previous_size, root, note FROM curfew.checkpoint ORDER BY stream, size) TO 'checkpoint.csv' WITH (FORMAT csv, HEADER)
COMMIT;
