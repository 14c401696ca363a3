"""What starts runs without a hand: new files, work left over, checks that are due.

The ledger decides what a run does; a sensor only asks for days. One that is lost, late or doubled
can neither lose nor double a record.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import dagster as dg

from txcat_assets.clock import utc_now
from txcat_assets.connections import OpenEnricher
from txcat_assets.contracts.model import Contract
from txcat_assets.defs.assets import Doors
from txcat_assets.defs.at_work import ARRIVALS_FIRST, days_of, in_words, loads
from txcat_assets.defs.jobs import Job, check_name, landing_config, load_name, schemas
from txcat_assets.defs.ticks import Glance, Tick, Ticks
from txcat_assets.errors import TransientError
from txcat_assets.health import daemons
from txcat_assets.stages.arrivals import new_arrivals, settled_arrivals
from txcat_assets.stages.days_to_come import days_to_come
from txcat_assets.stages.days_to_come import in_words as in_words_to_come
from txcat_assets.stages.work import LOADING, Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.checked import unchecked_days
from txcat_assets.warehouse.ledger.objects import Arrival
from txcat_assets.warehouse.queries.figures import days_left
from txcat_assets.warehouse.schema.tables import prepare

ASK_AGAIN_AFTER = timedelta(minutes=10)
"""Days that a run could not finish are not asked for at every tick: it would fail as often."""

CHECK_DURING_FLOW_AFTER = timedelta(minutes=10)
"""Where a topic never rests the checks run all the same, so often."""

WAITING_SINCE = "waiting since "

RUNS_A_TICK = 10
"""Days of a dataset asked for at once; the rest come with the next ticks."""

Partitions = dg.PartitionsDefinition[str]


def inbox_sensor(
    contracts: Sequence[Contract], jobs: Sequence[Job], partitions: Partitions
) -> dg.SensorDefinition:
    """Ask for the days of files that are new in the inbox and no longer written to."""
    ticks = Ticks(contracts)

    @dg.sensor(
        name="inbox",
        jobs=jobs,
        minimum_interval_seconds=10,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Watches the inbox folder for files named as a dataset's files are.",
    )
    def watch_inbox(
        context: dg.SensorEvaluationContext,
        warehouse: dg.ResourceParam[Warehouse],
        doors: dg.ResourceParam[Doors],
    ) -> Tick:
        def look(at: Glance) -> Tick:
            work = Work(warehouse, at.contract, [], "sensor", utc_now)
            return _new_files(at, work, doors, partitions)

        return ticks.of(ticks.glances(context), look)

    return watch_inbox


def _new_files(at: Glance, work: Work, doors: Doors, partitions: Partitions) -> Tick:
    found = settled_arrivals(work, doors.inbox)
    prepare(work.warehouse, at.contract)
    new = new_arrivals(work, found)
    days = {_day_to_ask_for(file, partitions) for file in new}
    why = f"{len(new)} new of {len(found)} files in {doors.inbox.folder}"
    if days and not days - days_of(at.own_runs):
        return dg.SkipReason(f"{in_words(at.own_runs)}; it takes what is there: {why}.")
    return _ask_for(at.contract, sorted(days - days_of(at.own_runs)), why, ARRIVALS_FIRST)


def backlog_sensor(
    contracts: Sequence[Contract], jobs: Sequence[Job], partitions: Partitions
) -> dg.SensorDefinition:
    """Ask for the days on which work was begun and is not done, once it can be done."""
    ticks = Ticks(contracts)

    @dg.sensor(
        name="backlog",
        jobs=jobs,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Takes up what a kill, an outage or a refused run has left to do.",
    )
    def take_up_backlog(
        context: dg.SensorEvaluationContext,
        warehouse: dg.ResourceParam[Warehouse],
        enrichers: dg.ResourceParam[OpenEnricher],
    ) -> Tick:
        def is_partition(day: date) -> bool:
            return partitions.has_partition_key(day.isoformat())

        def look(at: Glance) -> Tick:
            problem = lambda: _service_problem(at.contract, enrichers)  # noqa: E731
            return _left_over(at, warehouse, is_partition, problem)

        if several := daemons.in_words(Path(context.instance.root_directory)):
            context.log.warning(several)
        return ticks.of(ticks.glances(context), look)

    return take_up_backlog


def _left_over(
    at: Glance,
    warehouse: Warehouse,
    is_partition: Callable[[date], bool],
    service_problem: Callable[[], str],
) -> Tick:
    contract, runs = at.contract, loads(at.runs, at.contract)
    prepare(warehouse, contract)
    with warehouse.claim(contract.dataset, LOADING) as nobody_loads:
        if not nobody_loads:
            return dg.SkipReason("`txcat load` is at work; it does what it has registered.")
        # Asked after the runs: what a run ends between the two is no longer left.
        with warehouse.transaction() as tx:
            left = days_left(tx, contract)
    to_come = in_words_to_come(contract.dataset, days_to_come(left, utc_now().date()))
    # A day before a TXCAT_FIRST_DAY that was raised cannot be asked for.
    days = [day for day in left if is_partition(day) and day not in days_of(runs)]
    if not days and runs:
        return dg.SkipReason(f"{in_words(runs)}; no other day has work left. {to_come}")
    if days and (problem := service_problem()):
        return dg.SkipReason(f"{len(days)} days have work left. {problem} {to_come}")
    asked = f"{len(days)} days have work left, {min(days, default='none')} first"
    if (before := _asked_at(at.seen, asked)) and utc_now() - before < ASK_AGAIN_AFTER:
        return dg.SkipReason(
            f"{asked}; asked at {before}, and again {ASK_AGAIN_AFTER} later. {to_come}"
        )
    why = f"{utc_now().isoformat(timespec='seconds')}: {asked}"
    return _ask_for(contract, days, why) if days else dg.SkipReason(f"{asked}. {to_come}")


def checks_sensor(contracts: Sequence[Contract], jobs: Sequence[Job]) -> dg.SensorDefinition:
    """Ask for the checks of the days that were touched since they last ran, once all is quiet."""
    ticks = Ticks(contracts)

    @dg.sensor(
        name="checks",
        jobs=jobs,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Runs the checks soon after records came, for whole days.",
    )
    def run_checks(
        context: dg.SensorEvaluationContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> Tick:
        return ticks.of(ticks.glances(context), lambda at: _checks_due(at, warehouse))

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


def _checks_due(at: Glance, warehouse: Warehouse) -> Tick:
    contract, loading = at.contract, loads(at.runs, at.contract)
    if checking := [run for run in at.runs if run not in loading]:
        return dg.SkipReason(f"{in_words(checking)}; it speaks for what is there.")
    prepare(warehouse, contract)
    with warehouse.transaction() as tx:
        days = unchecked_days(tx, contract.dataset, schemas(contract))
    if not days and not _is_shown_unchecked(at.instance, contract):
        return dg.SkipReason("No day was touched since the checks last ran.")
    since = _waiting_since(at.seen)
    if loading and utc_now() - since < CHECK_DURING_FLOW_AFTER:
        words = f"{in_words(loading)}; the checks wait until it is quiet."
        return dg.SensorResult(skip_reason=words, cursor=f"{WAITING_SINCE}{since}")
    span = f"{days[0]} to {days[-1]}" if days else "for a run that changed nothing"
    request = dg.RunRequest(job_name=check_name(contract))
    return dg.SensorResult([request], cursor=f"{len(days)} days to check, {span}")


def _waiting_since(seen: str) -> datetime:
    """Since when the checks wait for a quiet moment, by what was seen; else from now on."""
    before, _, since = seen.partition(WAITING_SINCE)
    return (
        utc_now().replace(microsecond=0) if before or not since else datetime.fromisoformat(since)
    )


def _asked_at(seen: str, asked: str) -> datetime | None:
    """When the very same was asked for the last time, by what was seen."""
    at, _, before = seen.partition(": ")
    return datetime.fromisoformat(at) if before == asked else None


def _day_to_ask_for(file: Arrival, partitions: Partitions) -> date:
    """The file's day, or today where that is no partition: today's run then sets it aside."""
    is_one = partitions.has_partition_key(file.day.isoformat())
    return file.day if is_one else utc_now().date()


def _ask_for(
    contract: Contract, days: Sequence[date], why: str, tags: Mapping[str, str] | None = None
) -> Tick:
    if not days:
        return dg.SkipReason(f"Nothing to do: {why}.")
    # These runs need no Kafka, so its trouble does not hold up what files have brought.
    config = landing_config(contract, follow_topic=False)
    requests = [
        dg.RunRequest(
            job_name=load_name(contract),
            partition_key=day.isoformat(),
            run_config=config,
            tags=tags or {},
        )
        for day in days[:RUNS_A_TICK]
    ]
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
