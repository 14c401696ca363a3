"""Corrected records land in the place of the old ones, a slice's worth in one transaction.

What cannot be done is told line by line, and the others go through. Doing it twice changes nothing:
who has been replaced is closed, and a line that was taken before is known again by its texts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from txcat_assets.contracts.model import Contract
from txcat_assets.contracts.rules import reason_texts
from txcat_assets.pipeline.corrections import digests_as_they_came
from txcat_assets.pipeline.places import CLOSED, CONFLICTING, POSITION, QUARANTINED
from txcat_assets.sources.files import records as reading
from txcat_assets.stages.corrections import CORRECTED, EMPTIED, Edited, in_words
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

NEW = "_new_"
"""What the names of the columns begin with that hold the texts of the corrected records."""


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
    for some in once.iter_slices(reading.SLICE_RECORDS):
        _fix_some(fixing, some)
    return fixing.outcome


def _once(fixing: Fixing, corrections: pl.DataFrame) -> pl.DataFrame:
    """Those that correct what no earlier line does."""
    is_first = corrections.select(pl.struct(POSITION).is_first_distinct()).to_series()
    again = corrections.filter(~is_first)["_line"]
    fixing.outcome.left_alone += [f"line {n}: an earlier line corrects the same" for n in again]
    return corrections.filter(is_first)


def _fix_some(fixing: Fixing, corrections: pl.DataFrame) -> None:
    work = fixing.work
    with work.warehouse.transaction() as tx:
        taken = _taken(tx, work, corrections, fixing.outcome)
    groups = [(group, comma) for comma, group in _by_comma(taken).items() if len(group)]
    judged = [
        (
            group,
            verdicts_before_landing(
                work.contract, _landing(work, 0, group), _records(work, group), decimal_comma=comma
            ),
        )
        for group, comma in groups
    ]
    with deciding(work, is_dry=fixing.is_dry) as tx:
        for group, verdicts in judged:
            is_there = _still_there(tx, work, group, fixing.outcome)
            if is_there.any():
                _land(tx, fixing, group.filter(is_there), verdicts.filter(is_there))


def _by_comma(taken: pl.DataFrame) -> dict[bool, pl.DataFrame]:
    """Apart, those where a comma in the old record's numbers could only be a decimal comma."""
    dialects = taken["_dialect"].drop_nulls().unique()
    with_comma = [one for one in dialects if has_decimal_comma(Slice(0, 0, one))]
    has_comma = taken["_dialect"].is_in(with_comma).fill_null(value=False)
    return {comma: taken.filter(has_comma == comma) for comma in (False, True)}


def _taken(
    tx: Transaction, work: Work, corrections: pl.DataFrame, outcome: Decided
) -> pl.DataFrame:
    """The corrections that can be taken as things are; of the others it is told why not.

    Each beside its old record as `read_records` gives it, with the corrected texts under NEW.
    """
    contract = work.contract
    old = read_records(tx, contract, corrections)
    is_as = digests_as_they_came(contract.column_names, old).alias("_is_as")
    met = corrections.join(old.with_columns(is_as), POSITION, "left", maintain_order="left")
    met = met.with_columns(
        *(_new_text(name) for name in contract.column_names), _problem=_why_not(contract)
    )
    is_closed = pl.col("_problem").is_null() & pl.col("_place").is_in(CLOSED)
    met = met.join(
        _already(tx, work, met.filter(is_closed)), POSITION, "left", maintain_order="left"
    )
    is_same = pl.all_horizontal(
        pl.col(name).eq_missing(pl.col(NEW + name)) for name in contract.column_names
    )
    same = pl.when(is_same).then(pl.lit("its corrections change nothing"))
    met = met.with_columns(pl.coalesce("_problem", "_already", same).alias("_problem"))
    told = met.filter(pl.col("_problem").is_not_null()).select("_line", "_problem")
    outcome.left_alone += [f"line {line}: {problem}" for line, problem in told.iter_rows()]
    return met.filter(pl.col("_problem").is_null())


def _new_text(name: str) -> pl.Expr:
    """A text of the corrected record: what was written, or else as it came."""
    new = pl.coalesce(CORRECTED + name, name)
    return pl.when(~pl.col(EMPTIED + name)).then(new).alias(NEW + name)


def _why_not(contract: Contract) -> pl.Expr:
    """In words, why a correction cannot be taken; null where nothing speaks against it."""
    place, mine = pl.col("_place"), contract.dataset
    of_other = pl.format(f"it is of {{}}, not of {mine}; see --dataset", "_dataset")
    is_another = pl.col("_is_as").ne_missing(pl.col("_came_as"))
    another = (
        "this warehouse has another record at that position, or none. Was the file exported "
        "from another warehouse? If it has forgotten the record's text since, export it again"
    )
    judged_again = "its record is being judged again; wait for that, then fix it"
    is_elsewhere = ~place.is_in((*QUARANTINED, *CLOSED)) & pl.col("_stage").is_null()
    name = place.replace_strict(PLACE_NAMES, return_dtype=pl.String)
    return (
        pl.when(pl.col("_dataset") != mine)
        .then(of_other)
        .when(is_another)
        .then(pl.lit(another))
        .when(place.is_null())
        .then(pl.lit(judged_again))
        .when(is_elsewhere)
        .then(pl.format("its record has moved: it is {} now", name))
    )


def _already(tx: Transaction, work: Work, closed: pl.DataFrame) -> pl.DataFrame:
    """What to say of records that somebody has closed, in a column `_already`."""
    decisions = {
        (one["slice_id"], one["position"]): one
        for one in decisions_about(tx, closed)
        if one["in_force"]
    }
    came = _new_records(tx, work, decisions)
    told = [
        (*at, _closed_by(decisions[at], is_the_same=came.get(at) == texts))
        for at, texts in _by_position(closed, [NEW + name for name in work.contract.column_names])
    ]
    schema = {**dict.fromkeys(POSITION, pl.Int64), "_already": pl.String}
    return pl.DataFrame(told, schema, orient="row")


def _closed_by(decision: Mapping[str, Any], *, is_the_same: bool) -> str:
    if is_the_same:
        return "this very correction was taken before; nothing to do"
    when = f"{decision['decided_at']:%Y-%m-%d %H:%M} UTC"
    return f"{decision['who']} has {decision['action']} it already, {when}: {decision['why']}"


def _new_records(
    tx: Transaction, work: Work, decisions: Mapping[tuple[int, int], Mapping[str, Any]]
) -> dict[tuple[int, int], list[str | None]]:
    """The texts of the records that came in the place of old ones, by the old one's position."""
    new = {
        (one["new_slice_id"], one["new_position"]): at
        for at, one in decisions.items()
        if one["new_slice_id"] is not None
    }
    found = read_records(tx, work.contract, _frame(new))
    return {new[at]: texts for at, texts in _by_position(found, work.contract.column_names)}


def _by_position(
    records: pl.DataFrame, columns: Sequence[str]
) -> Iterator[tuple[tuple[int, int], list[str | None]]]:
    for slice_id, position, *texts in records.select(*POSITION, *columns).iter_rows():
        yield (slice_id, position), texts


def _still_there(tx: Transaction, work: Work, group: pl.DataFrame, outcome: Decided) -> pl.Series:
    """Which of them are where they were, under the lock; others may be quicker."""
    now = find_places(tx, work.contract, group).select(*POSITION, _now="_place")
    placed = group.select(*POSITION, "_place").join(now, POSITION, "left", maintain_order="left")
    is_there = (placed["_now"] == placed["_place"]).fill_null(value=False)
    gone = group.filter(~is_there)["_line"]
    outcome.left_alone += [f"line {number}: its record has moved meanwhile" for number in gone]
    return is_there


def _land(tx: Transaction, fixing: Fixing, group: pl.DataFrame, verdicts: pl.DataFrame) -> None:
    work = fixing.work
    about = Fix(fixing.source, work.days[-1], work.now(), group["_dialect"][0])
    landing = _landing(work, add_fix(tx, work.contract.dataset, about), group)
    positions = pl.int_range(len(group), dtype=pl.Int64, eager=True)
    replaced = group.select(*POSITION, "_day", new_position=positions)
    replacement = Replacement(
        landing, _records(work, group), verdicts.with_columns(_position=positions), replaced
    )
    slice_id = land_and_replace(tx, work, replacement, fixing.decision)
    new = _frame([(int(slice_id or 0), n) for n in range(len(group))])
    _note_outcome(fixing, group, find_places(tx, work.contract, new))


def _note_outcome(fixing: Fixing, group: pl.DataFrame, placed: pl.DataFrame) -> None:
    """Say where the new records are, and of each that is quarantined again, why."""
    contract, outcome = fixing.work.contract, fixing.outcome
    outcome.decided += len(group)
    for place, number in placed["_place"].value_counts().iter_rows():
        name = PLACE_NAMES[place]
        outcome.became[name] = outcome.became.get(name, 0) + number
    meanings = reason_texts(contract)
    bad = placed.filter(pl.col("_place").is_in(QUARANTINED))
    for record in bad.iter_rows(named=True):
        words = "; ".join(in_words(meanings, record | {"_stage": None, "_words": None}))
        what = "collides with another record" if record["_place"] == CONFLICTING else "is bad"
        line = group["_line"][record["_position"]]
        outcome.notes.append(f"line {line}: taken, and the corrected record {what}: {words}")


def _landing(work: Work, object_id: int, group: pl.DataFrame) -> Landing:
    return Landing(object_id, 0, len(group), work.days[-1])


def _records(work: Work, group: pl.DataFrame) -> pl.DataFrame:
    """The corrected records as a reader would give them."""
    return group.select(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("_position"),
        *(pl.col(NEW + name).alias(name) for name in work.contract.column_names),
        pl.col("_extra"),
        pl.lit(None, pl.String).alias("_fault"),
        pl.lit(None, pl.Binary).alias("_bytes"),
    )


def _frame(positions: Iterable[tuple[int, int]]) -> pl.DataFrame:
    return pl.DataFrame(list(positions), dict.fromkeys(POSITION, pl.Int64), orient="row")
