"""`apply`: the one function that moves records between places.

It is given verdicts, computes what should be, and writes only the difference: rows, places, what
follows in the later stages, and the counts of every slice met, all in the caller's transaction.
There is no second code path.
"""

from dataclasses import dataclass

import polars as pl

from txcat_assets.contracts.model import Contract
from txcat_assets.pipeline.places import (
    LOSING,
    POSITION,
    VALIDATED,
    count_changes,
    difference,
    rank,
    set_aside,
)
from txcat_assets.warehouse.databases.interface import Transaction, listed
from txcat_assets.warehouse.ledger.following import follow, recount
from txcat_assets.warehouse.ledger.marts import MartTable, note_touched
from txcat_assets.warehouse.ledger.references import note_withdrawn, unknown_references
from txcat_assets.warehouse.ledger.slices import in_slices
from txcat_assets.warehouse.schema.contract_versions import require_version
from txcat_assets.warehouse.schema.tables import key_of, quoted


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
    verdicts = set_aside(verdicts, unknown_references(tx, contract, verdicts))
    old = _stored(tx, contract, verdicts)
    changed = difference(verdicts, old)
    if changed.is_empty():
        return Applied(0, 0)
    replaced = old.join(changed, on=POSITION, how="semi")
    others = _other_contenders(tx, contract, changed, replaced)
    placed = _place_all(contract, changed, others)
    moved = placed.filter(pl.col("_place") != pl.col("was"))
    # In this order a key never has two winners, not even within the transaction.
    _delete(tx, contract, replaced)
    _move(tx, contract, moved.filter(pl.col("_place") != VALIDATED))
    _move(tx, contract, moved.filter(pl.col("_place") == VALIDATED))
    _insert(tx, contract, _with_places(changed, placed), run_id)
    _count(tx, _moves(placed, replaced))
    _update_dependents(tx, contract, placed, replaced)
    return Applied(len(changed), len(moved))


def _update_dependents(
    tx: Transaction, contract: Contract, placed: pl.DataFrame, replaced: pl.DataFrame
) -> None:
    """Update what depends on the records that moved: stages, marts, datasets that refer to this."""
    key = contract.key
    stood = placed.filter(pl.col("was").is_not_null())
    before = pl.concat([replaced.select(key, place="_place"), stood.select(key, place="was")])
    met = before[key].drop_nulls().unique()
    winners = placed.filter(pl.col("_place") == VALIDATED, pl.col(key).is_in(met.implode()))
    moved = placed.filter(pl.col("_place").ne_missing(pl.col("was")))
    for stage in contract.stages:
        follow(tx, contract, stage, met, winners)
        recount(tx, contract, stage, moved["_slice_id"].unique().to_list())
    was_there = before.filter(pl.col("place") == VALIDATED)[key].unique()
    note_withdrawn(tx, contract, was_there.filter(~was_there.is_in(winners[key].implode())))
    is_seen = pl.any_horizontal(pl.col("_place", "was") == VALIDATED)
    for mart in contract.marts:
        seen = [replaced.filter(pl.col("_place") == VALIDATED), moved.filter(is_seen)]
        note_touched(tx, MartTable(contract, mart), pl.concat([one[mart.entity] for one in seen]))


def _followed(contract: Contract) -> list[str]:
    """The columns by which other datasets and marts are followed, beside the key."""
    referring = {reference.column for reference in contract.references}
    return sorted((referring | {mart.entity for mart in contract.marts}) - {contract.key})


def _narrow(contract: Contract) -> str:
    return "".join(f"{quoted([name])}, " for name in _followed(contract)) + (
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
    """All contenders elsewhere that share a key with what changes, before and after.

    One that by now names what is not there contends no more: it is set aside.
    """
    key = contract.key
    touched = pl.concat([changed[key], replaced[key]]).drop_nulls().unique()
    tx.offer("touched", touched.to_frame())
    of_touched = tx.among(f'"{key}"', f"SELECT {key_of(contract, 't')} FROM touched t")
    # Who has lost has lost to a winner of that key; few keys have any.
    winners = tx.frame(
        f'SELECT DISTINCT CAST("{key}" AS TEXT) AS "{key}" FROM judged.{contract.dataset} '
        f"WHERE _place = {VALIDATED} AND {of_touched}"
    )
    tx.offer("touched", winners)
    found = f"SELECT {_narrow(contract)} FROM judged.{contract.dataset} WHERE {of_touched}"
    # Winners and losers apart, as PostgreSQL's indexes have them.
    met = tx.frame(
        f"{found} AND _place = {VALIDATED} UNION ALL {found} AND _place IN ({listed(LOSING)})"
    ).join(changed, on=POSITION, how="anti")
    valid = met.with_columns(_is_valid=True, _reasons=pl.lit(None, pl.List(pl.String)))
    return set_aside(valid, unknown_references(tx, contract, met))


def _place_all(contract: Contract, changed: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """All of these with the place that each must have; `was` is null for those that change."""
    known = [*POSITION, "_day", contract.key, "_digest", "_reasons", "_aside"]
    columns = [*known, *_followed(contract)]
    new = changed.select(*columns, was=pl.lit(None, dtype=pl.Int16))
    met = pl.concat([new, others.select(*columns, was="_place")])
    aside = met.filter(pl.col("_aside").is_not_null()).with_columns(_place="_aside")
    contenders = met.filter(pl.col("_aside").is_null())
    return pl.concat([rank(contenders, contract.key, contract.policy), aside])


def _with_places(changed: pl.DataFrame, placed: pl.DataFrame) -> pl.DataFrame:
    """The changed records with the place of each; the joined frame is narrow, for speed."""
    places = placed.select(*POSITION, "_place")
    found = changed.select(POSITION).join(places, on=POSITION, how="left", maintain_order="left")
    return changed.with_columns(found["_place"])


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
        key=contract.key,
    )


def _move(tx: Transaction, contract: Contract, moved: pl.DataFrame) -> None:
    if moved.is_empty():
        return
    tx.offer("moved", moved)
    tx.run(
        f"UPDATE judged.{contract.dataset} j SET _place = m._place, "
        "_reasons = coalesce(m._reasons, j._reasons) FROM moved m "
        f"WHERE {_same('j', 'm')} "
        f"AND {in_slices(moved['_slice_id'].unique().to_list(), 'j._slice_id')}"
    )


def _moves(placed: pl.DataFrame, replaced: pl.DataFrame) -> pl.DataFrame:
    """Every single move: which slice, from which place, to which; null is none."""
    gone = replaced.select("_slice_id", was="_place", now=pl.lit(None, dtype=pl.Int16))
    return pl.concat([gone, placed.select("_slice_id", "was", now="_place")])


def _count(tx: Transaction, moves: pl.DataFrame) -> None:
    tx.offer("counted", count_changes(moves))
    counts = ["unjudged", "validated", "quarantined", "duplicate"]
    added = ", ".join(f"{name} = s.{name} + c.{name}" for name in counts)
    tx.run(f"UPDATE ledger.slices s SET {added} FROM counted c WHERE s.slice_id = c._slice_id")


def _same(left: str, right: str) -> str:
    return f"{left}._slice_id = {right}._slice_id AND {left}._position = {right}._position"
