"""The loop that every stage after landing shares: it works the ledger's list, unit by unit.

It asks the ledger what is to do, claims it, does it, and goes on past a unit that fails; what is
left stays on the list for the next run.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from threading import Event
from typing import NoReturn, TypeVar

from txcat_assets.errors import TransientError, TxcatError
from txcat_assets.stages.work import Outcome, Unit, Work, units_of
from txcat_assets.warehouse.databases.interface import repeated_on_conflict
from txcat_assets.warehouse.ledger.slices import Slice, mark_stale, note_error, stale_slices

T = TypeVar("T")

Commit = Callable[[], int]
"""Writes what was prepared, in one transaction; gives how many records of other slices moved."""

Prepare = Callable[[Unit], Commit]
"""Reads and computes what a unit needs. It may run in a thread, while another unit is committed."""


@dataclass(frozen=True)
class PreparedUnit:
    """A unit that is ready to be committed: the claimed part of the unit that was planned."""

    planned: Unit
    claimed: Unit
    claims: ExitStack
    commit: Commit


def bring_up_to_date(work: Work, stage: str, version: str, prepare: Prepare) -> Outcome:
    """Work every stale slice of the days once, as `work_slices` does."""
    with work.warehouse.transaction() as tx:
        stale = stale_slices(tx, work.contract.dataset, stage, work.days, version)
    return work_slices(work, stage, stale, prepare)


def work_slices(work: Work, stage: str, slices: Sequence[Slice], prepare: Prepare) -> Outcome:
    """Work each of these slices once.

    While one unit is committed the next is prepared in a thread. A unit that fails is noted and
    left for the next run, the others go on; after a transient failure no further unit is begun.
    Running it again does only what is left.
    """
    outcome = Outcome()
    units = list(units_of(slices))
    work.progress.expect(stage, sum(unit.records for unit in units))
    is_stopped = Event()
    to_do = (unit for unit in units if not is_stopped.is_set())
    for prepared in one_ahead(_prepared(work, stage, unit, prepare) for unit in to_do):
        with prepared.claims:
            error = _commit(work, stage, prepared, outcome)
        if isinstance(error, TransientError):
            is_stopped.set()
        work.progress.advance(stage, prepared.planned.records)
    return outcome


def _prepared(work: Work, stage: str, unit: Unit, prepare: Prepare) -> PreparedUnit:
    claims = ExitStack()
    claimed = replace(unit, slices=[one for one in unit.slices if _claim(work, claims, stage, one)])
    try:
        commit = prepare(claimed) if claimed.slices else lambda: 0
    except Exception as error:
        commit = partial(_raise, error)
    return PreparedUnit(unit, claimed, claims, commit)


def _raise(error: Exception) -> NoReturn:
    """Fail where the unit would have been committed, so that all failures are noted there."""
    raise error


def _commit(work: Work, stage: str, prepared: PreparedUnit, outcome: Outcome) -> Exception | None:
    """Commit a unit and add to the outcome; the error where it failed, noted with the slices."""
    claimed = prepared.claimed
    outcome.claimed_by_others += len(prepared.planned.slices) - len(claimed.slices)
    if not claimed.slices:
        return None
    try:
        outcome.moved += repeated_on_conflict(prepared.commit)
    except Exception as error:
        outcome.problems.append(_message(error))
        with work.warehouse.transaction() as tx:
            note_error(tx, stage, claimed.slice_ids, _message(error))
        return error
    outcome.slices += len(claimed.slices)
    outcome.records += claimed.records
    return None


def one_ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items in their order, the next one made in a thread while the last is used."""
    with ThreadPoolExecutor(1) as thread:
        ahead = thread.submit(_next, items)
        while found := ahead.result():
            ahead = thread.submit(_next, items)
            yield from found


def _next(items: Iterator[T]) -> list[T]:
    """The next item; empty at the end."""
    return list(islice(items, 1))


def refresh(work: Work, stage: str) -> None:
    """Make every slice of the days to do again for a stage: a full refresh, safe to kill."""
    with work.warehouse.transaction() as tx:
        mark_stale(tx, work.contract.dataset, stage, work.days, work.now())


def _claim(work: Work, claims: ExitStack, stage: str, stale: Slice) -> bool:
    claim = work.warehouse.claim(work.contract.dataset, stage, stale.slice_id)
    return claims.enter_context(claim)


def _message(error: Exception) -> str:
    return str(error) if isinstance(error, TxcatError) else f"{type(error).__name__}: {error}"
