"""Questions about whole days that checks, the UI and the command line ask; nothing here writes.

What is counted in the ledger is read there; what a check has to prove is counted in the tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from txcat_assets.contracts.model import Contract
from txcat_assets.contracts.reasons import CONFLICT
from txcat_assets.pipeline.places import CLOSED, CONFLICTING, COUNTED, LOSING
from txcat_assets.warehouse.databases.interface import Transaction, listed, one, quoted
from txcat_assets.warehouse.ledger.marts import days_with_marts_to_update
from txcat_assets.warehouse.ledger.references import days_to_judge_again
from txcat_assets.warehouse.ledger.scope import Scope
from txcat_assets.warehouse.ledger.slices import FROZEN, Slice, in_slices


@dataclass(frozen=True)
class Counts:
    """Where the records of some slices are; landed is the sum of the others but the last.

    `superseded` are those of the validated after which another version of their key came.
    """

    landed: int
    unjudged: int
    validated: int
    quarantined: int
    duplicate: int
    discarded: int
    replaced: int
    superseded: int

    @property
    def current(self) -> int:
        """The validated records that hold their keys: what stages answer."""
        return self.validated - self.superseded


@dataclass(frozen=True)
class StageCounts:
    """Validated records that a later stage has yet to answer, or has refused."""

    pending: int
    refused: int


def counts(tx: Transaction, scope: Scope) -> Counts:
    """Where the records are, by the ledger."""
    sums = ", ".join(f"coalesce(sum({name}), 0)::BIGINT" for name in Counts.__annotations__)
    (row,) = tx.rows(
        f"SELECT {sums} FROM ledger.slices WHERE slice_id IN {scope.slices}", **scope.values
    )
    return Counts(*row)


def stage_counts(tx: Transaction, scope: Scope, stage: str) -> StageCounts:
    """What is pending for a later stage, and what it refused, by the ledger."""
    (row,) = tx.rows(
        "SELECT coalesce(sum(CASE WHEN t.version IS NULL THEN s.validated - s.superseded "
        "ELSE t.pending END), 0)"
        "::BIGINT, coalesce(sum(t.refused), 0)::BIGINT FROM ledger.stages t "
        "JOIN ledger.slices s ON s.slice_id = t.slice_id "
        f"WHERE t.stage = $stage AND t.slice_id IN {scope.slices}",
        stage=stage,
        **scope.values,
    )
    return StageCounts(*row)


def records_by_version(tx: Transaction, dataset: str, stage: str) -> dict[str, int]:
    """By the version that a stage has reached, how many records it has judged or can answer.

    Slices that the stage has not reached, and those that are frozen, are left out.
    """
    return {
        str(version): int(records)
        for version, records in tx.rows(
            "SELECT t.version, sum(s.validated - CASE WHEN t.stage = 'validated' THEN 0 "
            "ELSE s.superseded END)::BIGINT FROM ledger.stages t "
            "JOIN ledger.slices s ON s.slice_id = t.slice_id WHERE t.dataset = $dataset "
            "AND t.stage = $stage AND t.version IS NOT NULL "
            f"AND (t.stage <> 'validated' OR t.slice_id NOT IN {FROZEN}) GROUP BY 1 ORDER BY 1",
            dataset=dataset,
            stage=stage,
        )
    }


def last_arrival(tx: Transaction, dataset: str) -> datetime | None:
    """When records of the dataset landed last; None before any."""
    found: datetime | None = one(
        tx.rows(
            "SELECT max(landed_at) FROM ledger.slices WHERE dataset = $dataset", dataset=dataset
        )
    )
    return found


def landed_by_door(tx: Transaction, dataset: str) -> dict[str, int]:
    """How many records have landed, by the kind of what brought them: files, Kafka."""
    rows = tx.rows(
        "SELECT o.kind, sum(s.landed)::BIGINT FROM ledger.slices s JOIN ledger.objects o "
        "ON o.object_id = s.object_id WHERE s.dataset = $dataset GROUP BY 1 ORDER BY 1",
        dataset=dataset,
    )
    return {str(kind): int(records) for kind, records in rows}


def broken_sample(
    tx: Transaction, contract: Contract, scope: Scope, code: str, limit: int
) -> pl.DataFrame:
    """The first records that bear a reason code, as they came."""
    conflicts = f"_place = {CONFLICTING}"
    its_own = (
        "_codes IS NOT NULL AND $code = ANY(_codes) "
        f"AND _place NOT IN ({listed([*LOSING, *CLOSED])})"
    )
    bears = conflicts if code == CONFLICT else its_own
    found = tx.rows(
        f"SELECT _slice_id, _position FROM judged.{contract.dataset} "
        f"WHERE _slice_id IN {scope.slices} AND {bears} AND $code IS NOT NULL "
        "ORDER BY _slice_id, _position LIMIT $limit",
        code=code,
        limit=limit,
        **scope.values,
    )
    return _raw(tx, contract, [(int(slice_id), int(position)) for slice_id, position in found])


def _raw(tx: Transaction, contract: Contract, positions: Sequence[tuple[int, int]]) -> pl.DataFrame:
    """A few records as they came, found by their positions: slices first, for speed."""
    listed = ", ".join(map(str, positions)) or "(-1, -1)"
    slices = [slice_id for slice_id, _ in positions] or [-1]
    return tx.frame(
        f"SELECT _slice_id, _position, {quoted(contract.column_names)} "
        f"FROM raw.{contract.dataset} WHERE {in_slices(slices)} "
        f"AND (_slice_id, _position) IN ({listed}) ORDER BY _slice_id, _position"
    )


def sample(
    tx: Transaction, schema: str, columns: Sequence[str], scope: Scope, limit: int
) -> pl.DataFrame:
    """The first rows of a dataset's table in `schema`, in the order of arrival.

    Only as many slices are read as have surely enough of them, however large the table is.
    """
    has_rows = {
        "raw": "landed > 0",
        "quarantined": "(quarantined > 0 OR slice_id IN (SELECT slice_id FROM ledger.refusals))",
    }.get(schema, "validated > 0")
    first = tx.rows(
        f"SELECT slice_id FROM ledger.slices WHERE slice_id IN {scope.slices} AND {has_rows} "
        "ORDER BY slice_id LIMIT $limit",
        limit=limit,
        **scope.values,
    )
    return tx.frame(
        f"SELECT {quoted(columns)} FROM {schema}.{scope.dataset} "
        f"WHERE {in_slices([slice_id for (slice_id,) in first])} "
        "ORDER BY _slice_id, _position LIMIT $limit",
        limit=limit,
    )


CONSERVED = ("landed", *COUNTED)
"""The counts of a slice that the tables can be asked for; unjudged is what is left."""


def broken_conservation(
    tx: Transaction, contract: Contract, scope: Scope
) -> list[tuple[int, tuple[int, ...], tuple[int, ...]]]:
    """The slices that differ from the ledger: id, its counts (CONSERVED), those in the tables.

    Landed is counted in raw, with what was forgotten there; the others among the judged rows.
    """
    ledger = ", ".join(f"s.{name}" for name in CONSERVED)
    counted = ", ".join(
        f"count(*) FILTER (WHERE _place IN ({listed(places)})) AS {name}"
        for name, places in COUNTED.items()
    )
    judged = ", ".join(f"coalesce(j.{name}, 0)" for name in COUNTED)
    found = tx.rows(
        f"SELECT s.slice_id, {ledger}, coalesce(r.landed, 0) + s.forgotten, {judged} "
        "FROM ledger.slices s "
        f"LEFT JOIN (SELECT _slice_id, count(*) AS landed FROM raw.{contract.dataset} "
        f"WHERE _slice_id IN {scope.slices} GROUP BY 1) r ON r._slice_id = s.slice_id "
        f"LEFT JOIN (SELECT _slice_id, {counted} "
        f"FROM judged.{contract.dataset} WHERE _slice_id IN {scope.slices} GROUP BY 1) j "
        f"ON j._slice_id = s.slice_id WHERE s.slice_id IN {scope.slices} ORDER BY 1",
        **scope.values,
    )
    width = len(CONSERVED)
    both = [(int(row[0]), tuple(row[1 : 1 + width]), tuple(row[1 + width :])) for row in found]
    return [one for one in both if one[1] != one[2]]


def slices(tx: Transaction, scope: Scope) -> list[Slice]:
    """The slices that the contract in force has judged or will judge, in the order of arrival."""
    found = tx.rows(
        "SELECT slice_id, landed, NULL FROM ledger.slices "
        f"WHERE slice_id IN {scope.slices} AND forgotten = 0 ORDER BY slice_id",
        **scope.values,
    )
    return [Slice(*row) for row in found]


def files(tx: Transaction, scope: Scope) -> list[tuple[str, str, str | None]]:
    """Name, state and reason of every file, in the order of arrival.

    One that was set aside is left out once a newer version of it was seen.
    """
    return [
        (str(name), str(state), reason)
        for name, state, reason in tx.rows(
            "SELECT name, state, reason FROM ledger.objects o "
            f"WHERE dataset = $dataset AND kind = 'file' AND {scope.column} = ANY($among) "
            "AND NOT (state IN ('rejected', 'changed') AND EXISTS (SELECT 1 FROM ledger.objects n "
            "WHERE n.dataset = o.dataset AND n.name = o.name AND n.object_id > o.object_id)) "
            "ORDER BY object_id",
            **scope.values,
        )
    ]


def all_days(tx: Transaction, dataset: str) -> list[date]:
    """Every day on which records of the dataset have landed."""
    found = "SELECT DISTINCT day FROM ledger.slices WHERE dataset = $dataset ORDER BY 1"
    return [day for (day,) in tx.rows(found, dataset=dataset)]


def days_left(tx: Transaction, contract: Contract) -> list[date]:
    """The days on which anything was begun and is not done: files, judging, answers, references,
    marts.

    Days that a newer contract has made stale are among them, those of a newer model are not:
    whether to ask it all again is for people to decide.
    """
    found = tx.rows(
        "SELECT day FROM ledger.stages WHERE dataset = $dataset AND stage = ANY($stages) "
        "AND (version IS NULL OR pending > 0 OR (stage = 'validated' AND version <> $version "
        f"AND slice_id NOT IN {FROZEN})) UNION "
        "SELECT day FROM ledger.objects WHERE dataset = $dataset AND (state IN "
        "('seen', 'landing') OR (state = 'rejected' AND contract_version < $number)) ORDER BY 1",
        dataset=contract.dataset,
        stages=["validated", *(stage.name for stage in contract.stages)],
        version=str(contract.version),
        number=contract.version,
    )
    again = [*days_to_judge_again(tx, contract), *days_with_marts_to_update(tx, contract)]
    return sorted({day for (day,) in found} | set(again))
