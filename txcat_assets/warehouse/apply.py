"""`apply`: the one function that moves records between places.

It is given verdicts, computes what should be, and writes only the difference: rows, places, what
follows in the later stages, and the counts of every slice met, all in the caller's transaction.
There is no second code path.
"""

from dataclasses import dataclass

import polars as pl

from txcat_assets.contracts.model import Contract
from txcat_assets.pipeline.places import (
    INVALID,
    POSITION,
    VALIDATED,
    count_changes,
    difference,
    rank,
)
from txcat_assets.warehouse.answers import follow, recount
from txcat_assets.warehouse.interface import Transaction
from txcat_assets.warehouse.ledger import in_slices
from txcat_assets.warehouse.tables import key_of, require_version


@dataclass(frozen=True)
class Applied:
    """What one `apply` wrote: judged rows, and records of other slices that changed place."""

    written: int
    moved: int


def apply(tx: Transaction, contract: Contract, verdicts: pl.DataFrame, run_id: str) -> Applied:
    """Bring the tables to what these verdicts say; doing it twice writes nothing.

    `verdicts` is what `judge` gave, one row per position. Raises VersionRefused when the
    warehouse has seen a newer contract.
    """
    tx.lock(contract.dataset)
    require_version(tx, contract)
    old = _stored(tx, contract, verdicts)
    changed = difference(verdicts, old)
    if changed.is_empty():
        return Applied(0, 0)
    replaced = old.join(changed, on=POSITION, how="semi")
    others = _other_contenders(tx, contract, changed, replaced)
    ranked = _rank_all(contract, changed, others)
    moved = ranked.filter(pl.col("_place") != pl.col("was"))
    # In this order a key never has two winners, not even within the transaction.
    _delete(tx, contract, replaced)
    _move(tx, contract, moved.filter(pl.col("_place") != VALIDATED))
    _move(tx, contract, moved.filter(pl.col("_place") == VALIDATED))
    _insert(tx, contract, _with_places(changed, ranked), run_id)
    _count(tx, _moves(changed, ranked, replaced))
    met = pl.concat([replaced[contract.key], others[contract.key]]).drop_nulls().unique()
    winners = ranked.filter(
        pl.col("_place") == VALIDATED, pl.col(contract.key).is_in(met.implode())
    )
    slice_ids = pl.concat([changed["_slice_id"], moved["_slice_id"]]).unique().to_list()
    for stage in contract.stages:
        follow(tx, contract, stage, met, winners)
        recount(tx, contract, stage, slice_ids)
    return Applied(len(changed), len(moved))


def _narrow(contract: Contract) -> str:
    return (
        f'_slice_id, _position, _day, CAST("{contract.key}" AS TEXT) AS "{contract.key}", '
        "replace(CAST(_digest AS TEXT), '-', '') AS _digest, _place"
    )


def _stored(tx: Transaction, contract: Contract, verdicts: pl.DataFrame) -> pl.DataFrame:
    """The judged rows that these positions have now."""
    slice_ids = verdicts["_slice_id"].unique().to_list()
    rows = tx.frame(
        f"SELECT {_narrow(contract)}, _reasons FROM judged.{contract.dataset} "
        f"WHERE {in_slices(slice_ids)}"
    )
    return rows.join(verdicts, on=POSITION, how="semi")


def _other_contenders(
    tx: Transaction, contract: Contract, changed: pl.DataFrame, replaced: pl.DataFrame
) -> pl.DataFrame:
    """All valid records elsewhere that share a key with what changes, before and after."""
    key = contract.key
    touched = pl.concat([changed[key], replaced[key]]).drop_nulls().unique()
    tx.offer("touched", touched.to_frame())
    met = tx.frame(
        f"SELECT {_narrow(contract)} FROM judged.{contract.dataset} "
        f'WHERE _place <> {INVALID} AND "{key}" IN (SELECT {key_of(contract, "t")} FROM touched t)'
    )
    return met.join(changed, on=POSITION, how="anti")


def _rank_all(contract: Contract, changed: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """The contenders with the place that each must have; `was` is null for those that change."""
    columns = [*POSITION, "_day", contract.key, "_digest"]
    place = pl.lit(None, dtype=pl.Int16)
    new = changed.filter("_is_valid").select(*columns, was=place)
    return rank(pl.concat([new, others.select(*columns, was="_place")]), contract.key)


def _with_places(changed: pl.DataFrame, ranked: pl.DataFrame) -> pl.DataFrame:
    """The changed records with the place of each; the joined frame is narrow, for speed."""
    places = ranked.select(*POSITION, "_place")
    found = changed.select(POSITION).join(places, on=POSITION, how="left", maintain_order="left")
    return changed.with_columns(found["_place"].fill_null(INVALID))


def _delete(tx: Transaction, contract: Contract, replaced: pl.DataFrame) -> None:
    if replaced.is_empty():
        return
    tx.offer("replaced", replaced)
    tx.run(
        f"DELETE FROM judged.{contract.dataset} j USING replaced r WHERE {_same('j', 'r')} "
        f"AND {in_slices(replaced['_slice_id'].unique().to_list(), 'j._slice_id')}"
    )


def _insert(tx: Transaction, contract: Contract, placed: pl.DataFrame, run_id: str) -> None:
    tx.append(
        f"judged.{contract.dataset}",
        placed.select(
            *(*POSITION, "_day", *contract.column_names, "_digest", "_place", "_reasons"),
            pl.lit(contract.version).alias("_contract_version"),
            pl.lit(run_id).alias("_run_id"),
        ),
    )


def _move(tx: Transaction, contract: Contract, moved: pl.DataFrame) -> None:
    if moved.is_empty():
        return
    tx.offer("moved", moved)
    tx.run(
        f"UPDATE judged.{contract.dataset} j SET _place = m._place FROM moved m "
        f"WHERE {_same('j', 'm')} "
        f"AND {in_slices(moved['_slice_id'].unique().to_list(), 'j._slice_id')}"
    )


def _moves(changed: pl.DataFrame, ranked: pl.DataFrame, replaced: pl.DataFrame) -> pl.DataFrame:
    """Every single move: which slice, from which place, to which; null is none."""
    none = pl.lit(None, dtype=pl.Int16)
    invalid = pl.lit(INVALID, dtype=pl.Int16)
    return pl.concat(
        [
            replaced.select("_slice_id", was="_place", now=none),
            changed.filter(~pl.col("_is_valid")).select("_slice_id", was=none, now=invalid),
            ranked.select("_slice_id", "was", now="_place"),
        ]
    )


def _count(tx: Transaction, moves: pl.DataFrame) -> None:
    tx.offer("counted", count_changes(moves))
    counts = ["unjudged", "validated", "quarantined", "duplicate"]
    added = ", ".join(f"{name} = s.{name} + c.{name}" for name in counts)
    tx.run(f"UPDATE ledger.slices s SET {added} FROM counted c WHERE s.slice_id = c._slice_id")


def _same(left: str, right: str) -> str:
    return f"{left}._slice_id = {right}._slice_id AND {left}._position = {right}._position"
