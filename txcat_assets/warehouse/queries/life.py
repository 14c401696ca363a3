"""The life of single records, in order of time: all that the ledger and the tables know of it.

Records are found by indexed look-ups, so that it takes no longer in a large warehouse.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from txcat_assets.contracts.model import Contract, Stage
from txcat_assets.pipeline.places import (
    CONFLICTING,
    DISCARDED,
    DUPLICATE,
    INVALID,
    REPLACED,
    SUPERSEDED,
    VALIDATED,
    WAITING,
)
from txcat_assets.warehouse.databases.interface import Transaction, one, quoted
from txcat_assets.warehouse.queries.keys import key_values, positions_of_key

POSITIONS = {"_slice_id": pl.Int64, "_position": pl.Int64}

MOST_REJECTED = 100_000
"""Records that could not be read have their key in raw alone, where no index finds it; with more of
them quarantined than this, they are left out."""


IN_WORDS = {
    VALIDATED: "validated",
    SUPERSEDED: "validated, superseded",
    DUPLICATE: "duplicate",
    CONFLICTING: "quarantined as a conflict",
    INVALID: "quarantined as invalid",
    WAITING: "quarantined as waiting",
    DISCARDED: "discarded",
    REPLACED: "replaced",
}
"""The places as the life of a record tells them."""


@dataclass(frozen=True)
class Event:
    """One thing that happened to a record; `at` is UTC, null where only the order is known."""

    at: datetime | None
    what: str
    by: str


def records_of_key(tx: Transaction, contract: Contract, text: str) -> pl.DataFrame:
    """The positions of all records with a key, as it came or as it is stored, by arrival."""
    counted = "SELECT coalesce(sum(quarantined), 0) FROM ledger.slices WHERE dataset = $dataset"
    rejected = int(one(tx.rows(counted, dataset=contract.dataset))) <= MOST_REJECTED
    queries = positions_of_key(contract, text, rejected=rejected) if text.strip() else []
    if not queries:
        return pl.DataFrame(schema=POSITIONS)
    union = " UNION ALL ".join(queries)
    return tx.frame(f"{union} ORDER BY 1, 2", **key_values(contract, text, rejected=rejected))


def record_of_offset(
    tx: Transaction, contract: Contract, topic: str, partition: int, offset: int
) -> pl.DataFrame:
    """The positions that an offset of a topic's partition has landed at, one a generation."""
    return tx.frame(
        "SELECT s.slice_id AS _slice_id, CAST($offset AS BIGINT) AS _position "
        "FROM ledger.objects o JOIN ledger.slices s ON s.object_id = o.object_id "
        "WHERE o.dataset = $dataset AND o.kind = 'kafka' AND o.name = $topic "
        'AND o."partition" = $partition AND s."start" <= $offset AND $offset < s."end"',
        dataset=contract.dataset,
        topic=topic,
        partition=partition,
        offset=offset,
    )


def record_of_file(tx: Transaction, contract: Contract, file: str, number: int) -> pl.DataFrame:
    """The positions at which the record of that number, from 0, of a file has landed."""
    return tx.frame(
        "SELECT s.slice_id AS _slice_id, CAST($number AS BIGINT) AS _position "
        "FROM ledger.objects o JOIN ledger.slices s ON s.object_id = o.object_id "
        "WHERE o.dataset = $dataset AND o.kind = 'file' "
        "AND (o.name = $file OR right(o.name, length($file) + 1) = '/' || $file) "
        'AND s."start" <= $number AND $number < s."end"',
        dataset=contract.dataset,
        file=file,
        number=number,
    )


def files_named(tx: Transaction, contract: Contract, file: str) -> list[tuple[str, str]]:
    """Path and dialect of the files of this name that were read, the latest first."""
    return tx.rows(
        "SELECT name, dialect FROM ledger.objects WHERE dataset = $dataset AND kind = 'file' "
        "AND dialect IS NOT NULL "
        "AND (name = $file OR right(name, length($file) + 1) = '/' || $file) "
        "ORDER BY object_id DESC",
        dataset=contract.dataset,
        file=file,
    )


def events(
    tx: Transaction, contract: Contract, record: Mapping[str, Any], decided: list[dict[str, Any]]
) -> list[Event]:
    """What happened to a record, in order of time.

    `record` is as `read_records` gives it, `decided` what was decided about it.
    """
    at = {"slice_id": record["_slice_id"], "position": record["_position"]}
    found = [
        *_landed(tx, record),
        *_judged(tx, contract, record),
        *_moved(tx, at),
        *(event for stage in contract.stages for event in _answered(tx, contract, stage, record)),
        *_sent(tx, contract, at),
        *_came_for(tx, at),
        *(_decision(one) for one in decided),
    ]
    return sorted(found, key=lambda event: event.at or datetime.max)  # noqa: DTZ901


def _landed(tx: Transaction, record: Mapping[str, Any]) -> Iterator[Event]:
    if record["_message_at"] is not None:
        yield Event(record["_message_at"], "written to Kafka, by its timestamp", record["_name"])
    ((seen_at, kind),) = tx.rows(
        "SELECT o.seen_at, o.kind FROM ledger.slices s "
        "JOIN ledger.objects o ON o.object_id = s.object_id WHERE s.slice_id = $slice_id",
        slice_id=record["_slice_id"],
    )
    if kind == "file":
        yield Event(seen_at, "its file was first seen", record["_name"])
    where = f"landed on the day {record['_day']}"
    yield Event(record["_landed_at"], where, f"run {record['_landed_by']}")


def _judged(tx: Transaction, contract: Contract, record: Mapping[str, Any]) -> Iterator[Event]:
    stage = tx.rows(
        "SELECT done_at, version, run_id FROM ledger.stages WHERE slice_id = $slice_id "
        "AND stage = 'validated'",
        slice_id=record["_slice_id"],
    )
    rows = tx.rows(
        "SELECT j._contract_version, j._run_id, (SELECT min(o._contract_version) "
        f"FROM judged.{contract.dataset} o WHERE o._slice_id = $slice_id) "
        f"FROM judged.{contract.dataset} j "
        "WHERE j._slice_id = $slice_id AND j._position = $position",
        slice_id=record["_slice_id"],
        position=record["_position"],
    )
    written_by = None
    for written_by, run_id, oldest in rows:
        words = f"its content and reasons were written by contract version {written_by}"
        if oldest < written_by:
            words += f", an upgrade: others of its slice are as version {oldest} wrote them"
        yield Event(None, words, f"run {run_id}")
    for done_at, version, run_id in stage:
        if version is not None:
            words = f"its slice was last judged by contract version {version}"
            if written_by is not None and written_by < int(version):
                words += ", an upgrade that changed nothing of its content and reasons"
            yield Event(done_at, words, f"run {run_id}")


def _moved(tx: Transaction, at: Mapping[str, int]) -> Iterator[Event]:
    for before, now, version, moved_at, run_id in tx.rows(
        "SELECT place_before, place, contract_version, moved_at, run_id FROM ledger.moves "
        "WHERE slice_id = $slice_id AND position = $position",
        **at,
    ):
        words = f"moved from {IN_WORDS[before]} to {IN_WORDS[now]} by contract version {version}"
        yield Event(moved_at, words, f"run {run_id}")


def _answered(
    tx: Transaction, contract: Contract, stage: Stage, record: Mapping[str, Any]
) -> Iterator[Event]:
    at = {"slice_id": record["_slice_id"], "position": record["_position"]}
    names = stage.column_names
    rows = tx.rows(
        f"SELECT {stage.name}_at, model_version, _run_id, _previous_model_version, "
        f"{quoted(names)} FROM {stage.name}.{contract.dataset} "
        "WHERE _slice_id = $slice_id AND _position = $position",
        **at,
    )
    for answered_at, version, run_id, before, *answers in rows:
        given = ", ".join(f"{n} {a}" for n, a in zip(names, answers, strict=True) if a is not None)
        earlier = f"; before it, model {before} had answered" if before else ""
        words = f"{stage.name} by model {version}: {given or 'nothing'}{earlier}"
        yield Event(answered_at, words, f"run {run_id}")
    for version, words in tx.rows(
        "SELECT model_version, words FROM ledger.refusals WHERE dataset = $dataset "
        "AND stage = $stage AND slice_id = $slice_id AND position = $position",
        dataset=contract.dataset,
        stage=stage.name,
        **at,
    ):
        yield Event(None, f"refused for {stage.name}: {words}", f"model {version}")


def _sent(tx: Transaction, contract: Contract, at: Mapping[str, int]) -> Iterator[Event]:
    for sent_at, reasons in tx.rows(
        "SELECT sent_at, reasons FROM ledger.dead_letters WHERE dataset = $dataset "
        "AND slice_id = $slice_id AND position = $position",
        dataset=contract.dataset,
        **at,
    ):
        yield Event(sent_at, f"sent as a dead letter: {reasons}", "txcat")


def _came_for(tx: Transaction, at: Mapping[str, int]) -> Iterator[Event]:
    for slice_id, position, who, why, when in tx.rows(
        "SELECT slice_id, position, who, why, decided_at FROM ledger.decisions "
        "WHERE new_slice_id = $slice_id AND new_position = $position",
        **at,
    ):
        yield Event(when, f"came in the place of {slice_id}:{position}: {why}", who)


def _decision(one: Mapping[str, Any]) -> Event:
    new = one["new_slice_id"]
    by = f" by {new}:{one['new_position']}" if new is not None else ""
    return Event(one["decided_at"], f"{one['action']}{by}: {one['why']}", one["who"])
