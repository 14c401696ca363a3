"""Where a dataset stands, by the warehouse: what came, where it is, what is left, what is stale.

What its topic has beyond that is in `topics`; what of it is wrong is decided in `conditions`.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from txcat_assets.contracts.model import Contract
from txcat_assets.warehouse.databases.interface import Transaction
from txcat_assets.warehouse.ledger.checked import FailedCheck, failed_checks
from txcat_assets.warehouse.ledger.forgetting import Frozen, frozen
from txcat_assets.warehouse.ledger.scope import Scope
from txcat_assets.warehouse.ledger.topics import gaps
from txcat_assets.warehouse.queries.by_day import pending_since_by_day
from txcat_assets.warehouse.queries.figures import (
    Counts,
    all_days,
    counts,
    days_left,
    landed_by_door,
    last_arrival,
    records_by_version,
    stage_counts,
)
from txcat_assets.warehouse.queries.flow import Flow, Latency, flow, latency_since
from txcat_assets.warehouse.queries.quarantine import Wanted, summarized

FLOW_PERIOD = timedelta(hours=1)
"""How far back the figures of a topic's flow go."""


@dataclass(frozen=True)
class StageStatus:
    """A later stage: what waits for it and since when, and by which versions it has answered."""

    pending: int
    refused: int
    pending_since: datetime | None
    versions: dict[str, int]


@dataclass(frozen=True)
class TopicFlow:
    """How the messages of a dataset's topic came in lately, and the losses that were accepted."""

    recent: Flow
    latency: Latency | None
    accepted_losses: list[tuple[str, int, int, int | None, str, str]]


@dataclass(frozen=True)
class DatasetStatus:
    """Where a dataset stands; `versions` are those of the contracts that judged its records.

    `landed` counts the records by what brought them.
    """

    last_arrival: datetime | None
    landed: dict[str, int]
    records: Counts
    quarantined: dict[str, int]
    stages: dict[str, StageStatus]
    versions: dict[str, int]
    failed_checks: list[FailedCheck]
    frozen: Frozen
    days_left: list[date]
    topic_flow: TopicFlow | None


def dataset_status(
    tx: Transaction, contract: Contract, now: datetime, failed_days_kept: int
) -> DatasetStatus:
    """Where a dataset stands now; checks that failed on older days are left out."""
    dataset = contract.dataset
    scope = Scope(dataset, "day", all_days(tx, dataset))
    placed = counts(tx, scope)
    stages = {stage.name: _stage(tx, scope, stage.name) for stage in contract.stages}
    # The reasons are counted in the table of records, which is asked only where there are any.
    has_reasons = placed.quarantined or any(stage.refused for stage in stages.values())
    reasons = summarized(tx, contract, Wanted()) if has_reasons else []
    return DatasetStatus(
        last_arrival=last_arrival(tx, dataset),
        landed=landed_by_door(tx, dataset),
        records=placed,
        quarantined={one.code: one.records for one in reasons},
        stages=stages,
        versions=records_by_version(tx, dataset, "validated"),
        failed_checks=failed_checks(tx, dataset, failed_days_kept),
        frozen=frozen(tx, scope),
        days_left=days_left(tx, contract),
        topic_flow=_topic_flow(tx, contract, now) if contract.topic else None,
    )


def _stage(tx: Transaction, scope: Scope, stage: str) -> StageStatus:
    left = stage_counts(tx, scope, stage)
    since = pending_since_by_day(tx, scope, stage).values()
    versions = records_by_version(tx, scope.dataset, stage)
    return StageStatus(left.pending, left.refused, min(since, default=None), versions)


def _topic_flow(tx: Transaction, contract: Contract, now: datetime) -> TopicFlow:
    return TopicFlow(
        flow(tx, contract.dataset, now - FLOW_PERIOD),
        latency_since(tx, contract, now - FLOW_PERIOD),
        gaps(tx, contract.dataset),
    )
