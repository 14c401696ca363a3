"""What an operator's command does: it finds records, decides about them, and says what became.

A dry run is the same transaction, rolled back at its end: so it tells exactly what would become of
how many. How corrected files are taken back is in `stages.fix`.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

import polars as pl

from txcat_assets.pipeline.places import (
    CLOSED,
    COUNTED,
    KEPT,
    LOSING,
    POSITION,
    REPLACED,
    VALIDATED,
)
from txcat_assets.stages.decide import close_records, judge_again, reopen_records
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Transaction
from txcat_assets.warehouse.ledger.answers import ask_again
from txcat_assets.warehouse.ledger.decisions import Decision, note_decisions
from txcat_assets.warehouse.ledger.slices import judged_records_at
from txcat_assets.warehouse.queries.quarantine import (
    Wanted,
    decisions_about,
    find_places,
    find_records,
    read_records,
)

PLACE_NAMES = {place: name for name, places in COUNTED.items() for place in places}
"""What each place is called for people."""

SETTLED_AMONG = (*KEPT, *LOSING)
"""The places of those who contend for a key."""


@dataclass
class Decided:
    """What became of the records of a command; `left_alone` says in words which were not, and why.

    `became` counts by place where those are that were decided about, or what came in their place.
    """

    decided: int = 0
    became: dict[str, int] = field(default_factory=dict)
    left_alone: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@contextmanager
def deciding(work: Work, *, is_dry: bool) -> Iterator[Transaction]:
    """A transaction under the dataset's lock; of a dry run nothing is kept."""
    with suppress(_DryRunEnds), work.warehouse.transaction() as tx:
        tx.lock("register")
        tx.lock(work.contract.dataset)
        yield tx
        if is_dry:
            raise _DryRunEnds


class _DryRunEnds(Exception):
    """Rolls a transaction back whose outcome has been read."""


def discard(work: Work, wanted: Wanted, decision: Decision, *, is_dry: bool = False) -> Decided:
    """Close quarantined records: kept, counted, out of everything else. Twice is harmless."""
    outcome = Decided()
    with deciding(work, is_dry=is_dry) as tx:
        found = find_records(tx, work.contract, wanted)
        _note_places(tx, work, close_records(tx, work, found, decision), outcome)
    return outcome


def reopen(work: Work, wanted: Wanted, decision: Decision, *, is_dry: bool = False) -> Decided:
    """Take back what closed these records, and judge them by the contract in force.

    One that was replaced stays closed while its correction is open: they would be there twice.
    """
    outcome = Decided()
    with deciding(work, is_dry=is_dry) as tx:
        found = find_records(tx, work.contract, replace(wanted, places=CLOSED))
        doubled = _with_open_correction(tx, work, found)
        outcome.left_alone += [
            f"{slice_id}:{position} was replaced by {new}, which is open. Discard that one first."
            for (slice_id, position), new in doubled.items()
        ]
        opening = found.filter(
            [(s, p) not in doubled for s, p in found.select(POSITION).iter_rows()]
        )
        _note_places(tx, work, reopen_records(tx, work, opening, decision), outcome)
    return outcome


def replay(work: Work, wanted: Wanted, decision: Decision, *, is_dry: bool = False) -> Decided:
    """Judge quarantined records again by the contract in force; what was refused is asked again."""
    outcome = Decided()
    with deciding(work, is_dry=is_dry) as tx:
        found = find_records(tx, work.contract, wanted)
        note_decisions(tx, work.contract, found, decision, work.run)
        is_refused = pl.col("_place") == VALIDATED
        for stage in work.contract.stages:
            ask_again(tx, work.contract, stage, found.filter(is_refused))
        judge_again(tx, work, found.filter(~is_refused))
        _note_places(tx, work, found, outcome)
    return outcome


def settle(
    work: Work, chosen: tuple[int, int], decision: Decision, *, is_dry: bool = False
) -> Decided:
    """Let one version of a key stand: the others, of other content, are discarded and kept."""
    outcome = Decided()
    with deciding(work, is_dry=is_dry) as tx:
        versions = versions_of(tx, work, chosen)
        mine = versions.filter(pl.col("_slice_id") == chosen[0], pl.col("_position") == chosen[1])
        if mine.is_empty():
            outcome.left_alone.append(
                f"{chosen[0]}:{chosen[1]} contends for no key now: it is not valid, it waits, or "
                "it is closed. `txcat quarantine show` says which."
            )
            return outcome
        others = versions.filter(pl.col("_digest") != mine["_digest"][0])
        closed = close_records(tx, work, others, decision)
        outcome.notes.append(f"{len(closed)} records of other content are discarded.")
        _note_places(tx, work, mine, outcome)
    return outcome


def versions_of(tx: Transaction, work: Work, at: tuple[int, int]) -> pl.DataFrame:
    """All who contend for the key of the record at a position, as they were judged."""
    contract = work.contract
    here = pl.DataFrame([at], schema=dict.fromkeys(POSITION, pl.Int64), orient="row")
    keys = judged_records_at(tx, contract, here)[contract.key].drop_nulls().to_list()
    if not keys:
        return judged_records_at(tx, contract, here).clear()
    wanted = Wanted(key=str(keys[0]), places=SETTLED_AMONG)
    return judged_records_at(tx, contract, find_records(tx, contract, wanted)).sort(POSITION)


def _with_open_correction(
    tx: Transaction, work: Work, found: pl.DataFrame
) -> dict[tuple[int, int], str]:
    """The replaced records whose correction is open, each with the correction's position."""
    replaced = found.filter(pl.col("_place") == REPLACED)
    new = {
        (one["slice_id"], one["position"]): (one["new_slice_id"], one["new_position"])
        for one in decisions_about(tx, replaced)
        if one["in_force"] and one["new_slice_id"] is not None
    }
    if not new:
        return {}
    corrections = pl.DataFrame(
        list(new.values()), schema=dict.fromkeys(POSITION, pl.Int64), orient="row"
    )
    placed = read_records(tx, work.contract, corrections.unique())
    is_open = {(s, p) for s, p, place in _placed(placed) if place not in CLOSED}
    return {old: f"{at[0]}:{at[1]}" for old, at in new.items() if at in is_open}


def _placed(records: pl.DataFrame) -> Iterator[tuple[int, int, int | None]]:
    return records.select(*POSITION, "_place").iter_rows() if len(records) else iter(())


def _note_places(tx: Transaction, work: Work, positions: pl.DataFrame, outcome: Decided) -> None:
    """Count where these records are now."""
    outcome.decided += len(positions)
    for place, number in places_now(tx, work, positions).items():
        outcome.became[place] = outcome.became.get(place, 0) + number


def places_now(tx: Transaction, work: Work, positions: pl.DataFrame) -> dict[str, int]:
    """How many of these records are in each place, by its name."""
    if positions.is_empty():
        return {}
    counted = find_places(tx, work.contract, positions)["_place"].value_counts()
    places: dict[str, int] = {}
    for place, number in counted.iter_rows():
        places[PLACE_NAMES[place]] = places.get(PLACE_NAMES[place], 0) + number
    return places
