"""What every stage is given, and what it gives back: work, units of it, progress, outcome.

How the work is done unit by unit is in `loop`.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from txcat_assets.contracts.model import Contract
from txcat_assets.sources.files.dialect import Dialect
from txcat_assets.sources.files.records import SLICE_RECORDS
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.slices import Run, Slice

LOADING = "load"
"""The claim of a `txcat load` on its dataset, from before it registers files until all is done."""


class Progress(Protocol):
    """Who is told how far the work is; counts are of records."""

    def expect(self, stage: str, records: int) -> None:
        """So many more records are to do."""

    def advance(self, stage: str, records: int) -> None:
        """So many records are done."""


class Silent:
    """A progress that nobody looks at."""

    def expect(self, stage: str, records: int) -> None:
        """Nothing is shown."""

    def advance(self, stage: str, records: int) -> None:
        """Nothing is shown."""


@dataclass(frozen=True)
class Work:
    """What one run is to bring up to date: a dataset's days, by whom, with which clock."""

    warehouse: Warehouse
    contract: Contract
    days: Sequence[date]
    run_id: str
    now: Callable[[], datetime]
    progress: Progress = field(default_factory=Silent)
    started: float = field(default_factory=time.monotonic)

    @property
    def run(self) -> Run:
        """Who writes, at this moment."""
        return Run(self.run_id, self.now())


@dataclass(frozen=True)
class Unit:
    """Slices that are worked in one transaction, all of files with one kind of decimal mark."""

    slices: Sequence[Slice]
    decimal_comma: bool

    @property
    def slice_ids(self) -> list[int]:
        """The slices, in the order of arrival."""
        return [part.slice_id for part in self.slices]

    @property
    def records(self) -> int:
        """How many records landed with these slices."""
        return sum(stale.records for stale in self.slices)


@dataclass
class Outcome:
    """What became of a stage's work list; `problems` are in words for people."""

    slices: int = 0
    records: int = 0
    moved: int = 0
    judged_again: int = 0
    claimed_by_others: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def figures(self) -> dict[str, int]:
        """What this run did, by name."""
        return {
            "worked now: slices": self.slices,
            "worked now: records": self.records,
            "records of other slices moved": self.moved,
            "records judged again for a reference": self.judged_again,
            "slices left to other runs": self.claimed_by_others,
            "slices that failed": len(self.problems),
        }


def units_of(slices: Iterable[Slice]) -> Iterator[Unit]:
    """Group slices in their order: small ones together, up to one slice's worth of records."""
    group: list[Slice] = []
    records, comma = 0, False
    for part in slices:
        has_comma = has_decimal_comma(part)
        if group and (records + part.records > SLICE_RECORDS or has_comma != comma):
            yield Unit(group, comma)
            group, records = [], 0
        group.append(part)
        records, comma = records + part.records, has_comma
    if group:
        yield Unit(group, comma)


def has_decimal_comma(stale: Slice) -> bool:
    """Whether a comma in a number of these records can only be a decimal comma."""
    return stale.dialect is not None and Dialect.from_json(stale.dialect).decimal_comma
