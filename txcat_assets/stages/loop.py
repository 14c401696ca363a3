"""The loop that every stage after landing shares: it works the ledger's list, unit by unit.

It asks the ledger what is to do, claims it, does it, and goes on past a unit that fails; what is
left stays on the list for the next run.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event
from typing import Any, TypeVar

from txcat_assets.errors import TransientError, TxcatError
from txcat_assets.stages.work import Outcome, Unit, Work, units_of
from txcat_assets.warehouse.databases.interface import repeated_on_conflict
from txcat_assets.warehouse.ledger.slices import Slice, mark_stale, note_error, stale_slices

T = TypeVar("T")


@dataclass
class Made:
    """A unit on its way: what this process has claimed of it, and what is to be committed."""

    unit: Unit
    slice_ids: list[int]
    claims: ExitStack
    result: Any = None
    error: Exception | None = None


def bring_up_to_date(
    work: Work,
    stage: str,
    version: str,
    make: Callable[[Sequence[int], Unit], Any],
    commit: Callable[[Sequence[int], Any], int],
) -> Outcome:
    """Work every stale slice of the days once, as `work_slices` does."""
    with work.warehouse.transaction() as tx:
        stale = stale_slices(tx, work.contract.dataset, stage, work.days, version)
    return work_slices(work, stage, stale, make, commit)


def work_slices(
    work: Work,
    stage: str,
    slices: Sequence[Slice],
    make: Callable[[Sequence[int], Unit], Any],
    commit: Callable[[Sequence[int], Any], int],
) -> Outcome:
    """Work each of these slices once: `make` reads and thinks, `commit` writes.

    While one unit is committed the next is made in a thread; `commit` gives how many records of
    other slices it moved. A unit that fails is noted and left for the next run, the others go on;
    after a transient failure nothing more is tried. Running it again does only what is left.
    """
    outcome = Outcome()
    units = list(units_of(slices))
    work.progress.expect(stage, sum(unit.records for unit in units))
    is_hopeless = Event()
    for made in one_ahead(
        _make(work, stage, unit, make) for unit in units if not is_hopeless.is_set()
    ):
        with made.claims:
            _commit(work, stage, made, commit, outcome)
        if isinstance(made.error, TransientError):
            is_hopeless.set()
        work.progress.advance(stage, made.unit.records)
    return outcome


def _make(work: Work, stage: str, unit: Unit, make: Callable[[Sequence[int], Unit], Any]) -> Made:
    made = Made(unit, [], ExitStack())
    made.slice_ids = [s.slice_id for s in unit.slices if _claim(work, made.claims, stage, s)]
    try:
        made.result = make(made.slice_ids, unit) if made.slice_ids else None
    except Exception as error:
        made.error = error
    return made


def _commit(
    work: Work,
    stage: str,
    made: Made,
    commit: Callable[[Sequence[int], Any], int],
    outcome: Outcome,
) -> None:
    outcome.claimed_by_others += len(made.unit.slices) - len(made.slice_ids)
    if not made.slice_ids:
        return
    try:
        if made.error:
            raise made.error
        outcome.moved += repeated_on_conflict(lambda: commit(made.slice_ids, made.result))
        outcome.slices += len(made.slice_ids)
        outcome.records += made.unit.records
    except Exception as error:
        made.error = error
        outcome.problems.append(_in_words(error))
        _note(work, stage, made.slice_ids, error)


def one_ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items in their order, the next one made in a thread while the last is used."""
    end: Any = object()
    with ThreadPoolExecutor(1) as thread:
        ahead = thread.submit(next, items, end)
        while (item := ahead.result()) is not end:
            ahead = thread.submit(next, items, end)
            yield item


def refresh(work: Work, stage: str) -> None:
    """Make every slice of the days to do again for a stage: a full refresh, safe to kill."""
    with work.warehouse.transaction() as tx:
        mark_stale(tx, work.contract.dataset, stage, work.days, work.now())


def _claim(work: Work, claims: ExitStack, stage: str, stale: Slice) -> bool:
    claim = work.warehouse.claim(work.contract.dataset, stage, stale.slice_id)
    return claims.enter_context(claim)


def _in_words(error: Exception) -> str:
    return str(error) if isinstance(error, TxcatError) else f"{type(error).__name__}: {error}"


def _note(work: Work, stage: str, slice_ids: Sequence[int], error: Exception) -> None:
    with work.warehouse.transaction() as tx:
        note_error(tx, stage, slice_ids, _in_words(error))
