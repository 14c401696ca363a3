"""Figures of each day by itself, as the checks and the UI show them; nothing here writes.

A day without any is left out. Figures of several days or files together are in `figures`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from txcat_assets.contracts.model import Contract, Policy
from txcat_assets.contracts.reasons import CONFLICT, REFUSED
from txcat_assets.pipeline.places import CONFLICTING, INVALID, KEPT, WAITING
from txcat_assets.warehouse.databases.interface import Transaction, listed
from txcat_assets.warehouse.ledger.scope import Scope
from txcat_assets.warehouse.queries.figures import Counts, StageCounts

Numbers = dict[date, int]


@dataclass(frozen=True)
class FileSetAside:
    """A file of which nothing, or not all, was taken, and why."""

    day: date
    name: str
    state: str
    reason: str


def counts_by_day(tx: Transaction, scope: Scope) -> dict[date, Counts]:
    """Where each day's records are, by the ledger."""
    sums = ", ".join(f"sum({name})::BIGINT" for name in Counts.__annotations__)
    found = tx.rows(
        f"SELECT day, {sums} FROM ledger.slices WHERE slice_id IN {scope.slices} AND landed > 0 "
        "GROUP BY day ORDER BY day",
        **scope.values,
    )
    return {day: Counts(*counts) for day, *counts in found}


def waiting_by_day(tx: Transaction, contract: Contract, scope: Scope) -> Numbers:
    """How many of each day's records wait for what they refer to; they count as quarantined."""
    if not contract.references:
        return {}
    return _numbers(
        tx.rows(
            f"SELECT _day, count(*) FROM judged.{contract.dataset} "
            f"WHERE _place = {WAITING} AND _slice_id IN {scope.slices} GROUP BY _day",
            **scope.values,
        )
    )


def reasons_by_day(tx: Transaction, contract: Contract, scope: Scope) -> dict[str, Numbers]:
    """By reason code, how many of each day's quarantined or refused records have it.

    A record may have several reasons.
    """
    found = _codes_by_day(tx, contract, scope, [INVALID, WAITING])
    if contract.policy is Policy.FIRST:
        found[CONFLICT] = _numbers(
            tx.rows(
                f"SELECT _day, count(*) FROM judged.{contract.dataset} "
                f"WHERE _place = {CONFLICTING} AND _slice_id IN {scope.slices} GROUP BY _day",
                **scope.values,
            )
        )
    refused: Numbers = {}
    for stage in contract.stages:
        for day, later in stage_counts_by_day(tx, scope, stage.name).items():
            refused[day] = refused.get(day, 0) + later.refused
    found[REFUSED] = {day: number for day, number in refused.items() if number}
    return _most_first({code: days for code, days in found.items() if days})


def warnings_by_day(tx: Transaction, contract: Contract, scope: Scope) -> dict[str, Numbers]:
    """By code of a rule that only warns, how many of each day's validated records break it."""
    return _most_first(_codes_by_day(tx, contract, scope, KEPT))


def _codes_by_day(
    tx: Transaction, contract: Contract, scope: Scope, places: Sequence[int]
) -> dict[str, Numbers]:
    found: dict[str, Numbers] = {}
    for code, day, number in tx.rows(
        "SELECT code, _day, count(*) FROM (SELECT unnest(_codes) AS code, _day "
        f"FROM judged.{contract.dataset} WHERE _codes IS NOT NULL "
        f"AND _place IN ({listed(places)}) AND _slice_id IN {scope.slices}) found GROUP BY 1, 2",
        **scope.values,
    ):
        found.setdefault(str(code), {})[day] = int(number)
    return found


def _most_first(found: dict[str, Numbers]) -> dict[str, Numbers]:
    return dict(sorted(found.items(), key=lambda one: (-sum(one[1].values()), one[0])))


def stage_counts_by_day(tx: Transaction, scope: Scope, stage: str) -> dict[date, StageCounts]:
    """What is pending for a later stage, and what it refused, by the ledger."""
    found = tx.rows(
        "SELECT t.day, sum(CASE WHEN t.version IS NULL THEN s.validated - s.superseded "
        "ELSE t.pending END)"
        "::BIGINT, sum(t.refused)::BIGINT FROM ledger.stages t "
        "JOIN ledger.slices s ON s.slice_id = t.slice_id "
        f"WHERE t.stage = $stage AND t.slice_id IN {scope.slices} GROUP BY t.day",
        stage=stage,
        **scope.values,
    )
    return {day: StageCounts(int(pending), int(refused)) for day, pending, refused in found}


def pending_since_by_day(tx: Transaction, scope: Scope, stage: str) -> dict[date, datetime]:
    """When the oldest slice of a day landed that still has records to do for a stage."""
    return dict(
        tx.rows(
            "SELECT s.day, min(s.landed_at) FROM ledger.stages t JOIN ledger.slices s "
            "ON s.slice_id = t.slice_id WHERE t.stage = $stage AND s.validated > s.superseded "
            f"AND t.slice_id IN {scope.slices} AND (t.version IS NULL OR t.pending > 0) "
            "GROUP BY s.day",
            stage=stage,
            **scope.values,
        )
    )


def days_of_slices(tx: Transaction, slice_ids: Iterable[int]) -> dict[int, date]:
    """The day of each of these slices."""
    return dict(
        tx.rows(
            "SELECT slice_id, day FROM ledger.slices WHERE slice_id = ANY($ids)",
            ids=list(slice_ids),
        )
    )


def files_set_aside(tx: Transaction, scope: Scope) -> list[FileSetAside]:
    """The files of the days that were rejected or changed while they were read.

    One is left out once a newer version of it was seen.
    """
    found = tx.rows(
        "SELECT day, name, state, reason FROM ledger.objects o "
        f"WHERE dataset = $dataset AND kind = 'file' AND {scope.column} = ANY($among) "
        "AND state IN ('rejected', 'changed') AND NOT EXISTS (SELECT 1 FROM ledger.objects n "
        "WHERE n.dataset = o.dataset AND n.name = o.name AND n.object_id > o.object_id) "
        "ORDER BY object_id",
        **scope.values,
    )
    return [FileSetAside(day, str(name), str(state), why or "") for day, name, state, why in found]


def worked_by_day(tx: Transaction, scope: Scope, schema: str, run_id: str) -> Numbers:
    """How many records a run has landed (`raw`), or brought to a stage, on each day."""
    if schema == "raw":
        which = "ledger.slices s WHERE s.run_id = $run_id"
    else:
        which = (
            "ledger.stages t JOIN ledger.slices s ON s.slice_id = t.slice_id "
            "WHERE t.run_id = $run_id AND t.stage = $stage"
        )
    stage = {} if schema == "raw" else {"stage": schema}
    return _numbers(
        tx.rows(
            f"SELECT s.day, sum(s.landed)::BIGINT FROM {which} "
            f"AND s.slice_id IN {scope.slices} GROUP BY s.day",
            run_id=run_id,
            **stage,
            **scope.values,
        )
    )


def _numbers(rows: Iterable[tuple[Any, ...]]) -> Numbers:
    return {day: int(number) for day, number in rows}
