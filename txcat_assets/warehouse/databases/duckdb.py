"""DuckDB, the embedded warehouse: one file, opened briefly for transactions.

While one process has the file open for writing no other can open it, not even to read. So every
transaction waits its turn when somebody else has it open, and soon after the last one it is closed.
Threads of one process work in it at once; who must not takes a lock.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import duckdb
import polars as pl
import pyarrow as pa

from txcat_assets.errors import WarehouseBusy
from txcat_assets.warehouse.databases.duckdb_errors import made, translated
from txcat_assets.warehouse.databases.duckdb_locks import NamedLocks, shared_file

ROW_GROUP_ROWS = 122_880
"""DuckDB's own unit of storage; handing over one at a time lets every core compress one."""


class DuckDbTransaction:
    """One transaction on an open DuckDB file."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, locks: NamedLocks, wait_seconds: float
    ) -> None:
        self._connection = connection
        self._locks = locks
        self._wait_seconds = wait_seconds

    def run(self, sql: str, **values: Any) -> None:
        """Run one statement for its effect."""
        self._connection.execute(sql, values or None)

    def changed(self, sql: str, **values: Any) -> int:
        """Run one INSERT, UPDATE or DELETE; how many rows it touched."""
        return int(self.rows(sql, **values)[0][0])

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self._connection.execute(sql, values or None).fetchall()

    def frame(self, sql: str, **values: Any) -> pl.DataFrame:
        """The rows of a query as a frame; UUIDs come as text."""
        table = self._connection.sql(sql, params=values or None).to_arrow_table()
        frame = pl.from_arrow(table)
        if not isinstance(frame, pl.DataFrame):
            raise TypeError("a query gave a single column instead of a table")
        return frame

    def frames(self, sql: str, **values: Any) -> Iterator[pl.DataFrame]:
        """The rows of a query as frames, one after the other."""
        return frames_of(self._connection, sql, values)

    def offer(self, name: str, frame: pl.DataFrame) -> None:
        """Make a frame readable as a table of this name until the transaction ends."""
        # Not the newest level: DuckDB hands the filter of a join down to Arrow, which cannot filter
        # views of text. It costs 6 ms per 245,760 records.
        table = frame.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
        parts = pa.Table.from_batches(table.to_batches(max_chunksize=ROW_GROUP_ROWS), table.schema)
        self._connection.register(name, parts)

    def among(self, column: str, query: str) -> str:
        """A condition: a column is one of the values of a query."""
        return f"{column} IN ({query})"

    def append(self, table: str, frame: pl.DataFrame, *, key: str | None = None) -> None:  # noqa: ARG002
        """Add the rows of a frame to a table, column by column's name; no index needs an order."""
        self.offer("appended", frame)
        names = ", ".join(f'"{name}"' for name in frame.columns)
        self._connection.execute(f"INSERT INTO {table} ({names}) SELECT * FROM appended")

    def lock(self, name: str, *, shared: bool = False) -> None:
        """Wait until no other transaction of this process holds this lock, and hold it to the end.

        Other processes cannot have the file open meanwhile. What the transaction sees is as of its
        first query, so it locks before.
        """
        if not self._locks.take(id(self), name, shared=shared, seconds=self._wait_seconds):
            raise WarehouseBusy(
                f"Waited {self._wait_seconds:g} s for the lock {name!r}, which another thread of "
                "this process holds. Nothing is lost: run the same again."
            )


class DuckDbWarehouse:
    """A DuckDB file; safe to share between threads and processes."""

    def __init__(
        self, path: Path, wait_seconds: float, named_by: str = "TXCAT_WAREHOUSE_URL"
    ) -> None:
        self._path = path
        self._named_by = named_by
        self._wait_seconds = wait_seconds

    @property
    def place(self) -> str:
        """Where the file is."""
        return str(self._path)

    @property
    def kind(self) -> Literal["duckdb"]:
        """DuckDB."""
        return "duckdb"

    @contextmanager
    def transaction(self) -> Iterator[DuckDbTransaction]:
        """Wait for the file, work and commit; roll back when the block raises."""
        with made(self._path, self._named_by):
            self._path.parent.mkdir(parents=True, exist_ok=True)
        file = shared_file(self._path)
        with (
            translated(self._path, self._named_by),
            file.instance.connection(self._wait_seconds) as connection,
        ):
            transaction = DuckDbTransaction(connection, file.locks, self._wait_seconds)
            try:
                connection.begin()
                yield transaction
                connection.commit()
            finally:
                connection.close()  # before others have its locks
                file.locks.release(id(transaction))

    def claim(self, *what: str | int) -> Any:
        """Try to claim a piece of work by name; False when another process holds it."""
        return shared_file(self._path).claims.claim(*what)


def frames_of(
    connection: duckdb.DuckDBPyConnection, sql: str, values: dict[str, Any]
) -> Iterator[pl.DataFrame]:
    """The rows of a query as frames of a row group each; one at least, if without rows."""
    parts = connection.execute(sql, values or None).to_arrow_reader(ROW_GROUP_ROWS)
    yield pl.DataFrame(pl.from_arrow(parts.schema.empty_table()))
    for part in parts:
        yield pl.DataFrame(pl.from_arrow(part))
