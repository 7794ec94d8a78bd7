-- The login of Grafana: it reads the views, which hold references and no personal value, and nothing else. Once, as a
-- superuser, after `curfew db migrate`:
--
--   psql -v ON_ERROR_STOP=1 -f dashboards/postgres/reader.sql curfew
--   psql curfew -c '\password curfew_grafana'
--
-- It inherits the rights of curfew_reader (core/store/migration_0001.cpp). The settings bound what a query may cost; who is
-- logged in can change them, so they are a help and no fence. The fence is that nothing but the views is granted.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'curfew_grafana') THEN
    CREATE ROLE curfew_grafana LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 20;
  END IF;
END $$;
GRANT curfew_reader TO curfew_grafana;
ALTER ROLE curfew_grafana SET default_transaction_read_only = on;
ALTER ROLE curfew_grafana SET statement_timeout = '30s';
ALTER ROLE curfew_grafana SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE curfew_grafana SET search_path = pg_catalog;
-- Grafana takes times without a zone for UTC.
ALTER ROLE curfew_grafana SET timezone = 'UTC';
