"""The ledger: which files were seen, which slices landed, and what is left to do.

One row per slice; the ledger alone decides what has been read and what must still be worked. How
records move between places is in `apply`, how a stage's answers are stored in `answers`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime

import polars as pl

from txcat_assets.contracts.model import Contract
from txcat_assets.warehouse.interface import Transaction, one
from txcat_assets.warehouse.tables import quoted

PARTS = 1_000_000
"""slice_id = object_id * PARTS + part, so slice ids sort by arrival."""


@dataclass(frozen=True)
class Run:
    """Who writes, and when (UTC): kept with whatever is written."""

    run_id: str
    at: datetime


@dataclass(frozen=True)
class Arrival:
    """A file as it was seen: `name` is its absolute path; nothing of it has been read."""

    name: str
    size: int
    modified_at_ns: int
    day: date


@dataclass(frozen=True)
class FileObject:
    """A file that the ledger knows and that has not landed whole; `next` is its head."""

    object_id: int
    name: str
    size: int
    modified_at_ns: int
    encoding: str | None
    dialect: str | None
    identity: str | None
    day: date
    next: int


@dataclass(frozen=True)
class StaleSlice:
    """A slice that has not reached a stage under the wanted version, with its file's dialect."""

    slice_id: int
    records: int
    dialect: str | None


def register(
    tx: Transaction, dataset: str, arrivals: Sequence[Arrival], seen_at: datetime
) -> dict[int, date]:
    """Note files in the order of (day, name), each new (name, size, time) as an object.

    Gives the object id and day of each, in that order. A file that is known keeps both.
    """
    days: dict[int, date] = {}
    for arrival in sorted(arrivals, key=lambda a: (a.day, a.name)):
        stat = {"name": arrival.name, "size": arrival.size, "ns": arrival.modified_at_ns}
        known = tx.rows(
            "SELECT object_id, day FROM ledger.objects WHERE dataset = $dataset AND name = $name "
            "AND size = $size AND modified_at_ns = $ns",
            dataset=dataset,
            **stat,
        ) or tx.rows(
            "INSERT INTO ledger.objects (dataset, kind, name, size, modified_at_ns, day, seen_at) "
            "VALUES ($dataset, 'file', $name, $size, $ns, $day, $seen_at) RETURNING object_id, day",
            dataset=dataset,
            day=arrival.day,
            seen_at=seen_at,
            **stat,
        )
        days.update(known)
    return days


def try_again(tx: Transaction, object_ids: Sequence[int], encoding: str | None) -> None:
    """Let files that were refused, or changed while they were read, be tried once more."""
    tx.run(
        "UPDATE ledger.objects SET state = 'seen', reason = NULL, encoding = $encoding "
        f"WHERE object_id IN ({_listed(object_ids)}) AND state IN ('seen', 'refused', 'changed')",
        encoding=encoding,
    )


def files_to_land(tx: Transaction, contract: Contract, days: Sequence[date]) -> list[FileObject]:
    """The files of these days that have not landed whole, in the order of arrival.

    A refused file is here again once the contract has a newer version.
    """
    columns = ", ".join(field.name for field in fields(FileObject))
    found = tx.rows(
        f"SELECT {columns} FROM ledger.objects "
        "WHERE dataset = $dataset AND kind = 'file' AND day = ANY($days) AND "
        "(state IN ('seen', 'landing') OR (state = 'refused' AND contract_version < $version)) "
        "ORDER BY object_id",
        dataset=contract.dataset,
        days=list(days),
        version=contract.version,
    )
    return [FileObject(*row) for row in found]


def begin(
    tx: Transaction, file: FileObject, dataset: str, identity: str, dialect: str
) -> FileObject | None:
    """Give a file its identity (the digest of its bytes) and its dialect; the object to land.

    None when a file of these bytes has landed before: nothing of this one lands. When one has
    landed in part and then changed, this file carries that object on from its head.
    """
    known = tx.rows(
        "SELECT object_id, state FROM ledger.objects "
        "WHERE dataset = $dataset AND kind = 'file' AND identity = $identity",
        dataset=dataset,
        identity=identity,
    )
    object_id, state = known[0] if known else (file.object_id, "seen")
    if object_id == file.object_id:
        tx.run(
            "UPDATE ledger.objects SET identity = $identity, dialect = $dialect, state = 'landing' "
            "WHERE object_id = $object_id",
            identity=identity,
            dialect=dialect,
            object_id=object_id,
        )
    elif state == "changed":
        _carry_on(tx, file, object_id)
    else:
        set_state(tx, file.object_id, "same_content", f"the bytes of object {object_id}")
        return None
    columns = ", ".join(field.name for field in fields(FileObject))
    (row,) = tx.rows(
        f"SELECT {columns} FROM ledger.objects WHERE object_id = $object_id", object_id=object_id
    )
    return FileObject(*row)


def _carry_on(tx: Transaction, file: FileObject, object_id: int) -> None:
    tx.run("DELETE FROM ledger.objects WHERE object_id = $object_id", object_id=file.object_id)
    tx.run(
        "UPDATE ledger.objects SET name = $name, size = $size, modified_at_ns = $ns, "
        "state = 'landing', reason = NULL WHERE object_id = $object_id",
        name=file.name,
        size=file.size,
        ns=file.modified_at_ns,
        object_id=object_id,
    )


def set_state(
    tx: Transaction, object_id: int, state: str, reason: str | None = None, version: int = 0
) -> None:
    """Set a file's state, with the reason in words and the contract version it was judged by."""
    tx.run(
        "UPDATE ledger.objects SET state = $state, reason = $reason, contract_version = $version "
        "WHERE object_id = $object_id",
        state=state,
        reason=reason,
        version=version,
        object_id=object_id,
    )


def land(
    tx: Transaction, contract: Contract, file: FileObject, records: pl.DataFrame, run: Run
) -> int | None:
    """Store a slice: the records from `file.next` on, untouched. Gives the slice's id.

    None when the head is not there any more: somebody else landed these records already, and
    nothing was written. That compare-and-set is what makes it safe to run twice.
    """
    end = file.next + len(records)
    moved = tx.changed(
        "UPDATE ledger.objects SET next = $end WHERE object_id = $object_id AND next = $start",
        end=end,
        start=file.next,
        object_id=file.object_id,
    )
    if not moved:
        return None
    slice_id = _insert_slice(tx, contract.dataset, file, end, run)
    _insert_stages(tx, contract, slice_id, file.day)
    tx.offer("landing", records)
    names = quoted([*contract.column_names, "_extra", "_fault", "_bytes"])
    tx.run(
        f"INSERT INTO raw.{contract.dataset} BY NAME SELECT {slice_id} AS _slice_id, _position, "
        f"DATE '{file.day}' AS _day, {names}, '{run.run_id}' AS _run_id FROM landing"
    )
    return slice_id


def _insert_slice(tx: Transaction, dataset: str, file: FileObject, end: int, run: Run) -> int:
    part = one(
        tx.rows(
            "SELECT count(*) FROM ledger.slices WHERE object_id = $object_id",
            object_id=file.object_id,
        )
    )
    slice_id = file.object_id * PARTS + int(part)
    tx.run(
        'INSERT INTO ledger.slices (slice_id, dataset, object_id, "start", "end", day, landed_at, '
        "run_id, landed, unjudged) VALUES ($slice_id, $dataset, $object_id, $start, $end, $day, "
        "$at, $run_id, $records, $records)",
        slice_id=slice_id,
        dataset=dataset,
        object_id=file.object_id,
        start=file.next,
        end=end,
        day=file.day,
        at=run.at,
        run_id=run.run_id,
        records=end - file.next,
    )
    return slice_id


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


def stale_slices(
    tx: Transaction, dataset: str, stage: str, days: Sequence[date], version: str
) -> list[StaleSlice]:
    """The slices of these days that are to do for a stage, in the order of arrival.

    A slice is to do while its stage has not reached `version` or has records pending, and, for a
    stage after `validated`, once it has been judged.
    """
    found = tx.rows(
        "SELECT t.slice_id, s.landed, o.dialect FROM ledger.stages t "
        "JOIN ledger.slices s ON s.slice_id = t.slice_id "
        "JOIN ledger.objects o ON o.object_id = s.object_id "
        "WHERE t.dataset = $dataset AND t.stage = $stage AND t.day = ANY($days) "
        "AND (t.version IS NULL OR t.version <> $version OR t.pending > 0) "
        "AND ($stage = 'validated' OR s.unjudged = 0) ORDER BY t.slice_id",
        dataset=dataset,
        stage=stage,
        days=list(days),
        version=version,
    )
    return [StaleSlice(*row) for row in found]


def mark_stale(
    tx: Transaction, dataset: str, stage: str, days: Sequence[date], at: datetime
) -> None:
    """Make every slice of these days to do again for a stage: the whole of a full refresh."""
    these = {"dataset": dataset, "stage": stage, "days": list(days)}
    where = "dataset = $dataset AND stage = $stage"
    tx.run(
        f"UPDATE ledger.stages SET version = NULL, redo_from = $at WHERE {where} "
        "AND day = ANY($days)",
        at=at,
        **these,
    )
    for table in ("predictions", "refusals"):
        tx.run(
            f"DELETE FROM ledger.{table} WHERE {where} AND slice_id IN "
            "(SELECT slice_id FROM ledger.slices WHERE dataset = $dataset AND day = ANY($days))",
            **these,
        )


def reach(tx: Transaction, stage: str, slice_ids: Sequence[int], version: str, run: Run) -> None:
    """Note that slices have reached a stage under a version."""
    tx.run(
        "UPDATE ledger.stages SET version = $version, done_at = $at, run_id = $run_id, "
        f"error = NULL WHERE stage = $stage AND {in_slices(slice_ids, 'slice_id')}",
        version=version,
        at=run.at,
        run_id=run.run_id,
        stage=stage,
    )


def note_error(tx: Transaction, stage: str, slice_ids: Sequence[int], words: str) -> None:
    """Keep with the slices why their last try failed."""
    tx.run(
        f"UPDATE ledger.stages SET error = $words WHERE stage = $stage "
        f"AND slice_id IN ({_listed(slice_ids)})",
        stage=stage,
        words=words,
    )


def in_slices(slice_ids: Sequence[int], column: str = "_slice_id") -> str:
    """An SQL condition on slice ids that lets a database skip all other parts of a table."""
    ids = _listed(slice_ids)
    return f"({column} BETWEEN {min(slice_ids)} AND {max(slice_ids)} AND {column} IN ({ids}))"


def _listed(ids: Sequence[int]) -> str:
    return ", ".join(str(int(i)) for i in ids)
