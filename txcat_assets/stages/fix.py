"""Corrected records land in the place of the old ones, a slice's worth in one transaction.

What cannot be done is told line by line, and the others go through. Doing it twice changes nothing:
who has been replaced is closed, and a line that was taken before is known again by its texts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from txcat_assets.contracts.rules import reason_texts
from txcat_assets.pipeline.places import CLOSED, CONFLICTING, POSITION, QUARANTINED
from txcat_assets.sources.files import records as reading
from txcat_assets.stages.corrections import Correction, Edited, address_of, in_words
from txcat_assets.stages.decide import Replacement, land_and_replace, verdicts_before_landing
from txcat_assets.stages.operate import PLACE_NAMES, Decided, deciding
from txcat_assets.stages.work import Work, has_decimal_comma
from txcat_assets.warehouse.databases.interface import Transaction
from txcat_assets.warehouse.ledger.decisions import Decision
from txcat_assets.warehouse.ledger.objects import Fix, add_fix
from txcat_assets.warehouse.ledger.slices import Landing, Slice
from txcat_assets.warehouse.queries.quarantine import (
    decisions_about,
    find_places,
    read_records,
)

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Corrected:
    """A correction that can be taken: the old record, and the texts of the new one."""

    line: int
    old: Record
    texts: Mapping[str, str | None]

    @property
    def at(self) -> tuple[int, int]:
        """The old record's position."""
        return self.old["_slice_id"], self.old["_position"]


@dataclass(frozen=True)
class Fixing:
    """One command: the file that the corrections came from, by whom and why, and what became."""

    work: Work
    source: str
    decision: Decision
    is_dry: bool = False
    outcome: Decided = field(default_factory=Decided)


def fix(fixing: Fixing, edited: Edited) -> Decided:
    """Land each corrected record and close the old one, a slice's worth in a transaction."""
    fixing.outcome.left_alone += edited.problems
    if edited.untouched:
        fixing.outcome.notes.append(f"{edited.untouched} lines have no correction: nothing is done")
    once = _once(fixing, edited.corrections)
    for start in range(0, len(once), reading.SLICE_RECORDS):
        _fix_some(fixing, once[start : start + reading.SLICE_RECORDS])
    return fixing.outcome


def _once(fixing: Fixing, corrections: Sequence[Correction]) -> list[Correction]:
    """Those that correct what no earlier line does."""
    seen, once = set(), []
    for one in corrections:
        at = (one.address.slice_id, one.address.position)
        if at in seen:
            fixing.outcome.left_alone.append(f"line {one.line}: an earlier line corrects the same")
        else:
            once.append(one)
        seen.add(at)
    return once


def _fix_some(fixing: Fixing, corrections: Sequence[Correction]) -> None:
    work = fixing.work
    with work.warehouse.transaction() as tx:
        corrected = _taken(tx, work, corrections, fixing.outcome)
    groups = _by_comma(corrected)
    judged = {
        comma: verdicts_before_landing(
            work.contract, _landing(work, 0, group), _records(work, group), decimal_comma=comma
        )
        for comma, group in groups.items()
        if group
    }
    with deciding(work, is_dry=fixing.is_dry) as tx:
        for comma, verdicts in judged.items():
            numbers = _still_there(tx, work, groups[comma], fixing.outcome)
            if numbers:
                _land(tx, fixing, [groups[comma][n] for n in numbers], verdicts[numbers])


def _by_comma(corrected: Sequence[Corrected]) -> dict[bool, list[Corrected]]:
    """Apart, those where a comma in the old record's numbers could only be a decimal comma."""
    dialects = {one.old["_dialect"] for one in corrected}
    has_comma = {dialect: has_decimal_comma(Slice(0, 0, dialect)) for dialect in dialects}
    return {
        comma: [one for one in corrected if has_comma[one.old["_dialect"]] == comma]
        for comma in (False, True)
    }


def _taken(
    tx: Transaction, work: Work, corrections: Sequence[Correction], outcome: Decided
) -> list[Corrected]:
    """The corrections that can be taken as things are; of the others it is told why not."""
    positions = _frame([(one.address.slice_id, one.address.position) for one in corrections])
    records = read_records(tx, work.contract, positions)
    old = {(one["_slice_id"], one["_position"]): one for one in records.iter_rows(named=True)}
    closed = records.filter(pl.col("_place").is_in(CLOSED)) if len(records) else records
    decisions = {
        (one["slice_id"], one["position"]): one
        for one in decisions_about(tx, closed)
        if one["in_force"]
    }
    corrections_of = _new_records(tx, work, decisions)
    taken = []
    for one in corrections:
        at = (one.address.slice_id, one.address.position)
        record = old.get(at)
        problem = _why_not(work, one, record)
        if problem is None and record is not None and record["_place"] in CLOSED:
            problem = _already(work, one, record, decisions[at], corrections_of.get(at))
        if problem:
            outcome.left_alone.append(f"line {one.line}: {problem}")
        elif record is not None:
            came = {name: record[name] for name in work.contract.column_names}
            texts = came | dict(one.texts)
            if texts == came:
                outcome.left_alone.append(f"line {one.line}: its corrections change nothing")
            else:
                taken.append(Corrected(one.line, record, texts))
    return taken


def _why_not(work: Work, one: Correction, record: Record | None) -> str | None:
    if one.address.dataset != work.contract.dataset:
        return f"it is of {one.address.dataset}, not of {work.contract.dataset}; see --dataset"
    if record is None or address_of(work.contract, record) != one.address:
        return (
            "this warehouse has another record at that position, or none. Was the file exported "
            "from another warehouse? If it has forgotten the record's text since, export it again"
        )
    if record["_place"] is None:
        return "its record is being judged again; wait for that, then fix it"
    is_there = record["_place"] in (*QUARANTINED, *CLOSED) or record["_stage"]
    return None if is_there else f"its record has moved: it is {PLACE_NAMES[record['_place']]} now"


def _already(
    work: Work, one: Correction, record: Record, decision: Record, new: Record | None
) -> str:
    """What to say of a record that somebody has closed."""
    names = work.contract.column_names
    texts = {name: record[name] for name in names} | dict(one.texts)
    if new is not None and {name: new[name] for name in names} == texts:
        return "this very correction was taken before; nothing to do"
    when = f"{decision['decided_at']:%Y-%m-%d %H:%M} UTC"
    return f"{decision['who']} has {decision['action']} it already, {when}: {decision['why']}"


def _new_records(
    tx: Transaction, work: Work, decisions: Mapping[tuple[int, int], Record]
) -> dict[tuple[int, int], Record]:
    """The records that came in the place of old ones, by the position of the old one."""
    new = {
        (one["new_slice_id"], one["new_position"]): at
        for at, one in decisions.items()
        if one["new_slice_id"] is not None
    }
    found = read_records(tx, work.contract, _frame(list(new)))
    return {new[one["_slice_id"], one["_position"]]: one for one in found.iter_rows(named=True)}


def _still_there(
    tx: Transaction, work: Work, group: Sequence[Corrected], outcome: Decided
) -> list[int]:
    """The numbers of those that are where they were, under the lock; others may be quicker."""
    placed = find_places(tx, work.contract, _frame([one.at for one in group]))
    now = {(s, p): place for s, p, place in placed.select(*POSITION, "_place").iter_rows()}
    is_there = [now.get(one.at) == one.old["_place"] for one in group]
    outcome.left_alone += [
        f"line {one.line}: its record has moved meanwhile"
        for one, is_still in zip(group, is_there, strict=True)
        if not is_still
    ]
    return [number for number, is_still in enumerate(is_there) if is_still]


def _land(
    tx: Transaction, fixing: Fixing, group: Sequence[Corrected], verdicts: pl.DataFrame
) -> None:
    work = fixing.work
    about = Fix(fixing.source, work.days[-1], work.now(), group[0].old["_dialect"])
    landing = _landing(work, add_fix(tx, work.contract.dataset, about), group)
    positions = pl.int_range(len(group), dtype=pl.Int64, eager=True)
    replaced = _frame([one.at for one in group]).with_columns(
        _day=pl.Series([one.old["_day"] for one in group], dtype=pl.Date), new_position=positions
    )
    replacement = Replacement(
        landing, _records(work, group), verdicts.with_columns(_position=positions), replaced
    )
    slice_id = land_and_replace(tx, work, replacement, fixing.decision)
    new = _frame([(int(slice_id or 0), n) for n in range(len(group))])
    _note_outcome(fixing, group, find_places(tx, work.contract, new))


def _note_outcome(fixing: Fixing, group: Sequence[Corrected], placed: pl.DataFrame) -> None:
    """Say where the new records are, and of each that is quarantined again, why."""
    contract, outcome = fixing.work.contract, fixing.outcome
    outcome.decided += len(group)
    meanings = reason_texts(contract)
    for record in placed.iter_rows(named=True):
        name = PLACE_NAMES[record["_place"]]
        outcome.became[name] = outcome.became.get(name, 0) + 1
        if record["_place"] in QUARANTINED:
            words = "; ".join(in_words(meanings, record | {"_stage": None, "_words": None}))
            what = "collides with another record" if record["_place"] == CONFLICTING else "is bad"
            line = group[record["_position"]].line
            outcome.notes.append(f"line {line}: taken, and the corrected record {what}: {words}")


def _landing(work: Work, object_id: int, group: Sequence[Corrected]) -> Landing:
    return Landing(object_id, 0, len(group), work.days[-1])


def _records(work: Work, group: Sequence[Corrected]) -> pl.DataFrame:
    """The corrected records as a reader would give them."""
    return pl.DataFrame(
        [
            pl.int_range(len(group), dtype=pl.Int64, eager=True).alias("_position"),
            *(
                pl.Series(name, [one.texts[name] for one in group], pl.String)
                for name in work.contract.column_names
            ),
            pl.Series("_extra", [one.old["_extra"] for one in group], pl.String),
            pl.Series("_fault", [None] * len(group), pl.String),
            pl.Series("_bytes", [None] * len(group), pl.Binary),
        ]
    )


def _frame(positions: Sequence[tuple[int, int]]) -> pl.DataFrame:
    return pl.DataFrame(positions, schema=dict.fromkeys(POSITION, pl.Int64), orient="row")
