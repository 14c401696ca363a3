"""A report in Dagster: an asset with a partition for each month that is over, and who asks for it.

A schedule asks for the month past on the 1st, a sensor for months that have changed since. What is
done is in `txcat_assets.stages.reports`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from txcat_assets.clock import utc_now
from txcat_assets.contracts.reports import ReportOf
from txcat_assets.defs.at_work import DAY, UNFINISHED
from txcat_assets.defs.columns import columns_of_report, lineage_of_report
from txcat_assets.defs.runs import work_of
from txcat_assets.defs.ticks import Tick, Ticks
from txcat_assets.report_files import Summary
from txcat_assets.stages.reports import make_report, touched_months
from txcat_assets.stages.work import Progress
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.tables import prepare

if TYPE_CHECKING:  # as in `jobs`
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition as Job,
    )

REPORTS = "reports"
"""The first part of the keys of reports."""

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


def report_job(of: ReportOf) -> "Job":
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


def touched_months_sensor(of: ReportOf, months: Months) -> dg.SensorDefinition:
    """Ask for the months that changed since their report was made."""
    ticks = Ticks()

    @dg.sensor(
        name=f"touched_{of.name}",
        job_name=report_name(of),
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Asks for {of.name} of months with late, corrected or promoted records.",
    )
    def watch_months(
        context: dg.SensorEvaluationContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> Tick:
        return ticks.of(lambda: _touched(context, warehouse, of, months))

    return watch_months


def _touched(
    context: dg.SensorEvaluationContext, warehouse: Warehouse, of: ReportOf, months: Months
) -> Tick:
    prepare(warehouse, of.contract)
    with warehouse.transaction() as tx:
        touched = [month.isoformat() for month in touched_months(tx, of)]
    over = [month for month in touched if months.has_partition_key(month)]
    runs = context.instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))
    asked = {run.tags.get(DAY) for run in runs if run.job_name == report_name(of)}
    due = [month for month in over if month not in asked][:MONTHS_A_TICK]
    if not due:
        return dg.SkipReason(
            f"{len(touched)} months have changed since their report was made; of these "
            f"{len(over)} are over and within TXCAT_FIRST_DAY, and all of them are being made."
        )
    return dg.SensorResult(
        [dg.RunRequest(partition_key=month, run_key=_run_key(month, utc_now())) for month in due],
        cursor=f"{len(over)} months to make, {due[0]} first",
    )


def _run_key(month: str, at: datetime) -> str:
    """Once in ten minutes for each month: what fails, as on a full disk, is not asked for at once.

    Dagster starts one run of a key.
    """
    return f"{month} {at:%Y-%m-%d %H}:{at.minute // 10}0"
