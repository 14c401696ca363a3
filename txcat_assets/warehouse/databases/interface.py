"""The small interface that every warehouse offers: short transactions, and claims.

All SQL of txcat is written against it, in the part of SQL that DuckDB and PostgreSQL share, with
`$name` for values. How a database is opened, locked and fed lives in a module of its own name.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol, TypeVar

import polars as pl
from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from txcat_assets.errors import WarehouseConflict

T = TypeVar("T")

CONFLICTING_TRIES = 8
"""How often a transaction is begun at most; its competitors are the few threads of a process."""


class Reading(Protocol):
    """What can be asked in a transaction."""

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""

    def frames(self, sql: str, **values: Any) -> Iterator[pl.DataFrame]:
        """The rows of a query as frames, one after the other, so that all never are in memory.

        One at least, if without rows. UUIDs come as text.
        """


class Transaction(Reading, Protocol):
    """One transaction: what it ran is committed whole when its `with` ends, or not at all."""

    def run(self, sql: str, **values: Any) -> None:
        """Run one statement for its effect."""

    def changed(self, sql: str, **values: Any) -> int:
        """Run one INSERT, UPDATE or DELETE; how many rows it touched."""

    def frame(self, sql: str, **values: Any) -> pl.DataFrame:
        """The rows of a query as a frame; UUIDs come as text."""

    def offer(self, name: str, frame: pl.DataFrame) -> None:
        """Make a frame readable as a table of this name until the transaction ends.

        Ids and digests stay text there; one that was offered before under the name is gone.
        """

    def among(self, column: str, query: str) -> str:
        """A condition: an indexed column is one of the values of a query.

        Said as the database looks it up fastest, be they a handful or a slice's worth of keys in a
        table of any size.
        """

    def append(self, table: str, frame: pl.DataFrame, *, key: str | None = None) -> None:
        """Add the rows of a frame to a table, column by column's name, in their order.

        With a `key` maybe in its order, where an index of it takes them in faster so.
        """

    def lock(self, name: str, *, shared: bool = False) -> None:
        """Wait until no other transaction holds this lock, and hold it until the end.

        Transactions that share it hold up only those that do not. It comes before what is read:
        what a transaction sees may be as of its first query.
        """


class Warehouse(Protocol):
    """The database that holds the tables and the ledger."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Begin a transaction; commit at the end of the block, roll back when it raises.

        Raises WarehouseBusy when the database cannot be had in time, and WarehouseConflict when
        another transaction wrote the same at once.
        """

    def claim(self, *what: str | int) -> AbstractContextManager[bool]:
        """Try to claim a piece of work by name; False when another process holds it.

        A claim only saves effort: it is freed when the block ends or the process dies.
        """

    @property
    def place(self) -> str:
        """Where the database is, in words for people; never with a password."""

    @property
    def kind(self) -> Literal["duckdb", "postgres"]:
        """Which database it is."""


def repeated_on_conflict(work: Callable[[], T]) -> T:
    """Do work that is one transaction, and again while another transaction wrote the same at once.

    Raises WarehouseConflict when it never had its turn.
    """
    turn = Retrying(
        retry=retry_if_exception_type(WarehouseConflict),
        wait=wait_random_exponential(multiplier=0.02, max=0.5),
        stop=stop_after_attempt(CONFLICTING_TRIES),
        reraise=True,
    )
    return turn(work)


def one(rows: Sequence[tuple[Any, ...]]) -> Any:
    """The only value of the only row."""
    ((value,),) = rows
    return value


def listed(ids: Sequence[int]) -> str:
    """Ids as the inside of an SQL list."""
    return ", ".join(str(int(i)) for i in ids)


def quoted(names: Iterable[str], table: str = "") -> str:
    """Column names as a select list that no reserved word can break, of `table` if one is named."""
    prefix = f"{table}." if table else ""
    return ", ".join(f'{prefix}"{name}"' for name in names)
