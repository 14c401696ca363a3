"""What starts runs without a hand: new files, work left over, checks that are due, dead runs.

The ledger decides what a run does; a sensor only asks for days. One that is lost, late or doubled
can neither lose nor double a record.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import dagster as dg

from txcat_assets.contracts.model import Contract
from txcat_assets.defs.assets import Doors, OpenEnricher
from txcat_assets.defs.jobs import check_name, landing_config, load_name, schemas
from txcat_assets.defs.runs import report_dead_runs, utc_now
from txcat_assets.errors import TransientError
from txcat_assets.stages.arrivals import new_arrivals, settled_arrivals
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.checked import unchecked_days
from txcat_assets.warehouse.ledger.objects import Arrival
from txcat_assets.warehouse.queries.figures import days_left
from txcat_assets.warehouse.schema.tables import prepare

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

CHECK_DURING_FLOW_AFTER = timedelta(minutes=10)
"""Where a topic never rests the checks run all the same, so often."""

WAITING = "waiting since "

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
    def watch_inbox(
        context: dg.SensorEvaluationContext,
        warehouse: dg.ResourceParam[Warehouse],
        doors: dg.ResourceParam[Doors],
    ) -> Tick:
        if running := loading_run(context.instance, contract):
            return dg.SkipReason(f"Run {running} is at work; it takes what is there.")
        work = Work(warehouse, contract, [], "sensor", utc_now)
        found = settled_arrivals(work, doors.inbox)
        prepare(warehouse, contract)
        new = new_arrivals(work, found)
        days = {_day_to_ask_for(file, partitions) for file in new}
        why = f"{len(new)} new of {len(found)} files in {doors.inbox.folder}"
        return _ask_for(contract, sorted(days), why)

    return watch_inbox


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
        if running := loading_run(context.instance, contract):
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
        return _ask_for(contract, days, f"{utc_now().isoformat(timespec='seconds')}: {asked}")

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
        if running := _run_of(context.instance, contract, check_name(contract)):
            return dg.SkipReason(f"Run {running} is at work.")
        prepare(warehouse, contract)
        with warehouse.transaction() as tx:
            days = unchecked_days(tx, contract.dataset, schemas(contract))
        if not days and not _is_shown_unchecked(context.instance, contract):
            return dg.SkipReason("No day was touched since the checks last ran.")
        since = _waiting_since(context.cursor)
        is_patient = utc_now() - since < CHECK_DURING_FLOW_AFTER
        if is_patient and (running := loading_run(context.instance, contract)):
            words = f"Run {running} is at work; the checks wait until it is quiet."
            return dg.SensorResult(skip_reason=words, cursor=f"{WAITING}{since}")
        span = f"{days[0]} to {days[-1]}" if days else "for a run that changed nothing"
        return dg.SensorResult([dg.RunRequest()], cursor=f"{len(days)} days to check, {span}")

    return run_checks


def _is_shown_unchecked(instance: dg.DagsterInstance, contract: Contract) -> bool:
    """Whether a run loaded the dataset after its checks last ran, be it without any change.

    The UI shows checks as not evaluated as soon as their asset is materialized anew.
    """
    loaded, checked = (
        instance.get_run_records(dg.RunsFilter(job_name=name), limit=1)
        for name in (load_name(contract), check_name(contract))
    )
    if not loaded or loaded[0].end_time is None:
        return False
    return not checked or (checked[0].start_time or 0) < loaded[0].end_time


def _waiting_since(cursor: str | None) -> datetime:
    """Since when the checks wait for a quiet moment, by the cursor; else from now on."""
    before, _, since = (cursor or "").partition(WAITING)
    return (
        utc_now().replace(microsecond=0) if before or not since else datetime.fromisoformat(since)
    )


def _asked_at(cursor: str | None, asked: str) -> datetime | None:
    """When the very same was asked for the last time, by the cursor."""
    at, _, before = (cursor or "").partition(": ")
    return datetime.fromisoformat(at) if before == asked else None


def _day_to_ask_for(file: Arrival, partitions: dg.PartitionsDefinition[str]) -> date:
    """The file's day, or today where that is no partition: today's run then sets it aside."""
    is_one = partitions.has_partition_key(file.day.isoformat())
    return file.day if is_one else utc_now().date()


def _ask_for(contract: Contract, days: Sequence[date], why: str) -> Tick:
    if not days:
        return dg.SkipReason(f"Nothing to do: {why}.")
    # These runs need no Kafka, so its trouble does not hold up what files have brought.
    config = landing_config(contract, follow_topic=False)
    requests = [dg.RunRequest(partition_key=d.isoformat(), run_config=config) for d in days]
    return dg.SensorResult(requests[:RUNS_A_TICK], cursor=why)


def _service_problem(contract: Contract, enrichers: OpenEnricher) -> str:
    """Why a service of the dataset's stages cannot answer now; empty when all can."""
    for stage in contract.stages:
        try:
            with enrichers(contract, stage) as enricher:
                enricher.version()
        except TransientError as error:
            return str(error)
    return ""


def loading_run(instance: dg.DagsterInstance, contract: Contract) -> str | None:
    """A run that brings days of the dataset up to date and has not ended, if there is one."""
    return _run_of(instance, contract, load_name(contract))


def _run_of(instance: dg.DagsterInstance, contract: Contract, job: str) -> str | None:
    # By status alone, then by name: Dagster's storage has an index on the status.
    runs = instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))
    return next((run.run_id[:8] for run in runs if _is_of(run, contract, job)), None)


def _is_of(run: dg.DagsterRun, contract: Contract, job: str) -> bool:
    """Whether a run is one of a job, or of assets of the dataset that were picked in the UI."""
    if run.job_name != HIDDEN_JOB:
        return run.job_name == job
    picked = run.asset_selection
    return picked is None or any(key.path[-1] == contract.dataset for key in picked)
