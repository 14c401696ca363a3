"""What operators decided about single records, with who, when and why; it is never deleted.

A decision that closes its record is in force until it is taken back, and there is one for a
position at most. `apply` reads here which records are closed; how decisions are made, one
transaction for each command, is in `stages.decide`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from txcat_assets.contracts.model import Contract
from txcat_assets.pipeline.places import CLOSED, DISCARDED, POSITION, REPLACED
from txcat_assets.warehouse.databases.interface import Transaction, listed
from txcat_assets.warehouse.ledger.slices import Run, in_slices

Action = Literal["discarded", "replaced", "reopened", "replayed"]

PLACES: dict[Action, int] = {"discarded": DISCARDED, "replaced": REPLACED}
"""The place in which each action that closes a record puts it."""


@dataclass(frozen=True)
class Decision:
    """What somebody decided, and why, in words for whoever asks later."""

    action: Action
    who: str
    why: str


def closed_places(tx: Transaction, positions: pl.DataFrame) -> pl.Series:
    """For each position the place where a decision in force puts it; null where there is none."""
    found = tx.frame(
        "SELECT slice_id AS _slice_id, position AS _position, "
        f"CASE action WHEN 'discarded' THEN {DISCARDED} ELSE {REPLACED} END::SMALLINT AS _closed "
        f"FROM ledger.decisions WHERE in_force "
        f"AND {in_slices(positions['_slice_id'].unique().to_list(), 'slice_id')}"
    )
    if found.is_empty():
        return pl.Series("_closed", [None], pl.Int16).new_from_index(0, len(positions))
    asked = positions.select(POSITION)
    return asked.join(found, on=POSITION, how="left", maintain_order="left")["_closed"]


def open_positions(tx: Transaction, contract: Contract, slice_ids: Sequence[int]) -> pl.DataFrame:
    """All records of these slices that nobody closed, judged or not, in the order of arrival.

    Columns: `_slice_id`, `_position`, `_day`.
    """
    name, of_slices = contract.dataset, in_slices(slice_ids)
    found = "SELECT _slice_id, _position, _day FROM {table} WHERE {where}"
    # Those without text in raw any more are among the judged.
    landed = found.format(table=f"raw.{name}", where=of_slices)
    judged = found.format(table=f"judged.{name}", where=of_slices)
    closed = found.format(
        table=f"judged.{name}", where=f"{of_slices} AND _place IN ({listed(CLOSED)})"
    )
    return tx.frame(f"({landed} UNION {judged}) EXCEPT {closed} ORDER BY 1, 2")


def note_decisions(
    tx: Transaction, contract: Contract, positions: pl.DataFrame, decision: Decision, run: Run
) -> None:
    """Note a decision about each of these positions, with the place and reasons that it found.

    `positions` has `_slice_id` and `_position`, and may have `new_slice_id` and `new_position`: the
    record that takes the old one's place. The database refuses a second one that closes a record.
    """
    if positions.is_empty():
        return
    empty = {name: pl.lit(None, pl.Int64).alias(name) for name in ("new_slice_id", "new_position")}
    added = [expression for name, expression in empty.items() if name not in positions.columns]
    tx.offer("decided", positions.with_columns(added))
    tx.run(
        "INSERT INTO ledger.decisions (dataset, slice_id, position, action, in_force, who, why, "
        "decided_at, run_id, place_before, reasons_before, new_slice_id, new_position) "
        "SELECT $dataset, d._slice_id, d._position, $action, $in_force, $who, $why, $at, $run_id, "
        "j._place, j._codes, d.new_slice_id, d.new_position "
        f"FROM decided d LEFT JOIN judged.{contract.dataset} j ON j._slice_id = d._slice_id "
        "AND j._position = d._position "
        f"AND {in_slices(positions['_slice_id'].unique().to_list(), 'j._slice_id')}",
        dataset=contract.dataset,
        action=decision.action,
        in_force=True if decision.action in PLACES else None,
        who=decision.who,
        why=decision.why,
        at=run.at,
        run_id=run.run_id,
    )


def take_back(tx: Transaction, positions: pl.DataFrame) -> None:
    """Let the decisions that close these records be in force no longer; they stay as history."""
    if positions.is_empty():
        return
    tx.offer("taken_back", positions.select(POSITION))
    tx.run(
        "UPDATE ledger.decisions SET in_force = NULL FROM taken_back b "
        "WHERE in_force AND slice_id = b._slice_id AND position = b._position"
    )
