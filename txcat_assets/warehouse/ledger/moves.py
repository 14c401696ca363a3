"""Which judged records have moved from one place to another: told by `txcat explain`.

Nothing is decided by it. `apply` notes a move in its own transaction; a record's first place is no
move, so that a record that lands and is judged costs nothing here.
"""

import polars as pl

from txcat_assets.contracts.model import Contract
from txcat_assets.pipeline.places import CLOSED, KEPT, POSITION
from txcat_assets.warehouse.databases.interface import Transaction
from txcat_assets.warehouse.ledger.slices import Run


def note_moves(
    tx: Transaction, contract: Contract, placed: pl.DataFrame, outdated: pl.DataFrame, run: Run
) -> None:
    """Keep the moves of records that had a place before: `was`, or where it is `outdated`.

    Left out is what is told already: by the decision that closes a record, and by the later version
    that supersedes one.
    """
    places = placed.select(*POSITION, "was", "_place")
    rewritten = outdated.select(*POSITION, was="_place").join(places.drop("was"), on=POSITION)
    was, now = pl.col("was"), pl.col("_place")
    is_told = now.is_in(CLOSED) | (was.is_in(KEPT) & now.is_in(KEPT))
    moved = pl.concat([places, rewritten]).filter(was != now, ~is_told)
    if moved.is_empty():
        return
    tx.append(
        "ledger.moves",
        moved.select(
            pl.lit(contract.dataset).alias("dataset"),
            pl.col("_slice_id").alias("slice_id"),
            pl.col("_position").alias("position"),
            was.cast(pl.Int16).alias("place_before"),
            now.cast(pl.Int16).alias("place"),
            pl.lit(contract.version, pl.Int32).alias("contract_version"),
            pl.lit(run.at).alias("moved_at"),
            pl.lit(run.run_id).alias("run_id"),
        ),
    )
