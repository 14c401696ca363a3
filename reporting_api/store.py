"""Where keys, counters and the audit log are: tables of `access`, which all workers share.

On PostgreSQL they are in the warehouse's database. Beside a DuckDB file, which one process at a
time may write, they are in a small SQLite file of the home folder, by the same SQL.
"""

import sqlite3
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from txcat_assets.errors import WarehouseBusy, WarehouseRefused
from txcat_assets.settings import Settings

FILE = "access.sqlite"

WAIT_SECONDS = 5

TABLES = (
    """CREATE TABLE IF NOT EXISTS access.keys (
    key_id VARCHAR PRIMARY KEY, digest VARCHAR NOT NULL, role VARCHAR NOT NULL, user_id VARCHAR,
    note VARCHAR NOT NULL, created_at TIMESTAMP NOT NULL, expires_at TIMESTAMP NOT NULL,
    revoked_at TIMESTAMP)""",
    """CREATE TABLE IF NOT EXISTS access.counters (
    name VARCHAR PRIMARY KEY, hits BIGINT NOT NULL, until DOUBLE PRECISION NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS access.audit (
    at TIMESTAMP NOT NULL, request_id VARCHAR NOT NULL, who VARCHAR NOT NULL, role VARCHAR NOT NULL,
    address VARCHAR NOT NULL, method VARCHAR NOT NULL, path VARCHAR NOT NULL,
    query VARCHAR NOT NULL, status INTEGER NOT NULL, records BIGINT NOT NULL,
    seconds DOUBLE PRECISION NOT NULL)""",
)


NOT_LOGGED = "ALTER TABLE access.counters SET UNLOGGED"
"""A count is not worth a wait for the disk; after a crash of the server all begin anew."""

REVOKE_FROM_OTHERS = """
DO $$
DECLARE role REGROLE;
BEGIN
    FOR role IN
        SELECT DISTINCT one.grantee FROM pg_namespace n CROSS JOIN aclexplode(n.nspacl) one
        WHERE n.nspname = 'access' AND one.grantee <> n.nspowner
        AND CAST(CAST(one.grantee AS REGROLE) AS TEXT) <> 'txcat_api'
    LOOP
        EXECUTE format('REVOKE ALL ON SCHEMA access FROM %s', role);
    END LOOP;
    IF to_regrole('txcat_api') IS NOT NULL THEN
        GRANT USAGE ON SCHEMA access TO txcat_api;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA access TO txcat_api;
    END IF;
END
$$"""
"""Revokes the schema from all roles but its owner and txcat_api: some may read by default all that
the owner makes."""


MADE = """
SELECT 1 FROM pg_class WHERE oid = to_regclass('access.counters')
AND (relpersistence = 'u' OR NOT pg_has_role(relowner, 'USAGE'))
"""
"""Whether the tables are there as they should be, as far as this role could change them."""


class Store(Protocol):
    """Runs single statements on the tables of `access`."""

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """Run one statement, a transaction of its own, with values bound by `$name`; its rows.

        Where a connection has broken it may run twice, so it must be safe to.
        """


class SqliteStore:
    """An SQLite file; statements at the same time have a connection each, kept for the next."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: deque[sqlite3.Connection] = deque()
        weakref.finalize(self, _close, self._idle)

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """Run one statement; its rows."""
        with self.translated():
            connection = self._connection()
            try:
                found = connection.execute(sql, values).fetchall()
            except BaseException:
                connection.close()
                raise
            self._idle.append(connection)
        return found

    def _connection(self) -> sqlite3.Connection:
        """One that is idle, or a new one."""
        with suppress(IndexError):
            return self._idle.pop()
        connection = sqlite3.connect(
            ":memory:", timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.execute("ATTACH $path AS access", {"path": str(self._path)})
        connection.execute("PRAGMA access.synchronous = NORMAL")
        return connection

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Raise SQLite's errors in the block as txcat's own."""
        try:
            yield
        except sqlite3.DatabaseError as error:  # OperationalError, or itself of a damaged file
            kind = WarehouseBusy if "locked" in str(error) else WarehouseRefused
            words = f"Working in {self._path}: {error}. Look at that file and its disk."
            raise kind(words) from error


def _close(connections: deque[sqlite3.Connection]) -> None:
    for connection in connections:
        connection.close()


def open_store(settings: Settings) -> Store:
    """The store beside the warehouse that the settings name, its tables made where missing.

    Raises RightMissing where this role may not make them; `txcat upgrade` makes them as the owner.
    """
    if settings.warehouse.startswith("duckdb:"):
        return _sqlite_store(settings.home_folder)
    # Imports psycopg, which an installation on DuckDB need not wait for.
    from txcat_assets.warehouse.databases.postgres import PostgresWarehouse  # noqa: PLC0415

    store = PostgresWarehouse(settings.warehouse, WAIT_SECONDS, WAIT_SECONDS)
    with store.transaction() as tx:
        if not tx.rows(MADE):
            tx.lock("migrate")
            for statement in (
                "CREATE SCHEMA IF NOT EXISTS access",
                *TABLES,
                NOT_LOGGED,
                REVOKE_FROM_OTHERS,
            ):
                tx.run(statement)
    return store


class LazyStore:
    """A store that is opened when it is first used, so that a database may come later."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._guard = Lock()
        self._store: Store | None = None

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """Run one statement; its rows. Raises what `open_store` does too."""
        with self._guard:
            store = self._store = self._store or open_store(self._settings)
        return store.rows(sql, **values)


def _sqlite_store(home: Path) -> SqliteStore:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = home / FILE
    path.touch(mode=0o600)
    store = SqliteStore(path)
    with store.translated(), closing(sqlite3.connect(path, timeout=WAIT_SECONDS)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")  # the file keeps it
    for table in TABLES:
        store.rows(table)
    return store


def when(moment: datetime) -> str:
    """A moment as both databases keep and compare it: UTC, to the microsecond."""
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")
