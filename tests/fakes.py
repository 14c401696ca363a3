"""Stand-ins for what is outside, each small and named: a model, and a way to be interrupted.

What can run for real (files, the warehouse, processes) has no stand-in here.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Literal

import polars as pl

from txcat_assets.errors import ServiceDown
from txcat_assets.warehouse.databases.interface import Transaction, Warehouse


class FakeModel:
    """Answers by content, so that an answer given to other content shows.

    It refuses amounts of 3 when `is_picky`, and goes away after `lasts` lists of two records;
    `meanwhile` happens once, between its first and second list.
    """

    def __init__(
        self,
        name: str,
        *,
        is_picky: bool = False,
        lasts: int | None = None,
        meanwhile: Callable[[], object] | None = None,
    ) -> None:
        self._name = name
        self._is_picky = is_picky
        self._lasts = lasts
        self._meanwhile = meanwhile
        self.asked: list[str] = []

    def version(self) -> str:
        """Its name."""
        return self._name

    def answers(self, records: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Lists of two, the last ones first."""
        rows = list(enumerate(records.select("id", "amount", "side").iter_rows()))[::-1]
        for start in range(0, len(rows), 2):
            if self._lasts is not None and len(self.asked) >= 2 * self._lasts:
                raise ServiceDown("The model went away.")
            given = rows[start : start + 2]
            self.asked += [str(record[0]) for _, record in given]
            yield self._answered([(n, str(amount), side) for n, (_, amount, side) in given])
            if self._meanwhile is not None:
                meanwhile, self._meanwhile = self._meanwhile, None
                meanwhile()

    def answer_to(self, amount: str, side: str) -> str | None:
        """The answer to a record of this content; None where it refuses."""
        if self._is_picky and amount == "3.00":
            return None
        return f"{self._name} {amount} {side}"

    def answer_to_content(self, content: tuple[str, ...]) -> str | None:
        """The answer to a record of this key, amount and side, and whatever else."""
        return self.answer_to(*content[1:3])

    def _answered(self, given: Sequence[tuple[int, str, str]]) -> pl.DataFrame:
        answers = [self.answer_to(amount, side) for _, amount, side in given]
        return pl.DataFrame(
            {
                "row": [row for row, _, _ in given],
                "category": answers,
                "refusal": [None if answer else "takes no 3" for answer in answers],
            },
            schema={"row": pl.UInt32, "category": pl.String, "refusal": pl.String},
        )


class SteppedTransaction:
    """A transaction that calls `step` before each of its statements."""

    def __init__(self, transaction: Transaction, step: Callable[[], None]) -> None:
        self._transaction = transaction
        self._step = step

    def run(self, sql: str, **values: Any) -> None:
        """Step, then run."""
        self._step()
        self._transaction.run(sql, **values)

    def changed(self, sql: str, **values: Any) -> int:
        """Step, then run and count."""
        self._step()
        return self._transaction.changed(sql, **values)

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """Step, then query."""
        self._step()
        return self._transaction.rows(sql, **values)

    def frame(self, sql: str, **values: Any) -> pl.DataFrame:
        """Step, then query."""
        self._step()
        return self._transaction.frame(sql, **values)

    def frames(self, sql: str, **values: Any) -> Iterator[pl.DataFrame]:
        """Step, then query."""
        self._step()
        return self._transaction.frames(sql, **values)

    def offer(self, name: str, frame: pl.DataFrame) -> None:
        """Offered without a step: it writes nothing."""
        self._transaction.offer(name, frame)

    def among(self, column: str, query: str) -> str:
        """Words only, so no step."""
        return self._transaction.among(column, query)

    def append(self, table: str, frame: pl.DataFrame, *, key: str | None = None) -> None:
        """Step, then append."""
        self._step()
        self._transaction.append(table, frame, key=key)

    def lock(self, name: str, *, shared: bool = False) -> None:
        """Step, then lock."""
        self._step()
        self._transaction.lock(name, shared=shared)


class SteppedWarehouse:
    """A warehouse that calls `step` before each begin, statement and commit, and after the commit.

    A step may raise or end the process. `is_fine` false leaves out those before statements; without
    claims every worker takes all work for its own.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        step: Callable[[], None],
        *,
        has_claims: bool = True,
        is_fine: bool = True,
    ) -> None:
        self._warehouse = warehouse
        self._step = step
        self._has_claims = has_claims
        self._is_fine = is_fine

    @property
    def place(self) -> str:
        """Where the warehouse is."""
        return self._warehouse.place

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """The warehouse's own transaction, with steps."""
        self._step()
        with self._warehouse.transaction() as transaction:
            yield SteppedTransaction(transaction, self._step) if self._is_fine else transaction
            self._step()
        self._step()

    def claim(self, *what: str | int) -> AbstractContextManager[bool]:
        """The warehouse's own claim, or none."""
        return self._warehouse.claim(*what) if self._has_claims else nullcontext(True)

    @property
    def kind(self) -> Literal["duckdb", "postgres"]:
        """The kind of the warehouse."""
        return self._warehouse.kind
