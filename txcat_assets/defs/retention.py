"""Deletes old runs that no hand started, with all that Dagster would leave of them behind; and,
where the settings say so, the text of records that landed long ago.

A topic makes thousands of runs a day. What a run wrote stays in the warehouse, and the newest
record of each asset and partition stays in Dagster: only the way there is forgotten.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from txcat_assets.clock import utc_now
from txcat_assets.contracts.model import Contract
from txcat_assets.settings import Settings
from txcat_assets.stages.forget import forget_raw
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.tables import prepare

STARTED_BY = ("dagster/sensor_name", "dagster/schedule_name")
FINISHED = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]
RUNS_A_PAGE = 500
"""Runs that are looked at in one query."""


def retention(settings: Settings, contracts: Iterable[Contract]) -> dg.ScheduleDefinition:
    """Each hour, forget the runs of sensors and schedules older than TXCAT_RUNS_KEPT_HOURS.

    And what is older than TXCAT_RAW_KEPT_DAYS of raw, where that is set.
    """

    @dg.op(description=forget_runs.__doc__)
    def forget_old_runs(context: dg.OpExecutionContext) -> None:
        before = datetime.now(UTC) - timedelta(hours=settings.runs_kept_hours)
        forgotten = forget_runs(context.instance, before)
        checks = forget_checks(context.instance, before)
        context.add_output_metadata({"runs": forgotten, "check rows": checks})

    @dg.op(description=forget_raw.__doc__)
    def forget_old_raw(
        context: dg.OpExecutionContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> None:
        before = utc_now() - timedelta(days=settings.raw_kept_days or 0)
        forgotten = {}
        for contract in contracts:
            prepare(warehouse, contract)
            gone = forget_raw(warehouse, contract, before)
            forgotten[f"records of {contract.dataset}"] = gone.records
        context.add_output_metadata(forgotten)

    @dg.job(name="retention", description="Forgets old runs, and raw where it is kept for a time.")
    def retention_job() -> None:
        forget_old_runs()
        if settings.raw_kept_days:
            forget_old_raw()

    return dg.ScheduleDefinition(
        name="retention",
        job=retention_job,
        cron_schedule="17 * * * *",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Keeps the instance from growing without end.",
    )


def forget_runs(instance: dg.DagsterInstance, before: datetime) -> int:
    """Delete the finished runs of sensors and schedules from before a moment; how many.

    The run of the newest materialization of an asset and partition stays. Each run goes by itself,
    so a kill leaves the rest for the next time.
    """
    kept = _newest(instance)
    old = [run_id for run_id in _old_runs(instance, before) if run_id not in kept]
    for run_id in old:
        instance.delete_run(run_id)
        _delete_files(instance, run_id)
    return len(old)


def forget_checks(instance: dg.DagsterInstance, before: datetime) -> int:
    """Delete what checks said before a moment, but for the newest of each; how many rows.

    Dagster deletes these rows with no run, and has no word for it.
    """
    # Storages take 0.4 s to import, which every run would pay for.
    import sqlalchemy as sa  # noqa: PLC0415
    from dagster._core.storage.event_log import SqlEventLogStorage  # noqa: PLC0415
    from dagster._core.storage.event_log.schema import (  # noqa: PLC0415
        AssetCheckExecutionsTable,
    )

    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        return 0
    table = AssetCheckExecutionsTable
    newest = sa.select(sa.func.max(table.c.id)).group_by(table.c.asset_key, table.c.check_name)
    # The column keeps UTC without a zone.
    is_old = table.c.create_timestamp < before.astimezone(UTC).replace(tzinfo=None)
    with storage.index_connection() as connection:
        gone = connection.execute(sa.delete(table).where(is_old, table.c.id.not_in(newest)))
    return int(gone.rowcount)


def _old_runs(instance: dg.DagsterInstance, before: datetime) -> Iterator[str]:
    cursor: str | None = None
    old = dg.RunsFilter(statuses=FINISHED, created_before=before)
    while page := instance.get_runs(old, cursor=cursor, limit=RUNS_A_PAGE):
        yield from (run.run_id for run in page if _is_automatic(run.tags))
        cursor = page[-1].run_id


def _is_automatic(tags: Mapping[str, str]) -> bool:
    return any(tag in tags for tag in STARTED_BY)


def _newest(instance: dg.DagsterInstance) -> set[str]:
    """The runs of the newest materialization of each asset and partition."""
    return {
        record.event_log_entry.run_id
        for key in instance.get_asset_keys()
        for ids in _pages(_newest_ids(instance, key))
        for record in instance.fetch_materializations(
            dg.AssetRecordsFilter(key, storage_ids=ids), limit=len(ids)
        ).records
    }


def _newest_ids(instance: dg.DagsterInstance, key: dg.AssetKey) -> list[int]:
    found = instance.event_log_storage.get_latest_storage_id_by_partition(
        key, dg.DagsterEventType.ASSET_MATERIALIZATION
    )
    return sorted(found.values())


def _pages(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + RUNS_A_PAGE] for start in range(0, len(ids), RUNS_A_PAGE))


def _delete_files(instance: dg.DagsterInstance, run_id: str) -> None:
    """What Dagster leaves of a deleted run: its file of SQLite, and its folder of logs."""
    from dagster._core.storage.event_log.sqlite.sqlite_event_log import (  # noqa: PLC0415
        SqliteEventLogStorage,
    )
    from dagster._core.storage.local_compute_log_manager import (  # noqa: PLC0415
        LocalComputeLogManager,
    )

    storage, logs = instance.event_log_storage, instance.compute_log_manager
    if isinstance(storage, SqliteEventLogStorage):
        for path in Path(storage.path_for_shard(run_id)).parent.glob(f"{run_id}.db*"):
            path.unlink(missing_ok=True)
    if isinstance(logs, LocalComputeLogManager):
        logs.delete_logs(prefix=[run_id])
