"""What a person may ask of the warehouse by SQL of their own: the interface of a reader.

A reader cannot change anything, reach other files or hold up the work for long, whatever it is
asked. How each database holds to that is in `duckdb_reader` and `postgres_reader`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Answer:
    """The rows of a query; `has_more` where it has more than were asked for."""

    columns: Sequence[str]
    rows: Sequence[tuple[Any, ...]]
    has_more: bool = False


class Reader(Protocol):
    """Answers queries, each in a read-only connection of its own."""

    def answer(self, sql: str, most_rows: int | None) -> Answer:
        """The first rows of one query, or all.

        Raises QueryRefused for what is no query or takes too long, WarehouseBusy when its turn
        does not come in time.
        """


def cut(columns: Sequence[str], rows: Sequence[tuple[Any, ...]], most_rows: int | None) -> Answer:
    """An answer of rows of which one more than wanted was fetched, to see whether there is one."""
    return Answer(columns, rows[:most_rows], most_rows is not None and len(rows) > most_rows)
