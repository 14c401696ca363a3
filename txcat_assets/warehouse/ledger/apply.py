"""`apply`: the one function that moves records between places.

It is given verdicts, computes what should be, and writes only the difference: rows, places, what
follows in the later stages, and the counts of every slice met, all in the caller's transaction.
There is no second code path: `close` is the same for records of which only the place changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from txcat_assets.contracts.model import Contract
from txcat_assets.contracts.watchers import Watcher
from txcat_assets.pipeline.parse import dtype_of
from txcat_assets.pipeline.places import (
    CLOSED,
    COUNTED,
    INVALID,
    KEPT,
    LOSING,
    POSITION,
    SUPERSEDED,
    VALIDATED,
    WAITING,
    count_changes,
    difference,
    rank,
    set_aside,
    to_move,
)
from txcat_assets.warehouse.databases.interface import Transaction, listed, quoted
from txcat_assets.warehouse.ledger.answers import move_answers, note_answers_that_go
from txcat_assets.warehouse.ledger.decisions import closed_places
from txcat_assets.warehouse.ledger.moves import note_moves
from txcat_assets.warehouse.ledger.pending import recount_pending
from txcat_assets.warehouse.ledger.references import note_withdrawn, unknown_references
from txcat_assets.warehouse.ledger.slices import Run, in_slices
from txcat_assets.warehouse.ledger.watchers import note_touched, watchers_of
from txcat_assets.warehouse.schema.contract_versions import require_version
from txcat_assets.warehouse.schema.tables import key_of


@dataclass(frozen=True)
class Applied:
    """What one `apply` wrote: judged rows, and records of other slices that changed place."""

    written: int
    moved: int


@dataclass(frozen=True)
class Dataset:
    """A dataset as a transaction finds it: its contract, and who watches it."""

    contract: Contract
    watchers: Sequence[Watcher]

    @property
    def watched_columns(self) -> list[str]:
        """The columns that references and watchers depend on, beside the key."""
        referring = {reference.column for reference in self.contract.references}
        watched = {watcher.column for watcher in self.watchers}
        return sorted((referring | watched) - {self.contract.key})


@dataclass(frozen=True)
class Changes:
    """What differs from the tables: rows to write, the rows they take the place of, and moves.

    `moving` are stored rows of the same content as before whose place is to be found anew.
    """

    rows: pl.DataFrame
    outdated: pl.DataFrame
    moving: pl.DataFrame


def apply(tx: Transaction, contract: Contract, verdicts: pl.DataFrame, run: Run) -> Applied:
    """Bring the tables to what these verdicts say; doing it twice writes nothing.

    `verdicts` is what `judge` gave, one row per position. What operators decided is read here.
    Raises VersionRefused when the warehouse has seen a newer contract.
    """
    dataset = _begun(tx, contract)
    unknown = unknown_references(tx, contract, verdicts)
    verdicts = set_aside(verdicts, unknown, closed_places(tx, verdicts))
    stored = _judged_rows(tx, dataset, verdicts)
    rows = difference(verdicts, stored)
    outdated = stored.join(rows, on=POSITION, how="semi")
    changes = Changes(rows, outdated, to_move(verdicts, stored, contract.policy))
    return _write(tx, dataset, changes, run)


def close(tx: Transaction, contract: Contract, positions: pl.DataFrame, run: Run) -> Applied:
    """Move records to the places in which operators' decisions put them, without judging them.

    `positions` has `_slice_id`, `_position` and `_day`; a decision about each is in force. A record
    that nobody has judged yet is closed too, and has no values until its slice is judged. Twice, it
    writes nothing the second time.
    """
    dataset = _begun(tx, contract)
    aside = positions.with_columns(closed_places(tx, positions).alias("_aside"))
    stored = _judged_rows(tx, dataset, positions)
    moving = stored.join(aside.select(*POSITION, "_aside"), on=POSITION).filter(
        pl.col("_aside") != pl.col("_place")
    )
    unjudged = _without_values(contract, aside.join(stored, on=POSITION, how="anti"))
    return _write(tx, dataset, Changes(unjudged, stored.clear(), moving), run)


def place_again(tx: Transaction, contract: Contract, slice_ids: Sequence[int], run: Run) -> None:
    """Give the records of slices whose day has changed the places that follow from it."""
    dataset = _begun(tx, contract)
    found = tx.frame(
        f"SELECT {_narrow(dataset)}, _codes FROM judged.{contract.dataset} "
        f"WHERE {in_slices(slice_ids)}"
    )
    is_apart = pl.col("_place").is_in((INVALID, WAITING, *CLOSED))
    moving = found.with_columns(_aside=pl.when(is_apart).then("_place"))
    nothing = _without_values(contract, moving.clear())
    _write(tx, dataset, Changes(nothing, found.clear(), moving), run)


def _begun(tx: Transaction, contract: Contract) -> Dataset:
    """The dataset, which nobody else changes until the transaction ends."""
    tx.lock(contract.dataset)
    require_version(tx, contract)
    return Dataset(contract, watchers_of(tx, contract))


def _without_values(contract: Contract, aside: pl.DataFrame) -> pl.DataFrame:
    """Rows to write for records that nobody has judged: `_aside` is the place of each."""
    return aside.select(
        *(*POSITION, "_day", "_aside"),
        *(pl.lit(None, dtype_of(c.type)).alias(c.name) for c in contract.columns),
        _digest=pl.lit(None, pl.String),
        _codes=pl.lit(None, pl.List(pl.String)),
    )


def _write(tx: Transaction, dataset: Dataset, changes: Changes, run: Run) -> Applied:
    """Write the changes, and what follows from them for every record that shares a key."""
    if changes.rows.is_empty() and changes.moving.is_empty():
        return Applied(0, 0)
    contract = dataset.contract
    others = _other_contenders(tx, dataset, changes)
    placed = _place_all(dataset, changes, others)
    moved = placed.filter(pl.col("_place") != pl.col("was"))
    # In this order a key never has two winners, not even within the transaction.
    _delete(tx, contract, changes.outdated)
    _move(tx, contract, moved.filter(pl.col("_place") != VALIDATED))
    _move(tx, contract, moved.filter(pl.col("_place") == VALIDATED))
    _insert(tx, contract, _with_places(changes.rows, placed), run)
    _count(tx, _moves(placed, changes.outdated))
    note_moves(tx, contract, placed, changes.outdated, run)
    _update_dependents(tx, dataset, placed, changes.outdated, run)
    return Applied(len(changes.rows) + len(changes.moving), len(moved) - len(changes.moving))


def _update_dependents(
    tx: Transaction, dataset: Dataset, placed: pl.DataFrame, outdated: pl.DataFrame, run: Run
) -> None:
    """Update what depends on the records that moved: stages, watchers, who refers to them."""
    contract, key = dataset.contract, dataset.contract.key
    stood = placed.filter(pl.col("was").is_not_null())
    before = pl.concat([outdated.select(key, place="_place"), stood.select(key, place="was")])
    met = before[key].drop_nulls().unique()
    winners = placed.filter(pl.col("_place") == VALIDATED, pl.col(key).is_in(met.implode()))
    moved = placed.filter(pl.col("_place").ne_missing(pl.col("was")))
    gone = met.filter(~met.is_in(winners[key].implode()))
    note_answers_that_go(tx, dataset.watchers, gone, run.at)
    for stage in contract.stages:
        move_answers(tx, contract, stage, met, winners)
        recount_pending(tx, contract, stage, moved["_slice_id"].unique().to_list())
    was_there = before.filter(pl.col("place") == VALIDATED)[key].unique()
    note_withdrawn(tx, contract, was_there.filter(~was_there.is_in(winners[key].implode())))
    is_seen = pl.any_horizontal(pl.col("_place", "was").is_in(KEPT))
    columns = [key, *dataset.watched_columns]
    seen = [outdated.filter(pl.col("_place").is_in(KEPT)), moved.filter(is_seen)]
    touched = pl.concat([one.select(columns) for one in seen])
    note_touched(tx, dataset.watchers, touched, run.at)


def _narrow(dataset: Dataset) -> str:
    return "".join(f"{quoted([name])}, " for name in dataset.watched_columns) + (
        f'_slice_id, _position, _day, "{dataset.contract.key}", '
        "replace(CAST(_digest AS TEXT), '-', '') AS _digest, _place"
    )


def _judged_rows(tx: Transaction, dataset: Dataset, positions: pl.DataFrame) -> pl.DataFrame:
    """The judged rows that these positions have now."""
    slice_ids = positions["_slice_id"].unique().to_list()
    rows = tx.frame(
        f"SELECT {_narrow(dataset)}, _codes FROM judged.{dataset.contract.dataset} "
        f"WHERE {in_slices(slice_ids)}"
    )
    return rows.join(positions, on=POSITION, how="semi")


def _other_contenders(tx: Transaction, dataset: Dataset, changes: Changes) -> pl.DataFrame:
    """All contenders elsewhere that share a key with what changes, before and after.

    One that by now names what is not there contends no more: it is set aside.
    """
    contract, key = dataset.contract, dataset.contract.key
    changing = [changes.rows, changes.outdated, changes.moving]
    touched = pl.concat([one[key] for one in changing]).drop_nulls().unique()
    tx.offer("touched", touched.to_frame())
    of_touched = tx.among(f'"{key}"', f"SELECT {key_of(contract, 't')} FROM touched t")
    # A duplicate or a conflict has a winner of the same key; few of the touched keys have one.
    winners = tx.frame(
        f'SELECT DISTINCT "{key}" FROM judged.{contract.dataset} '
        f"WHERE _place = {VALIDATED} AND {of_touched}"
    )
    tx.offer("touched", winners)
    found = f"SELECT {_narrow(dataset)} FROM judged.{contract.dataset} WHERE {of_touched}"
    # Each apart, as PostgreSQL's indexes have them.
    parts = (f"= {VALIDATED}", f"IN ({listed(LOSING)})", f"= {SUPERSEDED}")
    met = tx.frame(" UNION ALL ".join(f"{found} AND _place {part}" for part in parts))
    for one in (changes.rows, changes.moving):
        met = met.join(one, on=POSITION, how="anti")
    valid = met.with_columns(_is_valid=True, _codes=pl.lit(None, pl.List(pl.String)))
    nobody = pl.Series([None], dtype=pl.Int16).new_from_index(0, len(met))
    return set_aside(valid, unknown_references(tx, contract, met), nobody)


def _place_all(dataset: Dataset, changes: Changes, others: pl.DataFrame) -> pl.DataFrame:
    """All of these with the place that each must have; `was` is null for rows to write."""
    contract = dataset.contract
    known = [*POSITION, "_day", contract.key, "_digest", "_codes", "_aside"]
    columns = [*known, *dataset.watched_columns]
    new = changes.rows.select(*columns, was=pl.lit(None, dtype=pl.Int16))
    stored = [one.select(*columns, was="_place") for one in (changes.moving, others)]
    met = pl.concat([new, *stored])
    aside = met.filter(pl.col("_aside").is_not_null()).with_columns(_place="_aside")
    contenders = met.filter(pl.col("_aside").is_null())
    return pl.concat([rank(contenders, contract.key, contract.policy), aside])


def _with_places(changed: pl.DataFrame, placed: pl.DataFrame) -> pl.DataFrame:
    """The changed records with the place of each; the joined frame is narrow, for speed."""
    places = placed.select(*POSITION, "_place")
    found = changed.select(POSITION).join(places, on=POSITION, how="left", maintain_order="left")
    return changed.with_columns(found["_place"])


def _delete(tx: Transaction, contract: Contract, outdated: pl.DataFrame) -> None:
    if outdated.is_empty():
        return
    tx.offer("outdated", outdated)
    tx.run(
        f"DELETE FROM judged.{contract.dataset} j USING outdated o WHERE {_same('j', 'o')} "
        f"AND {in_slices(outdated['_slice_id'].unique().to_list(), 'j._slice_id')}"
    )


def _insert(tx: Transaction, contract: Contract, placed: pl.DataFrame, run: Run) -> None:
    tx.append(
        f"judged.{contract.dataset}",
        placed.select(
            *(*POSITION, "_day", *contract.column_names, "_digest", "_place", "_codes"),
            pl.lit(contract.version).alias("_contract_version"),
            pl.lit(run.run_id).alias("_run_id"),
        ),
        key=contract.key,
    )


def _move(tx: Transaction, contract: Contract, moved: pl.DataFrame) -> None:
    if moved.is_empty():
        return
    tx.offer("moved", moved)
    tx.run(
        f"UPDATE judged.{contract.dataset} j SET _place = m._place, "
        "_codes = coalesce(m._codes, j._codes) FROM moved m "
        f"WHERE {_same('j', 'm')} "
        f"AND {in_slices(moved['_slice_id'].unique().to_list(), 'j._slice_id')}"
    )


def _moves(placed: pl.DataFrame, outdated: pl.DataFrame) -> pl.DataFrame:
    """Every single move: which slice, from which place, to which; null is none."""
    gone = outdated.select("_slice_id", was="_place", now=pl.lit(None, dtype=pl.Int16))
    return pl.concat([gone, placed.select("_slice_id", "was", now="_place")])


def _count(tx: Transaction, moves: pl.DataFrame) -> None:
    tx.offer("counted", count_changes(moves))
    names = ("unjudged", "superseded", *COUNTED)
    added = ", ".join(f"{name} = s.{name} + c.{name}" for name in names)
    tx.run(f"UPDATE ledger.slices s SET {added} FROM counted c WHERE s.slice_id = c._slice_id")


def _same(left: str, right: str) -> str:
    return f"{left}._slice_id = {right}._slice_id AND {left}._position = {right}._position"
