"""What every asset of every run needs: its days, its identity, and failures in Dagster's words."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date

import dagster as dg
from pydantic import Field

from txcat_assets.clock import utc_now
from txcat_assets.contracts.model import Contract
from txcat_assets.defs.processes import name_process
from txcat_assets.errors import TransientError, TxcatError
from txcat_assets.stages.work import Progress, Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.tables import prepare

OF_TOPIC = "topic"
"""Metadata of a failure that came from reading the topic: only such ones are the topic's own."""


class WorkConfig(dg.Config):
    """What may be asked of a run beside its days."""

    full_refresh: bool = False
    """Do the days again from their raw records, though they are up to date."""


class LandConfig(WorkConfig):
    """What may be asked of a run that lands records."""

    follow_topic: bool = True
    """A run of today also takes what has come to the dataset's Kafka topic."""

    ends: dict[str, int] = Field(default_factory=dict)
    """By partition of the topic, the offset to stop at; without it, where Kafka ends now."""


@contextmanager
def work_of(
    context: dg.AssetExecutionContext,
    contract: Contract,
    warehouse: Warehouse,
    progress: Progress,
    *,
    has_days: bool = True,
) -> Iterator[Work]:
    """What this run is to bring up to date; the tables are made where they are missing.

    `has_days` is false where an asset has no partitions.
    """
    name_process(context.instance, context.run)
    days = days_of(context) if has_days else []
    with foreseen_trouble():
        prepare(warehouse, contract)
        yield Work(warehouse, contract, days, context.run.run_id, utc_now, progress)


@contextmanager
def foreseen_trouble(metadata: Mapping[str, str] | None = None) -> Iterator[None]:
    """End the step by the words of the trouble, and let Dagster retry it only where it may pass."""
    try:
        yield
    except TxcatError as error:
        may_pass = isinstance(error, TransientError)
        raise dg.Failure(str(error), metadata, allow_retries=may_pass) from error


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    """The days of the run's partitions; a run without any would be green and do nothing.

    A month is said by its first day.
    """
    is_partitioned = context.has_partition_key or context.has_partition_key_range
    keys: Sequence[str] = context.partition_keys if is_partitioned else []
    partitions = context.assets_def.partitions_def
    # A launch through GraphQL takes any day; Dagster does not compare it with the partitions.
    if not keys or not partitions or not all(map(partitions.has_partition_key, keys)):
        raise dg.Failure(
            "This run has no day to work on: its partition is missing or none of this asset: from "
            "TXCAT_FIRST_DAY to today, UTC, and of months those that are over. Launch it again "
            "with one of them.",
            allow_retries=False,
        )
    return [date.fromisoformat(key) for key in keys]


def fail_on(problems: Sequence[str], left: str) -> None:
    """End the run as failed when something is left to do, saying what and what to do next."""
    if problems:
        raise dg.Failure(
            f"{left} {' '.join(dict.fromkeys(problems))}",
            metadata={"problems": len(problems)},
            allow_retries=False,
        )
