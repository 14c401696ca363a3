"""Questions about whole days that checks, the UI and the command line ask; nothing here writes.

What is counted in the ledger is read there; what a check has to prove is counted in the tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from txcat_assets.contracts.model import Contract, Stage
from txcat_assets.contracts.reasons import CONFLICT, REFUSED
from txcat_assets.pipeline.places import CONFLICTING, DUPLICATE, INVALID, VALIDATED
from txcat_assets.warehouse.interface import Transaction

OPEN_FILES = "('seen', 'landing')"


@dataclass(frozen=True)
class Counts:
    """Where the records of some slices are; landed is the sum of the other four."""

    landed: int
    unjudged: int
    validated: int
    quarantined: int
    duplicate: int


@dataclass(frozen=True)
class StageCounts:
    """Validated records that a later stage has yet to answer, or has refused."""

    pending: int
    refused: int


def counts(tx: Transaction, dataset: str, days: Sequence[date]) -> Counts:
    """Where the records of these days are, by the ledger."""
    sums = ", ".join(f"coalesce(sum({name}), 0)::BIGINT" for name in Counts.__annotations__)
    (row,) = tx.rows(
        f"SELECT {sums} FROM ledger.slices WHERE dataset = $dataset AND day = ANY($days)",
        dataset=dataset,
        days=list(days),
    )
    return Counts(*row)


def stage_counts(tx: Transaction, dataset: str, stage: str, days: Sequence[date]) -> StageCounts:
    """What is pending for a later stage on these days, and what it refused, by the ledger."""
    (row,) = tx.rows(
        "SELECT coalesce(sum(CASE WHEN t.version IS NULL THEN s.validated ELSE t.pending END), 0)"
        "::BIGINT, coalesce(sum(t.refused), 0)::BIGINT FROM ledger.stages t "
        "JOIN ledger.slices s ON s.slice_id = t.slice_id "
        "WHERE t.dataset = $dataset AND t.stage = $stage AND t.day = ANY($days)",
        dataset=dataset,
        stage=stage,
        days=list(days),
    )
    return StageCounts(*row)


def reason_counts(tx: Transaction, contract: Contract, days: Sequence[date]) -> dict[str, int]:
    """How many records of these days have each reason code: rejected, warned, conflict, refused."""
    found = tx.rows(
        "SELECT code, count(*) FROM ("
        f"SELECT unnest(_reasons) AS code FROM judged.{contract.dataset} "
        f"WHERE _day = ANY($days) AND _place IN ({VALIDATED}, {INVALID}) UNION ALL "
        f"SELECT '{CONFLICT}' FROM judged.{contract.dataset} "
        f"WHERE _day = ANY($days) AND _place = {CONFLICTING}) GROUP BY code ORDER BY 2 DESC, 1",
        days=list(days),
    )
    refused = sum(
        stage_counts(tx, contract.dataset, stage.name, days).refused for stage in contract.stages
    )
    return {code: int(n) for code, n in found} | ({REFUSED: refused} if refused else {})


def broken_sample(
    tx: Transaction, contract: Contract, days: Sequence[date], code: str, limit: int
) -> pl.DataFrame:
    """The first records of these days that a reason code quarantined, or warned of."""
    names = ", ".join(f'"{name}"' for name in contract.column_names)
    return tx.frame(
        f"SELECT _slice_id, _position, {names} FROM quarantined.{contract.dataset} "
        "WHERE _day = ANY($days) AND list_contains(reasons, $code) UNION ALL BY NAME "
        f"SELECT _slice_id, _position, {names} FROM validated.{contract.dataset} "
        "WHERE _day = ANY($days) AND list_contains(_warnings, $code) "
        "ORDER BY _slice_id, _position LIMIT $limit",
        days=list(days),
        code=code,
        limit=limit,
    )


def sample(
    tx: Transaction, table: str, columns: Sequence[str], days: Sequence[date], limit: int
) -> pl.DataFrame:
    """The first rows of these days in a table, in the order of arrival."""
    names = ", ".join(f'"{name}"' for name in columns)
    return tx.frame(
        f"SELECT {names} FROM {table} WHERE _day = ANY($days) "
        "ORDER BY _slice_id, _position LIMIT $limit",
        days=list(days),
        limit=limit,
    )


def spending(tx: Transaction, contract: Contract, stage: Stage) -> pl.DataFrame:
    """Count and sum of amounts by answer and side, largest first, over all days."""
    answer = stage.answer
    return tx.frame(
        f'SELECT "{answer}", count(*) AS records, '
        "sum(amount) FILTER (side = 'debit') AS debit, sum(amount) FILTER (side = 'credit') "
        f'AS credit FROM {stage.name}.{contract.dataset} GROUP BY "{answer}" '
        "ORDER BY debit NULLS LAST"
    )


def broken_conservation(
    tx: Transaction, contract: Contract, days: Sequence[date]
) -> list[tuple[int, int, int]]:
    """The slices of these days whose records are not all in the tables: id, landed, found.

    Raw rows, and judged rows by place, are counted in the tables and compared with the ledger.
    """
    places = {VALIDATED: "validated", DUPLICATE: "duplicate"}
    counted = ", ".join(f"count(*) FILTER (_place = {p}) AS {name}" for p, name in places.items())
    return [
        (int(slice_id), int(landed), int(found))
        for slice_id, landed, found in tx.rows(
            "SELECT s.slice_id, s.landed, coalesce(r.landed, 0) FROM ledger.slices s "
            f"LEFT JOIN (SELECT _slice_id, count(*) AS landed FROM raw.{contract.dataset} "
            "WHERE _day = ANY($days) GROUP BY 1) r ON r._slice_id = s.slice_id "
            f"LEFT JOIN (SELECT _slice_id, {counted}, count(*) FILTER (_place IN "
            f"({CONFLICTING}, {INVALID})) AS quarantined FROM judged.{contract.dataset} "
            "WHERE _day = ANY($days) GROUP BY 1) j ON j._slice_id = s.slice_id "
            "WHERE s.dataset = $dataset AND s.day = ANY($days) AND (s.landed <> "
            "coalesce(r.landed, 0) OR s.validated <> coalesce(j.validated, 0) "
            "OR s.duplicate <> coalesce(j.duplicate, 0) "
            "OR s.quarantined <> coalesce(j.quarantined, 0)) ORDER BY 1",
            dataset=contract.dataset,
            days=list(days),
        )
    ]


def slices_of_days(tx: Transaction, dataset: str, days: Sequence[date]) -> list[int]:
    """The slices that arrived on these days, in order."""
    found = tx.rows(
        "SELECT slice_id FROM ledger.slices WHERE dataset = $dataset AND day = ANY($days) "
        "ORDER BY slice_id",
        dataset=dataset,
        days=list(days),
    )
    return [int(slice_id) for (slice_id,) in found]


def set_aside_files(
    tx: Transaction, dataset: str, days: Sequence[date]
) -> list[tuple[str, str, str]]:
    """The files of these days that were refused, or changed while they were read: with reasons."""
    return [
        (str(name), str(state), str(reason))
        for name, state, reason in tx.rows(
            "SELECT name, state, reason FROM ledger.objects WHERE dataset = $dataset "
            "AND day = ANY($days) AND state IN ('refused', 'changed') ORDER BY object_id",
            dataset=dataset,
            days=list(days),
        )
    ]


def pending_since(
    tx: Transaction, dataset: str, stage: str, days: Sequence[date]
) -> datetime | None:
    """When the oldest slice landed that still has records to do for a stage; None when done."""
    ((oldest,),) = tx.rows(
        "SELECT min(s.landed_at) FROM ledger.stages t JOIN ledger.slices s "
        "ON s.slice_id = t.slice_id WHERE t.dataset = $dataset AND t.stage = $stage "
        "AND t.day = ANY($days) AND (t.version IS NULL OR t.pending > 0)",
        dataset=dataset,
        stage=stage,
        days=list(days),
    )
    return oldest if isinstance(oldest, datetime) else None


def days_left(tx: Transaction, dataset: str) -> list[date]:
    """The days on which anything was begun and is not done: files, judging, answers."""
    return _days(
        tx,
        "SELECT day FROM ledger.stages WHERE dataset = $dataset "
        "AND (version IS NULL OR pending > 0) UNION SELECT day FROM ledger.objects "
        f"WHERE dataset = $dataset AND state IN {OPEN_FILES} ORDER BY 1",
        dataset=dataset,
    )


def known_files(tx: Transaction, dataset: str) -> set[tuple[str, int, int]]:
    """Name, size and time of every file that the ledger has seen."""
    return {
        (str(name), int(size), int(modified))
        for name, size, modified in tx.rows(
            "SELECT name, size, modified_at_ns FROM ledger.objects "
            "WHERE dataset = $dataset AND kind = 'file'",
            dataset=dataset,
        )
    }


def _days(tx: Transaction, sql: str, **values: object) -> list[date]:
    return [day for (day,) in tx.rows(sql, **values)]
