#!/bin/sh
# Makes the databases of txcat on a new PostgreSQL server: `txcat`, the warehouse, with the roles of
# roles.sql, and `dagster`, the instance, which belongs to the role `dagster`. The official image runs
# this once, when its volume is empty; the passwords come from files.
set -eu
secrets=${TXCAT_SECRETS:-/run/secrets}

run() { psql --username postgres --quiet --set ON_ERROR_STOP=1 "$@"; }

give_password() { # ROLE FILE
    run --dbname postgres --set role="$1" --set password="$(cat "$secrets/$2")" <<'SQL'
ALTER ROLE :"role" PASSWORD :'password';
SQL
}

run --dbname postgres <<'SQL'
CREATE DATABASE txcat ENCODING 'UTF8' TEMPLATE template0;
CREATE ROLE dagster LOGIN CONNECTION LIMIT 60;
CREATE DATABASE dagster OWNER dagster ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE dagster FROM PUBLIC;
SQL
run --dbname txcat --file "$ROLES" >/dev/null
give_password txcat_owner txcat_owner_password
give_password txcat_writer txcat_writer_password
give_password txcat_api txcat_api_password
give_password dagster dagster_postgres_password
