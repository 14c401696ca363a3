"""What every asset of every run needs: its days, its identity, and failures in Dagster's words.

A run is tagged with the process that works it, because Dagster does not see that an in-process
run was killed; `report_dead_runs` goes by these tags.
"""

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import psutil
from pydantic import Field

from txcat_assets.contracts.model import Contract
from txcat_assets.defs.jobs import CHECKS, DATASET
from txcat_assets.errors import TransientError, TxcatError
from txcat_assets.stages.work import Progress, Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.tables import prepare

HOST, PID, STARTED = (f".dagster/txcat_{what}" for what in ("host", "pid", "process_started"))
"""Tags of a run for its process. Dagster shows no tag that begins so: they are nothing to read."""

BEGUN = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]
BEGIN_SECONDS = 60
"""A run names its process some 3 s after it was taken up, on a busy machine 20."""

OF_PROCESSES = {"DefaultRunLauncher", "ForkingRunLauncher"}
"""Launchers of runs that are processes; other ones tell Dagster themselves what died."""

CLOCK_SECONDS = 10.0
"""Linux reckons a process's start from the boot time, which moves when the clock is set a little;
a process id is not given again within seconds."""


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


def utc_now() -> datetime:
    """This moment, UTC, without a time zone, as the tables keep times."""
    return datetime.now(UTC).replace(tzinfo=None)


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
    name_process(context)
    days = days_of(context) if has_days else []
    with foreseen_trouble():
        prepare(warehouse, contract)
        yield Work(warehouse, contract, days, context.run.run_id, utc_now, progress)


@contextmanager
def foreseen_trouble() -> Iterator[None]:
    """End the step by the words of the trouble, and let Dagster retry it only where it may pass."""
    try:
        yield
    except TxcatError as error:
        may_pass = isinstance(error, TransientError)
        raise dg.Failure(str(error), allow_retries=may_pass) from error


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    """The days of the run's partitions; a run without any would be green and do nothing."""
    is_partitioned = context.has_partition_key or context.has_partition_key_range
    keys: Sequence[str] = context.partition_keys if is_partitioned else []
    partitions = context.assets_def.partitions_def
    # A launch through GraphQL takes any day; Dagster does not compare it with the partitions.
    if not keys or not partitions or not all(map(partitions.has_partition_key, keys)):
        raise dg.Failure(
            "This run has no day to work on: its partition is missing or lies outside the daily "
            "partitions (TXCAT_FIRST_DAY to today, UTC). Launch it again with such a day.",
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


def name_process(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> None:
    """Tag the run with the process that works it, if it is not yet."""
    if HOST not in context.run.tags:
        context.instance.add_run_tags(context.run.run_id, process_tags())


def process_tags(pid: int | None = None) -> dict[str, str]:
    """Tags that tell which process on which host works a run; this one unless told."""
    started = psutil.Process(pid).create_time()
    return {HOST: socket.gethostname(), PID: str(pid or os.getpid()), STARTED: f"{started:.2f}"}


def process_of(run: dg.DagsterRun) -> psutil.Process | None:
    """The process that works a run, if the run names one of this host and it is still there."""
    if run.tags.get(HOST) != socket.gethostname():
        return None
    try:
        process = psutil.Process(int(run.tags[PID]))
        is_it = abs(process.create_time() - float(run.tags[STARTED])) <= CLOCK_SECONDS
    except psutil.NoSuchProcess:
        return None
    return process if is_it else None


def report_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Report as failed the runs whose process on this host is gone; the ids of these runs.

    Nothing is lost with them: the next run of their days takes up what is left.
    """
    begun = instance.get_run_records(dg.RunsFilter(statuses=BEGUN))
    dead = [one.dagster_run for one in begun if _is_dead(one.dagster_run)]
    if _begins_at_once(instance):
        dead += [one.dagster_run for one in begun if _never_began(one)]
    for run in dead:
        instance.report_run_failed(
            run, "The process of this run is gone. Run its days again: nothing is lost or doubled."
        )
    return [run.run_id for run in dead]


def _begins_at_once(instance: dg.DagsterInstance) -> bool:
    """Whether a launched run has its process at once; a pod may first wait for its image.

    By the launcher's name: its library need not be where the code is.
    """
    launcher = instance.get_ref().run_launcher_data if instance.is_persistent else None
    return launcher is None or launcher.class_name in OF_PROCESSES


def _never_began(record: dg.RunRecord) -> bool:
    """Whether a run of ours has had time enough to name its process, and has not.

    It was killed after Dagster had taken it up, and before its first step.
    """
    run, age = record.dagster_run, datetime.now(UTC) - record.update_timestamp
    is_ours = bool(run.tags.keys() & {DATASET, CHECKS})
    return is_ours and HOST not in run.tags and age > timedelta(seconds=BEGIN_SECONDS)


def _is_dead(run: dg.DagsterRun) -> bool:
    return run.tags.get(HOST) == socket.gethostname() and not process_of(run)
