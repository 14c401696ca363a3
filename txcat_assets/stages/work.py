"""What every stage shares: the work to be done, and the loop that does it slice by slice.

The ledger is the work list. The loop asks it what is to do, claims it, does it unit by unit and
goes on past a unit that fails; what is left is on the list for the next run.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from txcat_assets.contracts.model import Contract
from txcat_assets.errors import TransientError, TxcatError
from txcat_assets.sources.dialect import Dialect
from txcat_assets.sources.records import SLICE_RECORDS
from txcat_assets.warehouse.interface import Warehouse
from txcat_assets.warehouse.ledger import Run, StaleSlice, mark_stale, note_error, stale_slices


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

    @property
    def run(self) -> Run:
        """Who writes, at this moment."""
        return Run(self.run_id, self.now())


@dataclass(frozen=True)
class Unit:
    """Slices that are worked in one transaction, all of files with one kind of decimal mark."""

    slices: Sequence[StaleSlice]
    decimal_comma: bool

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
    claimed_by_others: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def figures(self) -> dict[str, int]:
        """What this run did, by name."""
        return {
            "worked now: slices": self.slices,
            "worked now: records": self.records,
            "records of other slices moved": self.moved,
            "slices left to other runs": self.claimed_by_others,
            "slices that failed": len(self.problems),
        }


def bring_up_to_date(
    work: Work, stage: str, version: str, do: Callable[[Sequence[int], Unit], int]
) -> Outcome:
    """Work every stale slice of the days once; `do` gives how many records of others it moved.

    A unit that fails is noted and left for the next run, the others go on; after a transient
    failure nothing more is tried. Running it again does only what is left.
    """
    outcome = Outcome()
    with work.warehouse.transaction() as tx:
        stale = stale_slices(tx, work.contract.dataset, stage, work.days, version)
    units = list(units_of(stale))
    work.progress.expect(stage, sum(unit.records for unit in units))
    for unit in units:
        with ExitStack() as claims:
            mine = [s.slice_id for s in unit.slices if _claim(work, claims, stage, s)]
            outcome.claimed_by_others += len(unit.slices) - len(mine)
            try:
                if mine:
                    outcome.moved += do(mine, unit)
                    outcome.slices += len(mine)
                    outcome.records += unit.records
            except Exception as error:
                outcome.problems.append(_in_words(error))
                _note(work, stage, mine, error)
                if isinstance(error, TransientError):
                    break
        work.progress.advance(stage, unit.records)
    return outcome


def refresh(work: Work, stage: str) -> None:
    """Make every slice of the days to do again for a stage: a full refresh, safe to kill."""
    with work.warehouse.transaction() as tx:
        mark_stale(tx, work.contract.dataset, stage, work.days, work.now())


def units_of(stale: Sequence[StaleSlice]) -> Iterator[Unit]:
    """Group slices in their order: small ones together, up to one slice's worth of records."""
    group: list[StaleSlice] = []
    comma = False
    for one in stale:
        has_comma = _decimal_comma(one)
        is_full = sum(s.records for s in group) + one.records > SLICE_RECORDS
        if group and (is_full or has_comma != comma):
            yield Unit(group, comma)
            group = []
        group, comma = [*group, one], has_comma
    if group:
        yield Unit(group, comma)


def _decimal_comma(stale: StaleSlice) -> bool:
    return stale.dialect is not None and Dialect.from_json(stale.dialect).decimal_comma


def _claim(work: Work, claims: ExitStack, stage: str, stale: StaleSlice) -> bool:
    claim = work.warehouse.claim(work.contract.dataset, stage, stale.slice_id)
    return claims.enter_context(claim)


def _in_words(error: Exception) -> str:
    return str(error) if isinstance(error, TxcatError) else f"{type(error).__name__}: {error}"


def _note(work: Work, stage: str, slice_ids: Sequence[int], error: Exception) -> None:
    with work.warehouse.transaction() as tx:
        note_error(tx, stage, slice_ids, _in_words(error))
