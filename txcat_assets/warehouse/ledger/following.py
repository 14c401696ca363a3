"""What follows in the stages after `validated` when records move: their rows, and what is counted.

`apply` moves records; how the answers of a stage come to be is in `answers`.
"""

from collections.abc import Sequence

import polars as pl

from txcat_assets.contracts.model import Contract, Stage
from txcat_assets.warehouse.databases.interface import Transaction
from txcat_assets.warehouse.ledger.asked import CONTENT, Asked, refused, stored, validated
from txcat_assets.warehouse.ledger.slices import in_slices
from txcat_assets.warehouse.schema.tables import key_of


def follow(
    tx: Transaction, contract: Contract, stage: Stage, met: pl.Series, winners: pl.DataFrame
) -> None:
    """Let a stage's rows follow their keys after records have moved.

    `met` are the keys whose winner may have changed, `winners` who holds them now. A key that
    has left validated loses its row; the same content elsewhere keeps its answer and gets the
    winner's provenance; other content keeps the old row until the new answer replaces it.
    """
    if met.is_empty():
        return
    key, table = f'"{contract.key}"', f"{stage.name}.{contract.dataset}"
    tx.offer("met", met.to_frame())
    tx.offer("winners", winners)
    of_met = tx.among(key, f"SELECT {key_of(contract, 'm')} FROM met m")
    of_winners = f"SELECT {key_of(contract, 'w')} FROM winners w"
    tx.run(f"DELETE FROM {table} WHERE {of_met} AND {key} NOT IN ({of_winners})")
    tx.run(
        f"UPDATE {table} c SET _slice_id = w._slice_id, _position = w._position, _day = w._day "
        f"FROM winners w WHERE {tx.among(f'c.{key}', of_winners)} "
        f"AND c.{key} = {key_of(contract, 'w')} "
        "AND c._digest = CAST(w._digest AS UUID) "
        "AND (c._slice_id <> w._slice_id OR c._position <> w._position)"
    )


def recount(tx: Transaction, contract: Contract, stage: Stage, slice_ids: Sequence[int]) -> None:
    """Set pending and refused of slices from the tables, as records of theirs have moved.

    Pending are the validated records without an answer, for their content, by the model version
    that the slice's stage has reached: all of them where it has reached none.
    """
    these = f"t.stage = $stage AND {in_slices(slice_ids, 't.slice_id')}"
    tx.run(
        "UPDATE ledger.stages t SET refused = 0, pending = s.validated, revision = t.revision + 1 "
        f"FROM ledger.slices s WHERE s.slice_id = t.slice_id AND t.version IS NULL AND {these}",
        stage=stage.name,
    )
    known = f"SELECT t.slice_id FROM ledger.stages t WHERE t.version IS NOT NULL AND {these}"
    if reached := [slice_id for (slice_id,) in tx.rows(known, stage=stage.name)]:
        _recount_reached(tx, Asked(contract, stage, ""), reached)


def _recount_reached(tx: Transaction, asked: Asked, slice_ids: Sequence[int]) -> None:
    # Frames are joined here: no planner knows how many rows a slice has that has just come.
    content = tx.frame(validated(asked, slice_ids))
    counted = pl.DataFrame({"slice_id": slice_ids}, schema={"slice_id": pl.Int64})
    named = {"stage": asked.stage.name}
    found = {
        "answered": tx.frame(stored(asked, slice_ids, "t.version"), **named),
        "refused": tx.frame(
            refused(slice_ids, "t.version"), dataset=asked.contract.dataset, **named
        ),
    }
    for what, positions in found.items():
        number = content.join(positions, on=CONTENT, how="semi").group_by("_slice_id").len(what)
        counted = counted.join(number, left_on="slice_id", right_on="_slice_id", how="left")
    tx.offer("counted", counted.fill_null(0))
    tx.run(
        "UPDATE ledger.stages t SET refused = c.refused, revision = t.revision + 1, "
        "pending = s.validated - c.answered - c.refused FROM ledger.slices s "
        "JOIN counted c ON c.slice_id = s.slice_id "
        "WHERE t.slice_id = s.slice_id AND t.stage = $stage",
        stage=asked.stage.name,
    )
