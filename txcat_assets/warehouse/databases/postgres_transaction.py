"""One transaction on PostgreSQL: statements with bound values, frames that come and go by COPY.

Where connections come from is in `postgres`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl
import psycopg

from txcat_assets.warehouse.databases.duckdb_claims import number_of
from txcat_assets.warehouse.databases.postgres_copy import (
    CopiedColumn,
    read_copied,
    sql_types,
    written_copy,
)
from txcat_assets.warehouse.databases.postgres_fetch import read_fetched

FEW_ROWS = 3_000
"""After appending more rows than this a transaction uses hash joins and indexes only. The planner
has no statistics of rows that were just appended, takes them for a handful, and would choose nested
loops: hours instead of seconds. For fewer rows its choice is right, however large the tables."""

CANCEL_SECONDS = 5
"""How long the server may take to accept that a statement is cancelled."""

FRAME_BYTES = 32 * 1024 * 1024
"""So much CSV is made into one frame; most slices fit into one."""

_NAMED = re.compile(r"\$([a-z_][a-z0-9_]*)")

Connection = psycopg.Connection[tuple[Any, ...]]


class PostgresTransaction:
    """One transaction on a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def cancel(self) -> None:
        """End the statement that another thread waits for; it raises there."""
        self._connection.cancel_safe(timeout=CANCEL_SECONDS)

    def run(self, sql: str, **values: Any) -> None:
        """Run one statement for its effect."""
        self._connection.execute(bound(sql, values), values or None)

    def changed(self, sql: str, **values: Any) -> int:
        """Run one INSERT, UPDATE or DELETE; how many rows it touched."""
        return self._connection.execute(bound(sql, values), values or None).rowcount

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self._connection.execute(bound(sql, values), values or None).fetchall()

    def page(self, sql: str, **values: Any) -> pl.DataFrame:
        """The rows of a query that gives few, as a frame; UUIDs come as text."""
        cursor = self._connection.execute(bound(sql, values), values or None)
        return read_fetched(
            cursor.fetchall(), [_described(one) for one in cursor.description or ()]
        )

    def frame(self, sql: str, **values: Any) -> pl.DataFrame:
        """The rows of a query as a frame; UUIDs come as text."""
        return pl.concat(self.frames(sql, **values))

    def frames(self, sql: str, **values: Any) -> Iterator[pl.DataFrame]:
        """The rows of a query as frames, one after the other."""
        query = bound(sql, values)
        shape = self._shape(query, values)
        to_copy = b"COPY (%b) TO STDOUT (FORMAT csv)" % query
        data = bytearray()
        with self._connection.cursor().copy(to_copy, values or None) as copy:
            # Not joined: a list of so many rows would start the garbage collector again and again.
            for row in copy:
                data += row
                if len(data) > FRAME_BYTES:
                    yield read_copied(data, shape)
                    data = bytearray()
        yield read_copied(data, shape)

    def offer(self, name: str, frame: pl.DataFrame) -> None:
        """Make a frame readable as a table of this name until the transaction ends."""
        columns = ", ".join(f'"{column}" {type_}' for column, type_ in sql_types(frame))
        self.run(f"DROP TABLE IF EXISTS pg_temp.{name}")
        self.run(f"CREATE TEMP TABLE {name} ({columns}) ON COMMIT DROP")
        self.append(f"pg_temp.{name}", frame)

    def among(self, column: str, query: str) -> str:
        """A condition: an indexed column is one of the values of a query.

        As an array they are sorted, and the index is walked once; a join would read all of it, or
        all of the table.
        """
        return f"{column} = ANY(ARRAY({query}))"

    def append(self, table: str, frame: pl.DataFrame, *, key: str | None = None) -> None:
        """Add the rows of a frame to a table, matching columns by name, sorted by `key`."""
        names = ", ".join(f'"{name}"' for name in frame.columns)
        shape = self._shape(f"SELECT {names} FROM {table}".encode())
        to_copy = f"COPY {table} ({names}) FROM STDIN (FORMAT binary)".encode()
        with self._connection.cursor().copy(to_copy) as copy:
            for part in written_copy(frame.sort(key) if key else frame, shape):
                copy.write(part)
        if frame.height > FEW_ROWS:
            self.run("SET LOCAL enable_nestloop = off; SET LOCAL enable_seqscan = off")

    def _shape(self, query: bytes, values: Mapping[str, Any] | None = None) -> list[CopiedColumn]:
        """The columns of a query."""
        shape = self._connection.execute(b"SELECT * FROM (%b) q LIMIT 0" % query, values or None)
        return [_described(column) for column in shape.description or ()]

    def lock(self, name: str, *, shared: bool = False) -> None:
        """Wait until no other transaction holds this lock, and hold it until the end."""
        how = "_shared" if shared else ""
        self.run(f"SELECT pg_advisory_xact_lock{how}({number_of('lock', name)})")


def bound(sql: str, values: Mapping[str, Any]) -> bytes:
    """The statement with psycopg's placeholders; only with values are percent signs doubled."""
    if not values:
        return sql.encode()
    return _NAMED.sub(r"%(\1)s", sql.replace("%", "%%")).encode()


def _described(column: psycopg.Column) -> CopiedColumn:
    info = psycopg.postgres.types.get(column.type_code)
    is_list = info is not None and info.array_oid == column.type_code
    name = f"{'_' if is_list else ''}{info.name if info else ''}"
    return CopiedColumn(column.name, name, column.precision, column.scale)
