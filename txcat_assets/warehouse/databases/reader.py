"""The interface of a reader: it answers SQL queries on the warehouse and changes nothing.

Whatever the query, it cannot change anything, reach other files or hold up the work for long. How
each database ensures that is in `duckdb_reader` and `postgres_reader`.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import polars as pl

from txcat_assets.warehouse.databases.interface import Reading

OTHER_TABLES = (
    "The tables are not those of this code, or nothing was loaded yet: {found}. "
    "Run `txcat upgrade`."
)


@dataclass(frozen=True)
class Answer:
    """The rows of a query; `has_more` where there are more than were wanted."""

    columns: Sequence[str]
    rows: Sequence[tuple[Any, ...]]
    has_more: bool = False


class ReadTransaction(Reading, Protocol):
    """A read-only transaction: all that it answers is as of one moment."""

    def page(self, sql: str, **values: Any) -> pl.DataFrame:
        """The rows of a query that gives few, as a frame; in the types that `frames` gives."""

    def cancel(self) -> None:
        """End the query that another thread waits for; it raises there."""


class Reader(Protocol):
    """Answers queries of a person and of the reporting API, in read-only transactions."""

    def reading(self) -> AbstractContextManager[ReadTransaction]:
        """Begin a read-only transaction; it is ended when the block ends.

        Raises WarehouseBusy when its turn does not come in time, QueryRefused when a query takes
        too long, VersionRefused when the tables are not those of this code.
        """

    def answer(self, sql: str, most_rows: int | None) -> Answer:
        """The first rows of one query, or all.

        Raises QueryRefused for what is no query or takes too long, WarehouseBusy when its turn
        does not come in time.
        """


def cut(columns: Sequence[str], rows: Sequence[tuple[Any, ...]], most_rows: int | None) -> Answer:
    """The answer from rows of which one more than wanted was fetched, to see if there are more."""
    return Answer(columns, rows[:most_rows], most_rows is not None and len(rows) > most_rows)
