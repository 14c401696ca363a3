"""Reads PostgreSQL and changes nothing: read-only transactions, each query with a time limit.

What a role may read is for PostgreSQL to decide: deploy/postgres/roles.sql has one for readers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from txcat_assets.errors import QueryRefused, VersionRefused, WarehouseBusy
from txcat_assets.warehouse.databases.postgres import PostgresWarehouse
from txcat_assets.warehouse.databases.postgres_errors import translate
from txcat_assets.warehouse.databases.postgres_transaction import PostgresTransaction
from txcat_assets.warehouse.databases.reader import OTHER_TABLES, Answer, cut

ONE_MOMENT = "ISOLATION LEVEL REPEATABLE READ, READ ONLY"
"""All queries of the transaction see the database as it was at the first."""

NOT_OUR_TABLES = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.InvalidSchemaName,
)
"""Raised where the tables are of another version of txcat, or not made yet."""


class PostgresReader:
    """Answers queries on a PostgreSQL database."""

    def __init__(self, warehouse: PostgresWarehouse, query_seconds: float, named_by: str) -> None:
        self._warehouse = warehouse
        self._query_seconds = query_seconds
        self._named_by = named_by

    @contextmanager
    def reading(self) -> Iterator[PostgresTransaction]:
        """Begin a read-only transaction, as of one moment, on a connection that is kept."""
        try:
            with self._warehouse.transaction(ONE_MOMENT) as tx:
                yield tx
        except WarehouseBusy as error:
            if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
                raise QueryRefused(
                    f"The query took longer than {self._query_seconds:g} s and was ended."
                ) from error
            raise
        except NOT_OUR_TABLES as error:
            found = " ".join(str(error).split("\n")[0].split())
            raise VersionRefused(OTHER_TABLES.format(found=found)) from error

    def answer(self, sql: str, most_rows: int | None) -> Answer:
        """The first rows of one query, or all."""
        with self._warehouse.connection() as connection:
            connection.execute(b"BEGIN READ ONLY")
            timeout = f"SET LOCAL statement_timeout = {self._query_seconds * 1000:.0f}"
            connection.execute(timeout.encode())
            try:
                return _fetched(psycopg.Cursor(connection), sql, most_rows)
            except psycopg.errors.QueryCanceled as error:
                raise QueryRefused(
                    f"The query took longer than {self._query_seconds:g} s and was ended. Ask for "
                    "less, or allow more by --seconds."
                ) from error
            except psycopg.Error as error:
                raise self._refusal(error) from error
            finally:
                connection.close()

    def _refusal(self, error: psycopg.Error) -> Exception:
        is_write = error.sqlstate == "25006"  # refused in a read-only transaction
        if not is_write and (ours := translate(error, self._warehouse.place, self._named_by)):
            return ours
        return QueryRefused(f"The query cannot be answered: {' '.join(str(error).split())}")


def _fetched(cursor: psycopg.Cursor[tuple[Any, ...]], sql: str, most_rows: int | None) -> Answer:
    # A cursor takes only a query, and a prepared statement is a single one: so neither COPY nor a
    # COMMIT with more behind it gets through.
    query = f"DECLARE asked NO SCROLL CURSOR FOR {sql.strip().rstrip(';')}"
    cursor.execute(query.encode(), prepare=True)
    wanted = "ALL" if most_rows is None else most_rows + 1
    cursor.execute(f"FETCH {wanted} FROM asked".encode())
    columns = [column.name for column in cursor.description or ()]
    return cut(columns, cursor.fetchall(), most_rows)
