"""What people ask about single records: which are quarantined or closed, why, and whence they came.

Records are found by their places first, which is narrow, then read whole by their positions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

import polars as pl

from txcat_assets.contracts.model import Contract
from txcat_assets.contracts.reasons import CONFLICT, REFUSED
from txcat_assets.pipeline.places import (
    CONFLICTING,
    KEPT,
    POSITION,
    QUARANTINED,
    VALIDATED,
)
from txcat_assets.warehouse.databases.interface import Transaction, listed, quoted
from txcat_assets.warehouse.ledger.slices import in_slices
from txcat_assets.warehouse.queries.keys import key_values, positions_of_key

CAME = ("_extra", "_fault", "_bytes", "_message_at")
FROM = ("_kind", "_name", "_partition", "_dialect", "_landed_at", "_landed_by")


@dataclass(frozen=True)
class Wanted:
    """Which records are meant: those that meet every condition given here; without any, all."""

    days: Sequence[date] = ()
    reasons: Sequence[str] = ()
    file: str = ""
    topic: str = ""
    key: str = ""
    positions: Sequence[tuple[int, int]] = ()
    limit: int | None = None
    places: Sequence[int] = field(default=QUARANTINED)
    """Where they are; what a later stage refused is meant too while QUARANTINED are."""

    @property
    def is_narrow(self) -> bool:
        """Whether there is any condition beside the places."""
        given = (self.days, self.reasons, self.file, self.topic, self.key, self.positions)
        return any(given) or self.limit is not None


@dataclass(frozen=True)
class ReasonSummary:
    """The records that bear one reason code; `share` is of all that landed on their days."""

    code: str
    records: int
    first_seen: datetime
    last_seen: datetime
    share: float
    sample: tuple[int, int]


def find_records(tx: Transaction, contract: Contract, wanted: Wanted) -> pl.DataFrame:
    """The positions of the records that are meant, in the order of arrival.

    Columns: `_slice_id`, `_position`, `_day`, `_place`.
    """
    columns = "j._slice_id, j._position, j._day, j._place"
    limit = "" if wanted.limit is None else f" LIMIT {int(wanted.limit)}"
    query = " UNION ".join(_parts(contract, wanted, columns))
    return tx.frame(f"{query} ORDER BY 1, 2{limit}", **_values(contract, wanted))


def reasons_at(place: int | None, reasons: list[str] | None, refusing: str | None) -> list[str]:
    """The reason codes of a record for people: of a conflict and a refusal, these words alone."""
    if place == CONFLICTING:
        return [CONFLICT]
    if place in KEPT:
        return [REFUSED] if refusing else []
    return reasons or []


def summarized(tx: Transaction, contract: Contract, wanted: Wanted) -> list[ReasonSummary]:
    """The records that are meant, by reason code, the most frequent first."""
    columns = "j._slice_id, j._place, j._codes, count(*) AS records, min(j._position) AS first"
    parts = _parts(contract, wanted, columns, " GROUP BY 1, 2, 3")
    groups = tx.rows(" UNION ALL ".join(parts), **_values(contract, wanted))
    by_code: dict[str, list[_Group]] = {}
    for slice_id, place, reasons, records, first in groups:
        for code in reasons_at(place, reasons, REFUSED):
            by_code.setdefault(code, []).append(_Group(int(slice_id), int(first), int(records)))
    landed = _landed(tx, {int(group[0]) for group in groups})
    on_days = _landed_on(tx, contract, {day for day, _ in landed.values()})
    found = [_summary(code, of_code, landed, on_days) for code, of_code in by_code.items()]
    return sorted(found, key=lambda one: (-one.records, one.code))


class _Group(NamedTuple):
    """Records of one slice with the same reasons: the first position, and how many they are."""

    slice_id: int
    first: int
    records: int


def _summary(
    code: str,
    groups: Sequence[_Group],
    landed: Mapping[int, tuple[date, datetime]],
    on_days: Mapping[date, int],
) -> ReasonSummary:
    moments = [landed[group.slice_id][1] for group in groups]
    records = sum(group.records for group in groups)
    share = records / sum(on_days[day] for day in {landed[group.slice_id][0] for group in groups})
    sample = min((group.slice_id, group.first) for group in groups)
    return ReasonSummary(code, records, min(moments), max(moments), share, sample)


def _landed(tx: Transaction, slice_ids: set[int]) -> dict[int, tuple[date, datetime]]:
    """The day of each slice, and when it landed."""
    these = in_slices(sorted(slice_ids), "slice_id")
    rows = tx.rows(f"SELECT slice_id, day, landed_at FROM ledger.slices WHERE {these}")
    return {int(slice_id): (day, at) for slice_id, day, at in rows}


def _landed_on(tx: Transaction, contract: Contract, days: set[date]) -> dict[date, int]:
    """How many records landed on each of these days."""
    rows = tx.rows(
        "SELECT day, sum(landed)::BIGINT FROM ledger.slices WHERE dataset = $dataset "
        "AND day = ANY($days) GROUP BY 1",
        dataset=contract.dataset,
        days=sorted(days),
    )
    return {day: int(records) for day, records in rows}


def read_records(tx: Transaction, contract: Contract, positions: pl.DataFrame) -> pl.DataFrame:
    """Records whole, in the order of arrival: as they came, where from, where they are and why.

    Columns: `_slice_id`, `_position`, `_day`, `_place` (null while unjudged), `_codes`, `_stage`
    and `_words` of a refusal, the contract's columns as text, CAME, FROM. A text that raw has
    forgotten is written as it was read.
    """
    asked = positions.select(POSITION)
    tx.offer("positions", asked)
    slice_ids = asked["_slice_id"].unique().to_list()
    # Joined here: a database would hand over the words of a slice with each of its records.
    found = asked.join(_sources(tx, slice_ids), on="_slice_id")
    for part in (_judged_at(tx, contract, slice_ids), _raw_at(tx, contract, slice_ids)):
        found = found.join(part, on=POSITION, how="left")
    refused = _refused_at(tx, contract, slice_ids)
    found = found.join(refused, on=[*POSITION, "_digest"], how="left")
    texts = [pl.coalesce(name, f"_read_{name}").alias(name) for name in contract.column_names]
    return found.select(
        *POSITION, *("_day", "_place", "_codes", "_stage", "_words"), *texts, *CAME, *FROM
    ).sort(POSITION)


def _sources(tx: Transaction, slice_ids: Sequence[int]) -> pl.DataFrame:
    """Where the records of slices came from."""
    return tx.frame(
        "SELECT s.slice_id AS _slice_id, s.day AS _day, o.kind AS _kind, o.name AS _name, "
        'o."partition" AS _partition, o.dialect AS _dialect, s.landed_at AS _landed_at, '
        "s.run_id AS _landed_by FROM ledger.slices s "
        "JOIN ledger.objects o ON o.object_id = s.object_id "
        f"WHERE {in_slices(slice_ids, 's.slice_id')}"
    )


def _judged_at(tx: Transaction, contract: Contract, slice_ids: Sequence[int]) -> pl.DataFrame:
    """Where the records at `positions` are and why, and what was read of them as text."""
    texts = [f'CAST(j."{name}" AS TEXT) AS "_read_{name}"' for name in contract.column_names]
    columns = ["j._place", "j._codes", "CAST(j._digest AS TEXT) AS _digest", *texts]
    return _at_positions(tx, f"judged.{contract.dataset} j", columns, slice_ids)


def _raw_at(tx: Transaction, contract: Contract, slice_ids: Sequence[int]) -> pl.DataFrame:
    """The records at `positions` as they came."""
    columns = quoted([*contract.column_names, *CAME], "j")
    return _at_positions(tx, f"raw.{contract.dataset} j", [columns], slice_ids)


def _refused_at(tx: Transaction, contract: Contract, slice_ids: Sequence[int]) -> pl.DataFrame:
    """What a later stage said of the records that it refused."""
    return tx.frame(
        "SELECT slice_id AS _slice_id, position AS _position, CAST(digest AS TEXT) AS _digest, "
        "min(stage) AS _stage, min(words) AS _words FROM ledger.refusals "
        f"WHERE dataset = $dataset AND {in_slices(slice_ids, 'slice_id')} GROUP BY 1, 2, 3",
        dataset=contract.dataset,
    )


def _at_positions(
    tx: Transaction, table: str, columns: Sequence[str], slice_ids: Sequence[int]
) -> pl.DataFrame:
    """The rows of a table, named j, at the `positions` that were offered."""
    return tx.frame(
        f"SELECT j._slice_id, j._position, {', '.join(columns)} FROM {table} "
        "JOIN positions p ON p._slice_id = j._slice_id AND p._position = j._position "
        f"WHERE {in_slices(slice_ids, 'j._slice_id')}"
    )


def find_places(tx: Transaction, contract: Contract, positions: pl.DataFrame) -> pl.DataFrame:
    """Where judged records are now, and why, in the order of arrival."""
    asked = positions.select(POSITION)
    tx.offer("positions", asked)
    slice_ids = asked["_slice_id"].unique().to_list()
    columns = ["j._place", "j._codes"]
    return _at_positions(tx, f"judged.{contract.dataset} j", columns, slice_ids).sort(POSITION)


def decisions_about(tx: Transaction, positions: pl.DataFrame) -> list[dict[str, Any]]:
    """All that was ever decided about these records, the oldest first."""
    if positions.is_empty():
        return []
    tx.offer("positions", positions.select("_slice_id", "_position"))
    columns = (
        "slice_id, position, action, in_force, who, why, decided_at, run_id, place_before, "
        "reasons_before, new_slice_id, new_position"
    )
    rows = tx.rows(
        f"SELECT {columns} FROM ledger.decisions d JOIN positions p ON p._slice_id = d.slice_id "
        "AND p._position = d.position WHERE "
        f"{in_slices(positions['_slice_id'].unique().to_list(), 'd.slice_id')} ORDER BY d.id"
    )
    return [dict(zip(columns.split(", "), row, strict=True)) for row in rows]


def _parts(contract: Contract, wanted: Wanted, columns: str, grouped: str = "") -> list[str]:
    """Queries for what is meant: of the places, and of what a later stage refused."""
    name, conditions = contract.dataset, _conditions(wanted)
    by_place = f"j._place IN ({listed(wanted.places)})"
    refusals = (
        f"JOIN ledger.refusals f ON f.dataset = '{name}' AND f.slice_id = j._slice_id "
        "AND f.position = j._position AND f.digest = j._digest"
    )
    of_key = _joined_by_key(contract, wanted)
    sources = {of_key: [by_place, *conditions, *_by_reason(wanted)]}
    if tuple(wanted.places) == QUARANTINED and (not wanted.reasons or REFUSED in wanted.reasons):
        sources[refusals + of_key] = [f"j._place = {VALIDATED}", *conditions]
    return [
        f"SELECT {columns} FROM judged.{name} j {joined} WHERE {' AND '.join(where)}{grouped}"
        for joined, where in sources.items()
    ]


def _joined_by_key(contract: Contract, wanted: Wanted) -> str:
    if not wanted.key:
        return ""
    positions = " UNION ALL ".join(positions_of_key(contract, wanted.key))
    return f" JOIN ({positions}) k ON k._slice_id = j._slice_id AND k._position = j._position"


def _by_reason(wanted: Wanted) -> list[str]:
    if not wanted.reasons:
        return []
    bears = f"j._place <> {CONFLICTING} AND j._codes && $reasons"
    conflicts = f" OR j._place = {CONFLICTING}" if CONFLICT in wanted.reasons else ""
    return [f"(({bears}){conflicts})"]


def _conditions(wanted: Wanted) -> list[str]:
    objects = "SELECT s.slice_id FROM ledger.slices s JOIN ledger.objects o USING (object_id) WHERE"
    at = ", ".join(f"({slice_id}, {position})" for slice_id, position in wanted.positions)
    by_condition = {
        "j._day = ANY($days)": wanted.days,
        f"j._slice_id IN ({objects} o.kind <> 'kafka' AND (o.name = $file "
        "OR right(o.name, length($file) + 1) = '/' || $file))": wanted.file,
        f"j._slice_id IN ({objects} o.kind = 'kafka' AND o.name = $topic)": wanted.topic,
        f"(j._slice_id, j._position) IN ({at})": wanted.positions,
    }
    return [condition for condition, given in by_condition.items() if given]


def _values(contract: Contract, wanted: Wanted) -> dict[str, Any]:
    """The values that the conditions name."""
    values: dict[str, Any] = {
        "days": list(wanted.days),
        "file": wanted.file,
        "topic": wanted.topic,
    }
    of_key = key_values(contract, wanted.key) if wanted.key else {}
    codes = {"reasons": [*wanted.reasons]} if wanted.reasons else {}
    return {name: value for name, value in values.items() if value} | codes | of_key
