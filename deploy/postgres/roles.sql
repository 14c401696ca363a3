-- The roles of a warehouse on PostgreSQL, each with no more than it needs. Run it by psql, as a
-- superuser, in the database of the warehouse and before its tables are made; again, it changes
-- nothing:
--
--     psql -d txcat -v ON_ERROR_STOP=1 -f deploy/postgres/roles.sql
--
-- txcat_owner    makes and changes the tables: `txcat upgrade`, nothing else runs as it
-- txcat_writer   runs the work: reads and writes all rows, makes no table
-- txcat_reader   reads every table and view, for dashboards and people; `txcat status` works. It takes
--                none of the locks that writers wait for, and makes nothing
-- txcat_api      serves `txcat api`: reads what a reader reads, and writes keys and the audit log
--
-- None has a password before you give it one (\password txcat_owner), so nobody can come as it.
-- What txcat_owner makes later, new schemas too, is granted when it is made.

SELECT format('CREATE ROLE %I LOGIN', name)
FROM unnest(ARRAY['txcat_owner', 'txcat_writer', 'txcat_reader', 'txcat_api']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT CONNECT, TEMPORARY, CREATE ON DATABASE :"DBNAME" TO txcat_owner;
GRANT CONNECT, TEMPORARY ON DATABASE :"DBNAME" TO txcat_writer;
GRANT CONNECT ON DATABASE :"DBNAME" TO txcat_reader;

GRANT CONNECT ON DATABASE :"DBNAME" TO txcat_api;
GRANT txcat_reader TO txcat_api;

-- Any role may call these functions unless it is said: who may only read could hold the locks that
-- writers take turns by, and fill the disk with large objects, which txcat has none of.
SELECT format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', function.oid::regprocedure)
    || CASE WHEN function.proname ~ 'advisory'
       THEN format('; GRANT EXECUTE ON FUNCTION %s TO txcat_owner, txcat_writer',
                   function.oid::regprocedure)
       ELSE '' END
FROM pg_proc AS function
WHERE function.pronamespace = 'pg_catalog'::regnamespace
    AND function.proname ~ '^(pg_(try_)?advisory|lo_|lowrite$|loread$)'
\gexec

-- A reader that is out of hand leaves room for the others. The limit of temporary files, in which
-- large sorts go, cannot be changed by it; the times can, and keep only the careless in bounds.
ALTER ROLE txcat_reader CONNECTION LIMIT 20;
ALTER ROLE txcat_writer CONNECTION LIMIT 60;
ALTER ROLE txcat_owner CONNECTION LIMIT 10;
ALTER ROLE txcat_reader SET temp_file_limit = '5GB';
ALTER ROLE txcat_reader SET statement_timeout = '10min';
ALTER ROLE txcat_reader SET lock_timeout = '10s';
ALTER ROLE txcat_reader SET idle_in_transaction_session_timeout = '1min';

ALTER ROLE txcat_api CONNECTION LIMIT 60;
ALTER ROLE txcat_api SET temp_file_limit = '5GB';

ALTER DEFAULT PRIVILEGES FOR ROLE txcat_owner
    GRANT USAGE ON SCHEMAS TO txcat_writer, txcat_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE txcat_owner
    GRANT SELECT ON TABLES TO txcat_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE txcat_owner
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO txcat_writer;
ALTER DEFAULT PRIVILEGES FOR ROLE txcat_owner
    GRANT USAGE ON SEQUENCES TO txcat_writer;

-- The same for what txcat_owner has made before, such as tables that were restored.
SELECT format(command, schema.nspname)
FROM pg_namespace AS schema
CROSS JOIN unnest(ARRAY[
    'GRANT USAGE ON SCHEMA %I TO txcat_writer, txcat_reader',
    'GRANT SELECT ON ALL TABLES IN SCHEMA %I TO txcat_reader',
    'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO txcat_writer',
    'GRANT USAGE ON ALL SEQUENCES IN SCHEMA %I TO txcat_writer'
]) AS command
WHERE schema.nspowner = 'txcat_owner'::regrole AND schema.nspname <> 'access'
\gexec

-- Who may ask the reporting API, and who has: nobody's but its own, also where it was restored.
SELECT command
FROM unnest(ARRAY[
    'REVOKE ALL ON SCHEMA access FROM txcat_writer, txcat_reader',
    'GRANT USAGE ON SCHEMA access TO txcat_api',
    'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA access TO txcat_api'
]) AS command
WHERE to_regnamespace('access') IS NOT NULL
\gexec

-- Which changes the ledger has seen is the owner's to write down.
SELECT format('REVOKE INSERT, UPDATE, DELETE ON %s FROM txcat_writer', ledger.oid::regclass)
FROM pg_class AS ledger
WHERE ledger.oid = to_regclass('ledger.migrations')
\gexec
