-- The roles of a warehouse on PostgreSQL, each with no more than it needs. Run it by psql, as a
-- superuser, in the database of the warehouse and before its tables are made; again, it changes
-- nothing:
--
--     psql -d txcat -v ON_ERROR_STOP=1 -f deploy/postgres/roles.sql
--
-- txcat_owner    makes and changes the tables: `txcat upgrade`, nothing else runs as it
-- txcat_writer   runs the work: reads and writes all rows, makes no table
-- txcat_reader   reads every table and view, for dashboards and people; `txcat status` works
--
-- None has a password before you give it one (\password txcat_owner), so nobody can come as it.
-- What txcat_owner makes later, new schemas too, is granted when it is made.

SELECT format('CREATE ROLE %I LOGIN', name)
FROM unnest(ARRAY['txcat_owner', 'txcat_writer', 'txcat_reader']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT CONNECT, TEMPORARY, CREATE ON DATABASE :"DBNAME" TO txcat_owner;
GRANT CONNECT, TEMPORARY ON DATABASE :"DBNAME" TO txcat_writer;
GRANT CONNECT ON DATABASE :"DBNAME" TO txcat_reader;

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
WHERE schema.nspowner = 'txcat_owner'::regrole
\gexec
