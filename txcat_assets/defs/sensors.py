"""What starts runs without a hand: new files, work left over, checks that are due, dead runs.

The ledger decides what a run does; a sensor only asks for days. One that is lost, late or doubled
can neither lose nor double a record.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import dagster as dg

from txcat_assets.contracts.model import Contract
from txcat_assets.defs.assets import OpenEnricher
from txcat_assets.defs.jobs import check_name, load_name, schemas
from txcat_assets.defs.runs import report_dead_runs, utc_now
from txcat_assets.errors import TransientError
from txcat_assets.sources.files import SeenFile, day_in_name
from txcat_assets.stages.land import Inbox, settled_files
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.checked import unchecked_days
from txcat_assets.warehouse.figures import days_left, known_files
from txcat_assets.warehouse.interface import Warehouse
from txcat_assets.warehouse.tables import prepare

Tick = dg.SensorResult | dg.SkipReason

UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]
HIDDEN_JOB = "__ASSET_JOB"
"""The job by which Dagster materializes what was picked in the UI, and backfills."""

ASK_AGAIN_AFTER = timedelta(minutes=10)
"""Days that a run could not finish are not asked for at every tick: it would fail as often."""

RUNS_A_TICK = 10
"""Days asked for at once; the rest come with the next ticks."""


def inbox_sensor(
    contract: Contract, partitions: dg.PartitionsDefinition[str]
) -> dg.SensorDefinition:
    """Ask for the days of files that are new in the inbox and no longer written to."""

    @dg.sensor(
        name=f"inbox_{contract.dataset}",
        job_name=load_name(contract),
        minimum_interval_seconds=10,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Follows the inbox folder for files named {contract.files}.",
    )
    def follow_inbox(
        context: dg.SensorEvaluationContext,
        warehouse: dg.ResourceParam[Warehouse],
        inbox: dg.ResourceParam[Inbox],
    ) -> Tick:
        if running := _in_flight(context.instance, contract):
            return dg.SkipReason(f"Run {running} is at work; it takes what is there.")
        work = Work(warehouse, contract, [], "sensor", utc_now)
        found = settled_files(work, inbox)
        prepare(warehouse, contract)
        with warehouse.transaction() as tx:
            known = known_files(tx, contract.dataset)
        new = [f for f in found if (f.path, f.size, f.modified_at_ns) not in known]
        days = {_day_to_ask_for(file, partitions) for file in new}
        return _ask_for(sorted(days), f"{len(new)} new of {len(found)} files in {inbox.folder}")

    return follow_inbox


def backlog_sensor(
    contract: Contract, partitions: dg.PartitionsDefinition[str]
) -> dg.SensorDefinition:
    """Ask for the days on which work was begun and is not done, once it can be done."""

    @dg.sensor(
        name=f"backlog_{contract.dataset}",
        job_name=load_name(contract),
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Takes up what a kill, an outage or a refused run has left to do.",
    )
    def take_up_backlog(
        context: dg.SensorEvaluationContext,
        warehouse: dg.ResourceParam[Warehouse],
        enrichers: dg.ResourceParam[OpenEnricher],
    ) -> Tick:
        report_dead_runs(context.instance)
        if running := _in_flight(context.instance, contract):
            return dg.SkipReason(f"Run {running} is at work.")
        prepare(warehouse, contract)
        with warehouse.transaction() as tx:
            left = days_left(tx, contract)
        # A day before a TXCAT_FIRST_DAY that was raised cannot be asked for.
        days = [day for day in left if partitions.has_partition_key(day.isoformat())]
        if days and (problem := _service_problem(contract, enrichers)):
            return dg.SkipReason(f"{len(days)} days have work left. {problem}")
        asked = f"{len(days)} days have work left, {min(days, default='none')} first"
        if (at := _asked_at(context.cursor, asked)) and utc_now() - at < ASK_AGAIN_AFTER:
            return dg.SkipReason(f"{asked}; asked at {at}, and again {ASK_AGAIN_AFTER} later.")
        return _ask_for(days, f"{utc_now().isoformat(timespec='seconds')}: {asked}")

    return take_up_backlog


def checks_sensor(contract: Contract) -> dg.SensorDefinition:
    """Ask for the checks of the days that were touched since they last ran, once all is quiet."""

    @dg.sensor(
        name=f"checks_{contract.dataset}",
        job_name=check_name(contract),
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Runs the checks soon after records came, for whole days.",
    )
    def run_checks(
        context: dg.SensorEvaluationContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> Tick:
        if running := _in_flight(context.instance, contract):
            return dg.SkipReason(f"Run {running} is at work.")
        prepare(warehouse, contract)
        with warehouse.transaction() as tx:
            days = unchecked_days(tx, contract.dataset, schemas(contract))
        if not days:
            return dg.SkipReason("No day was touched since the checks last ran.")
        return dg.SensorResult(
            [dg.RunRequest()], cursor=f"{len(days)} days to check, {days[0]} to {days[-1]}"
        )

    return run_checks


def _asked_at(cursor: str | None, asked: str) -> datetime | None:
    """When the very same was asked for the last time, by the cursor."""
    at, _, before = (cursor or "").partition(": ")
    return datetime.fromisoformat(at) if before == asked else None


def _day_to_ask_for(file: SeenFile, partitions: dg.PartitionsDefinition[str]) -> date:
    """The day in the file's name; today where there is none, or one that today's run refuses."""
    day = day_in_name(Path(file.path).name)
    return day if day and partitions.has_partition_key(day.isoformat()) else utc_now().date()


def _ask_for(days: Sequence[date], why: str) -> Tick:
    if not days:
        return dg.SkipReason(f"Nothing to do: {why}.")
    requests = [dg.RunRequest(partition_key=day.isoformat()) for day in days[:RUNS_A_TICK]]
    return dg.SensorResult(requests, cursor=why)


def _service_problem(contract: Contract, enrichers: OpenEnricher) -> str:
    """Why a service of the dataset's stages cannot answer now; empty when all can."""
    for stage in contract.stages:
        try:
            with enrichers(contract, stage) as enricher:
                enricher.version()
        except TransientError as error:
            return str(error)
    return ""


def _in_flight(instance: dg.DagsterInstance, contract: Contract) -> str | None:
    # By status alone, then by name: Dagster's storage has an index on the status.
    runs = instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))
    return next((run.run_id[:8] for run in runs if _is_of(run, contract)), None)


def _is_of(run: dg.DagsterRun, contract: Contract) -> bool:
    """Whether a run works on a dataset: by one of its jobs, or by assets picked in the UI."""
    if run.job_name != HIDDEN_JOB:
        return run.job_name in (load_name(contract), check_name(contract))
    picked = run.asset_selection
    return picked is None or any(key.path[-1] == contract.dataset for key in picked)
