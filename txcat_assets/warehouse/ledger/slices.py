"""The ledger: which slices landed, which stage each has reached, and what is left to do.

It alone decides what has been read and what must still be worked. The files that slices come from
are in `objects`, how records move between places in `apply`, how answers are stored in `answers`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from txcat_assets.contracts.model import Contract
from txcat_assets.pipeline.places import WAITING
from txcat_assets.warehouse.databases.interface import Transaction, listed, one, quoted

PARTS = 1_000_000
"""slice_id = number of the arrival * PARTS + part, so slice ids sort by arrival."""

FROZEN = "(SELECT slice_id FROM ledger.slices WHERE forgotten > 0)"
"""A query for the slices that no contract judges again: the text of their records has gone."""


@dataclass(frozen=True)
class Run:
    """Who writes, and when (UTC): kept with whatever is written."""

    run_id: str
    at: datetime


@dataclass(frozen=True)
class Slice:
    """A slice as work: how many records landed with it, and its file's dialect."""

    slice_id: int
    records: int
    dialect: str | None


@dataclass(frozen=True)
class Landing:
    """What of an object lands at once: its positions `start` to `end` (without it), on a day."""

    object_id: int
    start: int
    end: int
    day: date
    last_record: str | None = None
    """Of a topic: what shows at the next look that the log is the same one, as JSON."""


def land(
    tx: Transaction, contract: Contract, landing: Landing, records: pl.DataFrame, run: Run
) -> int | None:
    """Store the records of a range, untouched, as a slice. Gives the slice's id.

    None when the head is not there any more: somebody else landed these records already, and
    nothing was written. That compare-and-set is what makes it safe to run twice. A range without
    records, as the markers of Kafka's transactions leave it, moves the head and leaves no work.
    """
    moved = tx.rows(
        "UPDATE ledger.objects SET next = $end, last_record = coalesce($last_record, last_record) "
        "WHERE object_id = $object_id AND next = $start RETURNING kind",
        end=landing.end,
        last_record=landing.last_record,
        start=landing.start,
        object_id=landing.object_id,
    )
    if not moved:
        return None
    slice_id = _new_slice_id(tx, landing, str(one(moved)))
    _insert_slice(tx, slice_id, landing, len(records), run)
    if records.is_empty():
        return slice_id
    _insert_stages(tx, contract, slice_id, landing.day)
    landed = {"_slice_id": slice_id, "_day": landing.day, "_run_id": run.run_id}
    tx.append(
        f"raw.{contract.dataset}",
        records.select(*(pl.lit(value).alias(name) for name, value in landed.items()), pl.all()),
    )
    return slice_id


def _new_slice_id(tx: Transaction, landing: Landing, kind: str) -> int:
    """A file arrived whole, when it was first seen; a slice of a topic arrives when it lands."""
    if kind == "kafka":
        return int(one(tx.rows("SELECT nextval('ledger.arrival')"))) * PARTS
    part = one(
        tx.rows(
            "SELECT count(*) FROM ledger.slices WHERE object_id = $object_id",
            object_id=landing.object_id,
        )
    )
    return landing.object_id * PARTS + int(part)


def _insert_slice(tx: Transaction, slice_id: int, landing: Landing, records: int, run: Run) -> None:
    tx.run(
        'INSERT INTO ledger.slices (slice_id, dataset, object_id, "start", "end", day, landed_at, '
        "run_id, landed, unjudged) SELECT $slice_id, dataset, object_id, $start, $end, $day, "
        "$at, $run_id, $records, $records FROM ledger.objects WHERE object_id = $object_id",
        slice_id=slice_id,
        object_id=landing.object_id,
        start=landing.start,
        end=landing.end,
        day=landing.day,
        at=run.at,
        run_id=run.run_id,
        records=records,
    )


def _insert_stages(tx: Transaction, contract: Contract, slice_id: int, day: date) -> None:
    for stage in ["validated", *(stage.name for stage in contract.stages)]:
        tx.run(
            "INSERT INTO ledger.stages (slice_id, stage, dataset, day) "
            "VALUES ($slice_id, $stage, $dataset, $day)",
            slice_id=slice_id,
            stage=stage,
            dataset=contract.dataset,
            day=day,
        )


def raw_records(tx: Transaction, contract: Contract, slice_ids: Sequence[int]) -> pl.DataFrame:
    """The landed records of slices, untouched, in no order that counts."""
    names = quoted([*contract.column_names, "_extra", "_fault"])
    return tx.frame(
        f"SELECT _slice_id, _position, _day, {names} FROM raw.{contract.dataset} "
        f"WHERE {in_slices(slice_ids)}"
    )


def raw_records_at(tx: Transaction, contract: Contract, positions: pl.DataFrame) -> pl.DataFrame:
    """The landed records at these positions, as `raw_records` gives them."""
    names = quoted([*contract.column_names, "_extra", "_fault"], "r")
    tx.offer("positions", positions)
    return tx.frame(
        f"SELECT r._slice_id, r._position, r._day, {names} FROM raw.{contract.dataset} r "
        "JOIN positions p ON p._slice_id = r._slice_id AND p._position = r._position "
        f"WHERE {in_slices(positions['_slice_id'].unique().to_list(), 'r._slice_id')}"
    )


def judged_records_at(tx: Transaction, contract: Contract, positions: pl.DataFrame) -> pl.DataFrame:
    """The stored verdicts at these positions, as `judge` gives them."""
    tx.offer("positions", positions)
    return tx.frame(
        f"SELECT j._slice_id, j._position, j._day, {quoted(contract.column_names, 'j')}, "
        "replace(CAST(j._digest AS TEXT), '-', '') AS _digest, "
        f"CASE WHEN j._place <> {WAITING} THEN j._codes END AS _codes, "
        f"j._digest IS NOT NULL AS _is_valid FROM judged.{contract.dataset} j "
        "JOIN positions p ON p._slice_id = j._slice_id AND p._position = j._position "
        f"WHERE {in_slices(positions['_slice_id'].unique().to_list(), 'j._slice_id')}"
    )


def slices_by_id(tx: Transaction, slice_ids: Sequence[int]) -> list[Slice]:
    """These slices, in the order of arrival."""
    found = tx.rows(
        "SELECT s.slice_id, s.landed, o.dialect FROM ledger.slices s JOIN ledger.objects o "
        f"ON o.object_id = s.object_id WHERE {in_slices(slice_ids, 's.slice_id')} ORDER BY 1"
    )
    return [Slice(*row) for row in found]


def judged_records(
    tx: Transaction, contract: Contract, slice_ids: Sequence[int], places: Sequence[int]
) -> pl.DataFrame:
    """The judged records of slices in these places: typed columns, and what txcat adds."""
    return tx.frame(
        f"SELECT {quoted(contract.column_names)}, _slice_id, _position, _day, _digest, "
        "_contract_version, _codes AS _warnings "
        f"FROM judged.{contract.dataset} WHERE _place IN ({listed(places)}) "
        f"AND {in_slices(slice_ids)}"
    )


def stale_slices(
    tx: Transaction, dataset: str, stage: str, days: Sequence[date], version: str
) -> list[Slice]:
    """The slices of these days that are to do for a stage, in the order of arrival.

    A slice is to do while its stage has not reached `version` or has records pending, and, for a
    stage after `validated`, once it has been judged. A frozen slice is not judged again.
    """
    found = tx.rows(
        "SELECT t.slice_id, s.landed, o.dialect FROM ledger.stages t "
        "JOIN ledger.slices s ON s.slice_id = t.slice_id "
        "JOIN ledger.objects o ON o.object_id = s.object_id "
        "WHERE t.dataset = $dataset AND t.stage = $stage AND t.day = ANY($days) "
        "AND (t.version IS NULL OR t.version <> $version OR t.pending > 0) "
        "AND (CASE WHEN $stage = 'validated' THEN s.forgotten = 0 ELSE s.unjudged = 0 END) "
        "ORDER BY t.slice_id",
        dataset=dataset,
        stage=stage,
        days=list(days),
        version=version,
    )
    return [Slice(*row) for row in found]


def mark_stale(
    tx: Transaction, dataset: str, stage: str, days: Sequence[date], at: datetime
) -> None:
    """Make every slice of these days to do again for a stage: the whole of a full refresh.

    Frozen slices are not judged again.
    """
    these = {"dataset": dataset, "stage": stage, "days": list(days)}
    where = "dataset = $dataset AND stage = $stage"
    tx.run(
        "UPDATE ledger.stages t SET version = NULL, redo_from = $at, refused = 0, "
        "revision = t.revision + 1, "
        "pending = CASE WHEN $stage = 'validated' THEN 0 ELSE s.validated - s.superseded END "
        "FROM ledger.slices s WHERE s.slice_id = t.slice_id AND t.dataset = $dataset "
        "AND t.stage = $stage AND t.day = ANY($days) "
        "AND ($stage <> 'validated' OR s.forgotten = 0)",
        at=at,
        **these,
    )
    for table in ("predictions", "refusals"):
        tx.run(
            f"DELETE FROM ledger.{table} WHERE {where} AND slice_id IN "
            "(SELECT slice_id FROM ledger.slices WHERE dataset = $dataset AND day = ANY($days))",
            **these,
        )


def reach(
    tx: Transaction, stage: str, slice_ids: Sequence[int], version: str, run: Run
) -> dict[int, int]:
    """Note that slices have reached a stage under a version; gives the new revision of each.

    Nothing is pending from then on; what this very version has refused stays counted.
    """
    return dict(
        tx.rows(
            "UPDATE ledger.stages SET pending = 0, revision = revision + 1, version = $version, "
            "refused = CASE WHEN version = $version THEN refused ELSE 0 END, "
            "done_at = $at, run_id = $run_id, error = NULL "
            f"WHERE stage = $stage AND {in_slices(slice_ids, 'slice_id')} "
            "RETURNING slice_id, revision",
            version=version,
            at=run.at,
            run_id=run.run_id,
            stage=stage,
        )
    )


def note_error(tx: Transaction, stage: str, slice_ids: Sequence[int], words: str) -> None:
    """Keep with the slices why their last try failed."""
    tx.run(
        f"UPDATE ledger.stages SET error = $words WHERE stage = $stage "
        f"AND slice_id IN ({listed(slice_ids)})",
        stage=stage,
        words=words,
    )


def in_slices(slice_ids: Sequence[int], column: str = "_slice_id") -> str:
    """An SQL condition on slice ids that lets a database skip all other parts of a table."""
    if not slice_ids:
        return "FALSE"
    ids = listed(slice_ids)
    return f"({column} BETWEEN {min(slice_ids)} AND {max(slice_ids)} AND {column} IN ({ids}))"
