"""Which runs of a dataset are unfinished: what a sensor has asked for, and what others are working.

A run that waits in the queue, such as one of a long backfill, holds up nobody but the sensor that
asked for it: the queue's limit by tag lets one run of a dataset work at a time, and what has just
arrived goes first.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import dagster as dg

from txcat_assets.contracts.model import Contract
from txcat_assets.defs.jobs import check_name, load_name

UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]
HIDDEN_JOB = "__ASSET_JOB"
"""The job by which Dagster materializes what was picked in the UI, and backfills."""

SENSOR = "dagster/sensor_name"
"""Dagster's tag of a run that a sensor asked for."""

PRIORITY = "dagster/priority"
ARRIVALS_FIRST = {PRIORITY: "1"}
"""Tags of a run for what has just arrived: it leaves the queue before older runs without them."""

DAY, FIRST_DAY, LAST_DAY = (
    "dagster/partition",
    "dagster/asset_partition_range_start",
    "dagster/asset_partition_range_end",
)
"""Dagster's tags of the partitions of a run: one, or the first and the last of a range."""


def unfinished_runs(instance: dg.DagsterInstance) -> Sequence[dg.DagsterRun]:
    """The runs that have not ended, newest first."""
    return instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))


def of_dataset(runs: Sequence[dg.DagsterRun], contract: Contract) -> list[dg.DagsterRun]:
    """Those of the runs that load or check a dataset."""
    return [run for run in runs if is_of(run, contract)]


def is_of(run: dg.DagsterRun, contract: Contract) -> bool:
    """Whether a run is one of the dataset's jobs, or of assets of it that were picked in the UI."""
    if run.job_name != HIDDEN_JOB:
        return run.job_name in (load_name(contract), check_name(contract))
    picked = run.asset_selection
    return picked is None or any(key.path[-1] == contract.dataset for key in picked)


def loads(runs: Sequence[dg.DagsterRun], contract: Contract) -> list[dg.DagsterRun]:
    """Those of a dataset's runs that bring days up to date."""
    return [run for run in runs if run.job_name != check_name(contract)]


def asked_by(runs: Sequence[dg.DagsterRun], sensor: str) -> list[dg.DagsterRun]:
    """Those of the runs that a sensor has asked for."""
    return [run for run in runs if run.tags.get(SENSOR) == sensor]


def days_of(runs: Sequence[dg.DagsterRun]) -> set[date]:
    """The days that runs bring up to date."""
    return {day for run in runs for day in _days_of_one(run)}


def in_words(runs: Sequence[dg.DagsterRun]) -> str:
    """Which runs these are, for people; the state of the oldest, which the others wait for."""
    *others, oldest = runs
    more = f", and {len(others)} more" if others else ""
    return f"Run {oldest.run_id[:8]} is {oldest.status.value.lower().replace('_', ' ')}{more}"


def _days_of_one(run: dg.DagsterRun) -> set[date]:
    if DAY in run.tags:
        first = last = date.fromisoformat(run.tags[DAY])
    elif FIRST_DAY in run.tags and LAST_DAY in run.tags:
        first, last = (date.fromisoformat(run.tags[tag]) for tag in (FIRST_DAY, LAST_DAY))
    else:
        return set()
    return {first + timedelta(days=number) for number in range((last - first).days + 1)}
