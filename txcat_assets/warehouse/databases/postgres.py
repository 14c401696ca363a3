"""PostgreSQL, the warehouse of a production installation: many workers, one server.

Connections are kept between transactions; a claim is a lock of a session, so it is freed by the
server when its process dies. What runs in a transaction is in `postgres_transaction`.
"""

import weakref
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Literal

import psycopg
from psycopg.conninfo import conninfo_to_dict

from txcat_assets.errors import SettingRefused, WarehouseRefused
from txcat_assets.warehouse.databases.postgres_claims import SessionClaims
from txcat_assets.warehouse.databases.postgres_errors import translated
from txcat_assets.warehouse.databases.postgres_transaction import (
    Connection,
    PostgresTransaction,
    bound,
)

OLDEST_SERVER = 140_000
"""PostgreSQL 14, in the server's own version number."""

IDLE_IN_TRANSACTION_SECONDS = 60
"""A transaction of ours waits for nothing but the database; one that idles holds up vacuum."""

CONNECTION = {
    "application_name": "txcat",
    "connect_timeout": 10,
    # A worker whose host is gone is noticed in a minute, and its claims are freed.
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "client_encoding": "utf8",
}

WORK_MEM = "64MB"
"""Enough to sort and hash the keys of a slice without a temporary file; a URL may set another."""


class PostgresWarehouse:
    """A PostgreSQL database; safe to share between threads, processes and machines."""

    def __init__(
        self,
        url: str,
        wait_seconds: float,
        statement_seconds: float,
        named_by: str = "TXCAT_WAREHOUSE_URL",
    ) -> None:
        self._conninfo = _conninfo(_read(url, named_by), wait_seconds, statement_seconds)
        self._named_by = named_by
        self._idle: deque[Connection] = deque()
        self._claims = SessionClaims(self._connect)
        weakref.finalize(self, _close, self._idle)

    @property
    def place(self) -> str:
        """User, host and database, without the password."""
        given = self._conninfo
        where = given.get("host") or given.get("hostaddr") or "the local socket"
        port = f":{given['port']}" if given.get("port") else ""
        user = f"{given['user']}@" if given.get("user") else ""
        return f"postgresql://{user}{where}{port}/{given.get('dbname') or ''}"

    @property
    def kind(self) -> Literal["postgres"]:
        """PostgreSQL."""
        return "postgres"

    @contextmanager
    def transaction(self, kind: str = "") -> Iterator[PostgresTransaction]:
        """Begin on a connection of its own; commit at the end, roll back when the block raises.

        `kind` is what stands behind BEGIN, such as READ ONLY.
        """
        with translated(self.place, self._named_by):
            connection = self._begin(f"BEGIN {kind}".encode())
            try:
                yield PostgresTransaction(connection)
                connection.commit()
            except BaseException:
                with suppress(psycopg.Error):
                    connection.rollback()
                raise
            finally:
                self._keep(connection)

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """Run one statement that is a transaction of its own, in one round trip; its rows.

        Where an idle connection has broken it is run again over another, so it must be safe to run
        twice.
        """
        with translated(self.place, self._named_by):
            while self._idle:
                connection = self._idle.pop()
                try:
                    return self._alone(connection, sql, values)
                except psycopg.OperationalError:
                    if not connection.closed:
                        raise
            return self._alone(self._connect(), sql, values)

    def _alone(
        self, connection: Connection, sql: str, values: Mapping[str, Any]
    ) -> list[tuple[Any, ...]]:
        try:
            cursor = connection.execute(bound(sql, values), values or None)
            return cursor.fetchall() if cursor.description else []
        finally:
            self._keep(connection)

    def _keep(self, connection: Connection) -> None:
        """Keep a connection for the next who needs one, unless it has broken."""
        if connection.closed or connection.broken:
            connection.close()
        else:
            self._idle.append(connection)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection for this block alone, without a transaction."""
        with translated(self.place, self._named_by), self._connect() as connection:
            yield connection

    @contextmanager
    def claim(self, *what: str | int) -> Iterator[bool]:
        """Try to claim a piece of work by name; False when another session holds it."""
        with translated(self.place, self._named_by), self._claims.claim(*what) as is_mine:
            yield is_mine

    def _begin(self, begin: bytes) -> Connection:
        """A connection with a transaction begun; one that broke while it was idle is replaced."""
        while self._idle:
            connection = self._idle.pop()
            try:
                connection.execute(begin)
            except psycopg.OperationalError:
                connection.close()
            else:
                return connection
        connection = self._connect()
        connection.execute(begin)
        return connection

    def _connect(self) -> Connection:
        connection = psycopg.connect(
            **self._conninfo, autocommit=True, cursor_factory=psycopg.ClientCursor
        )
        try:
            _require_usable(connection, self.place)
        except WarehouseRefused:
            connection.close()
            raise
        return connection


def _read(url: str, named_by: str) -> dict[str, Any]:
    """A URL's parameters as libpq reads it; without a database it would take the user's name."""
    given: dict[str, Any] | None
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        given = None
    # libpq's message quotes the URL, password included, so it is not passed on.
    if given is None or "@" in str(given.get("host", "")):
        raise SettingRefused(
            f"{named_by} cannot be read. Expected postgresql://USER@HOST:PORT/DATABASE, "
            "with libpq's parameters behind a question mark. A password is better in a file that "
            "PGPASSFILE names; in the URL its @ : / ? # % are written as %40 and so on."
        )
    if not given.keys() & {"dbname", "service"}:
        raise SettingRefused(
            f"{named_by} names no database. Expected postgresql://USER@HOST:PORT/DATABASE."
        )
    return given


def _conninfo(
    given: dict[str, Any], wait_seconds: float, statement_seconds: float
) -> dict[str, Any]:
    """The parameters to connect with: those of the URL, and the time limits of each session."""
    session = {
        "search_path": "pg_catalog",
        "timezone": "UTC",
        "datestyle": "ISO",
        "lock_timeout": f"{wait_seconds * 1000:.0f}",
        "statement_timeout": f"{statement_seconds * 1000:.0f}",
        "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_SECONDS * 1000}",
    }
    ours = " ".join(f"-c {name}={value}" for name, value in session.items())
    theirs = f"-c work_mem={WORK_MEM} {given.get('options', '')}".strip()
    return CONNECTION | given | {"options": f"{theirs} {ours}"}


def _require_usable(connection: Connection, place: str) -> None:
    info = connection.info
    if info.server_version < OLDEST_SERVER:
        raise WarehouseRefused(
            f"{place} is PostgreSQL {info.server_version // 10_000}; txcat needs 14 or newer."
        )
    if (encoding := info.parameter_status("server_encoding")) != "UTF8":
        raise WarehouseRefused(
            f"{place} has the encoding {encoding}, which cannot hold every text. Make the database "
            "anew with: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0."
        )


def _close(connections: deque[Connection]) -> None:
    while connections:
        connections.pop().close()
