"""Reads a DuckDB file: read-only, and without any other file, extension or network.

While it reads nobody can write, so a query is ended after some seconds, and those who read all the
time do so by turns: see `duckdb_turns`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

import duckdb
import polars as pl

from txcat_assets.errors import QueryRefused, VersionRefused, WarehouseRefused
from txcat_assets.warehouse.databases.duckdb import frames_of
from txcat_assets.warehouse.databases.duckdb_errors import translate
from txcat_assets.warehouse.databases.duckdb_instance import in_turn, opened
from txcat_assets.warehouse.databases.duckdb_locks import shared_file
from txcat_assets.warehouse.databases.duckdb_turns import turns_of
from txcat_assets.warehouse.databases.reader import OTHER_TABLES, Answer, cut

ALONE = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "lock_configuration": "true",
}
"""What keeps SQL within the one file; the last one keeps it so."""

QUERIES = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}


class DuckDbReading:
    """One read-only transaction on an open DuckDB file."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self._connection.execute(sql, values or None).fetchall()

    def frames(self, sql: str, **values: Any) -> Iterator[pl.DataFrame]:
        """The rows of a query as frames, one after the other."""
        return frames_of(self._connection, sql, values)

    def page(self, sql: str, **values: Any) -> pl.DataFrame:
        """The rows of a query that gives few, as a frame."""
        return pl.concat(self.frames(sql, **values))

    def cancel(self) -> None:
        """End the query that another thread waits for; it raises there."""
        self._connection.interrupt()


class DuckDbReader:
    """Answers queries on a DuckDB file."""

    def __init__(
        self, path: Path, wait_seconds: float, query_seconds: float, named_by: str
    ) -> None:
        self._path = path
        self._wait_seconds = wait_seconds
        self._query_seconds = query_seconds
        self._named_by = named_by

    @contextmanager
    def reading(self) -> Iterator["DuckDbReading"]:
        """Open the file in its turn for one read-only transaction."""
        self._require_file()
        with (
            self._refused(),
            turns_of(self._path).turn(self._wait_seconds),
            self._opened() as connection,
            self._ended_in_time(connection),
        ):
            connection.begin()
            try:
                yield DuckDbReading(connection)
            except (duckdb.CatalogException, duckdb.BinderException) as error:
                found = str(error).partition("\n")[0]
                raise VersionRefused(OTHER_TABLES.format(found=found)) from error

    def _require_file(self) -> None:
        if not self._path.exists():
            raise WarehouseRefused(
                f"There is no warehouse at {self._path} yet: `txcat load` makes it. If there "
                f"should be one, look at {self._named_by}."
            )

    def answer(self, sql: str, most_rows: int | None) -> Answer:
        """The first rows of one query, or all."""
        self._require_file()
        with self._refused(), self._opened() as connection:
            with self._ended_in_time(connection):
                result = connection.execute(_one_query(connection, sql))
                wanted = None if most_rows is None else most_rows + 1
                rows = result.fetchall() if wanted is None else result.fetchmany(wanted)
            columns = [name for name, *_ in result.description or ()]
        return cut(columns, rows, most_rows)

    @contextmanager
    def _opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        file = shared_file(self._path)
        file.instance.let_go()  # DuckDB has one instance of a file in a process, and one way
        with in_turn(file.claims, self._wait_seconds, self._connect) as connection:
            yield connection

    def _connect(self) -> duckdb.DuckDBPyConnection:
        return opened(self._path, read_only=True, config={**ALONE})

    @contextmanager
    def _ended_in_time(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        timer = Timer(self._query_seconds, connection.interrupt)
        timer.start()
        try:
            yield
        except duckdb.InterruptException as error:
            raise QueryRefused(
                f"The query took longer than {self._query_seconds:g} s and was ended, because "
                "nobody can write meanwhile. Ask for less, or allow more by --seconds."
            ) from error
        finally:
            timer.cancel()

    @contextmanager
    def _refused(self) -> Iterator[None]:
        try:
            yield
        except duckdb.PermissionException as error:
            raise _refusal(error) from error
        except duckdb.Error as error:
            raise translate(error, self._path, self._named_by) or _refusal(error) from error


def _one_query(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    statements = connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type not in QUERIES:
        raise QueryRefused(
            "The query cannot be answered: this is read-only, and one SELECT is expected."
        )
    return statements[0]


def _refusal(error: duckdb.Error) -> QueryRefused:
    return QueryRefused(f"The query cannot be answered: {' '.join(str(error).split())}")
