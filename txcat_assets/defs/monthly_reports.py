"""A report in Dagster: an asset with a partition for each month that is over, and who asks for it.

A schedule asks for the month past on the 1st, a sensor for months that have changed since. What is
done is in `txcat_assets.stages.reports`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from txcat_assets.clock import utc_now
from txcat_assets.contracts.reports import ReportOf
from txcat_assets.defs.at_work import DAY, unfinished_runs
from txcat_assets.defs.columns import columns_of_report, lineage_of_report
from txcat_assets.defs.jobs import Job
from txcat_assets.defs.runs import work_of
from txcat_assets.defs.ticks import Glance, Tick, Ticks
from txcat_assets.report_files import Summary
from txcat_assets.stages.reports import make_report, touched_months
from txcat_assets.stages.work import Progress
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.tables import prepare

REPORTS = "reports"
"""The first part of the keys of reports, and the name of the sensor that asks for them."""

MONTHS_A_TICK = 10
"""Months asked for at once; the rest come with the next ticks."""

Months = dg.PartitionsDefinition[str]


def report_name(of: ReportOf) -> str:
    """The name of the job that makes a report."""
    return f"report_{of.name}"


def report_asset(of: ReportOf, months: Months) -> dg.AssetsDefinition:
    """The report of a dataset, month by month."""

    @dg.multi_asset(
        name=f"make_{of.name}",
        specs=[_spec(of)],
        partitions_def=months,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def make(
        context: dg.AssetExecutionContext,
        warehouse: dg.ResourceParam[Warehouse],
        progress: dg.ResourceParam[Progress],
        reports_folder: dg.ResourceParam[Path],
    ) -> dg.MaterializeResult[None]:
        with work_of(context, of.contract, warehouse, progress) as work:
            for month in work.days:
                made = make_report(work, of, month, reports_folder)
                shown = _shown(made, reports_folder / of.name)
                context.add_asset_metadata(shown, partition_key=month.isoformat())
        return dg.MaterializeResult()

    return make


def _spec(of: ReportOf) -> dg.AssetSpec:
    validated = dg.AssetKey(["validated", of.contract.dataset])
    return dg.AssetSpec(
        dg.AssetKey([REPORTS, of.name]),
        # A month of the event time is made from records of any day of arrival.
        deps=[dg.AssetDep(validated, partition_mapping=dg.AllPartitionMapping())],
        description=of.report.description,
        group_name=REPORTS,
        kinds={"csv"},
        owners=[of.contract.owner],
        metadata={
            "dagster/column_schema": columns_of_report(of),
            "dagster/column_lineage": lineage_of_report(of),
        },
    )


def _shown(made: Summary, folder: Path) -> Mapping[str, Any]:
    last = made.last
    of_changes = {
        "rows added": last.changes.added,
        "rows removed": last.changes.removed,
        "rows changed": last.changes.changed,
        "changes": dg.MetadataValue.path(folder / last.changes.file),
    } if last.changes else {}  # fmt: skip
    return {
        "dagster/row_count": last.rows,
        "version": last.revision,
        "restated": made.restated,
        "file": dg.MetadataValue.path(folder / last.file),
        **of_changes,
    }


def report_job(of: ReportOf) -> Job:
    """Make the report of some months."""
    return dg.define_asset_job(
        report_name(of),
        selection=dg.AssetSelection.assets(dg.AssetKey([REPORTS, of.name])),
        description=f"Make {of.name} of a month; where nothing has changed, nothing is written.",
    )


def report_schedule(of: ReportOf) -> dg.ScheduleDefinition:
    """On the 1st, ask for the month past."""

    @dg.schedule(
        name=f"monthly_{of.name}",
        job_name=report_name(of),
        cron_schedule="0 1 1 * *",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Makes {of.name} of the month past, on the 1st at 01:00 UTC.",
    )
    def ask_for_the_month_past(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        last_day = context.scheduled_execution_time.date().replace(day=1) - timedelta(days=1)
        month = last_day.replace(day=1).isoformat()
        return dg.RunRequest(partition_key=month, run_key=month)

    return ask_for_the_month_past


def report_sensor(
    reports: Sequence[ReportOf], jobs: Sequence[Job], months: Months
) -> dg.SensorDefinition:
    """Ask for the months that changed since a report of them was made."""
    ticks = Ticks([*{of.contract.dataset: of.contract for of in reports}.values()])

    @dg.sensor(
        name=REPORTS,
        jobs=jobs,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Asks for reports of months with late, corrected or promoted records.",
    )
    def watch_months(
        context: dg.SensorEvaluationContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> Tick:
        def look(at: Glance) -> Tick:
            mine = [of for of in reports if of.contract == at.contract]
            return _touched(at, warehouse, mine, months)

        return ticks.of(ticks.glances(context), look)

    return watch_months


def _touched(at: Glance, warehouse: Warehouse, reports: Sequence[ReportOf], months: Months) -> Tick:
    prepare(warehouse, at.contract)
    with warehouse.transaction() as tx:
        touched = [(of, month.isoformat()) for of in reports for month in touched_months(tx, of)]
    over = [(of, month) for of, month in touched if months.has_partition_key(month)]
    asked = {(run.job_name, run.tags.get(DAY)) for run in unfinished_runs(at.instance)}
    due = [(of, month) for of, month in over if (report_name(of), month) not in asked]
    if not due:
        return dg.SkipReason(
            f"{len(touched)} months have changed since their report was made; of these "
            f"{len(over)} are over and within TXCAT_FIRST_DAY, and all of them are being made."
        )
    requests = [
        dg.RunRequest(
            job_name=report_name(of), partition_key=month, run_key=_run_key(of, month, utc_now())
        )
        for of, month in due[:MONTHS_A_TICK]
    ]
    return dg.SensorResult(requests, cursor=f"{len(over)} months to make, {due[0][1]} first")


def _run_key(of: ReportOf, month: str, at: datetime) -> str:
    """Once in ten minutes for each month: what fails, as on a full disk, is not asked for at once.

    Dagster starts one run of a key.
    """
    return f"{of.name} {month} {at:%Y-%m-%d %H}:{at.minute // 10}0"
