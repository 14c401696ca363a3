"""What becomes of single records when somebody decides about them.

Each function is a part of its caller's transaction, so that a decision and all that follows from it
are there together or not at all.

Decisions are kept in `warehouse.ledger.decisions`; records are moved by `apply` alone.
"""

from dataclasses import dataclass

import polars as pl

from txcat_assets.contracts.model import Contract
from txcat_assets.pipeline.judge import judge
from txcat_assets.pipeline.places import POSITION
from txcat_assets.stages.work import Work, has_decimal_comma
from txcat_assets.warehouse.databases.interface import Transaction
from txcat_assets.warehouse.ledger.apply import apply, close
from txcat_assets.warehouse.ledger.decisions import (
    Decision,
    closed_places,
    note_decisions,
    take_back,
)
from txcat_assets.warehouse.ledger.slices import (
    Landing,
    judged_records_at,
    land,
    raw_records_at,
    reach,
    slices_by_id,
)

STAGE = "validated"


@dataclass(frozen=True)
class Replacement:
    """Records that come in the place of older ones.

    `records` are as a reader gives them, with their `_position` in the object of `landing`, and
    `verdicts` what `verdicts_before_landing` made of them. `replaced` are the older records by
    `_slice_id`, `_position` and `_day`; `new_position` names the one that comes in the place of
    each, and is left out, or null, where no single one does.
    """

    landing: Landing
    records: pl.DataFrame
    verdicts: pl.DataFrame
    replaced: pl.DataFrame


def verdicts_before_landing(
    contract: Contract, landing: Landing, records: pl.DataFrame, *, decimal_comma: bool
) -> pl.DataFrame:
    """The verdicts of records that have no slice yet; takes no transaction, so make them before."""
    arriving = records.with_columns(_slice_id=pl.lit(0, pl.Int64), _day=pl.lit(landing.day))
    return judge(contract, arriving, decimal_comma=decimal_comma)


def land_and_replace(
    tx: Transaction, work: Work, replacement: Replacement, decision: Decision
) -> int | None:
    """Land records, close the older ones whose place they take, judge the new ones: all at once.

    So no reader sees both, or neither. A record that somebody has closed already keeps that
    decision. Gives the new slice's id, or None when the head of the object is not at
    `landing.start` any more: then nothing is written, which makes it safe to run twice.
    """
    tx.lock(work.contract.dataset)
    landing, contract = replacement.landing, work.contract
    slice_id = land(tx, contract, landing, replacement.records, work.run)
    if slice_id is None:
        return None
    new_slice = pl.lit(slice_id, pl.Int64)
    replaced = replacement.replaced
    if "new_position" in replaced.columns:
        has_new = pl.col("new_position").is_not_null()
        replaced = replaced.with_columns(pl.when(has_new).then(new_slice).alias("new_slice_id"))
    close_records(tx, work, replaced, decision)
    if not replacement.verdicts.is_empty():
        apply(tx, contract, replacement.verdicts.with_columns(_slice_id=new_slice), work.run)
        reach(tx, STAGE, [slice_id], str(contract.version), work.run)
    return slice_id


def close_records(
    tx: Transaction, work: Work, positions: pl.DataFrame, decision: Decision
) -> pl.DataFrame:
    """Discard or replace records; those that are closed already are left alone.

    `positions` has `_slice_id`, `_position` and `_day`, and may have `new_slice_id` and
    `new_position`. Gives those that were closed now.
    """
    tx.lock(work.contract.dataset)
    is_open = closed_places(tx, positions).is_null()
    closing = positions.filter(is_open)
    note_decisions(tx, work.contract, closing, decision, work.run)
    close(tx, work.contract, closing, work.run)
    return closing


def reopen_records(
    tx: Transaction, work: Work, positions: pl.DataFrame, decision: Decision
) -> pl.DataFrame:
    """Take back the decisions that closed records, and judge them by the contract in force.

    `positions` has `_slice_id` and `_position`. Gives those that were open again; who took the
    decision back is kept beside who made it.
    """
    tx.lock(work.contract.dataset)
    opening = positions.filter(closed_places(tx, positions).is_not_null())
    note_decisions(tx, work.contract, opening, decision, work.run)
    take_back(tx, opening)
    judge_again(tx, work, opening)
    return opening


def judge_again(tx: Transaction, work: Work, positions: pl.DataFrame) -> None:
    """Judge records from their text in raw by the contract in force, and move them accordingly.

    A record whose text was forgotten keeps the verdict that it had.
    """
    contract = work.contract
    if positions.is_empty():
        return
    raw = raw_records_at(tx, contract, positions)
    slices = slices_by_id(tx, raw["_slice_id"].unique().to_list())
    with_comma = [one.slice_id for one in slices if has_decimal_comma(one)]
    has_comma = raw["_slice_id"].is_in(with_comma)
    verdicts = [
        judge(contract, raw.filter(has_comma if comma else ~has_comma), decimal_comma=comma)
        for comma in (False, True)
    ]
    without_text = positions.join(raw, on=POSITION, how="anti")
    if not without_text.is_empty():
        verdicts.append(judged_records_at(tx, contract, without_text))
    apply(tx, contract, pl.concat(verdicts), work.run)
