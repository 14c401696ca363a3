"""A whole installation of txcat in a test's folder: real runs, a real warehouse, a real inbox.

Only its Dagster instance is kept in memory. What the records are is in `records`.
"""

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)

from txcat_assets.contracts.model import Contract
from txcat_assets.definitions import build_definitions
from txcat_assets.defs.ticks import SEEN
from txcat_assets.settings import Settings
from txcat_assets.warehouse.connect import connect
from txcat_assets.warehouse.databases.interface import Warehouse

START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


@dataclass
class Installation:
    """Settings, and a Dagster instance in memory; `contracts` and `resources` replace the usual."""

    settings: Settings
    instance: dg.DagsterInstance
    contracts: Mapping[str, Contract] | None = None
    resources: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def definitions(self) -> dg.Definitions:
        """All that Dagster knows of this installation."""
        return build_definitions(self.settings, self.contracts, self.resources)

    @property
    def warehouse(self) -> Warehouse:
        """The warehouse, to look into or to spoil by hand."""
        return connect(self.settings.warehouse, 10, 60)

    def put(self, name: str, text: str | bytes, *, age_seconds: float = 3600) -> Path:
        """A file in the inbox that was last written to so long ago."""
        path = self.settings.inbox_folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        written_at = time.time() - age_seconds
        os.utime(path, (written_at, written_at))
        return path

    def load(
        self, first: str, last: str | None = None, *, full_refresh: bool = False, **options: Any
    ) -> dg.ExecuteInProcessResult:
        """Run the load job of transactions on a day, or on a range of days as one run."""
        nodes = ("validated_transactions", "categorized_transactions")
        ops = {node: {"config": {"full_refresh": True}} for node in nodes if full_refresh}
        return self.load_days("transactions", first, last, run_config={"ops": ops}, **options)

    def load_days(
        self, dataset: str, first: str, last: str | None = None, **options: Any
    ) -> dg.ExecuteInProcessResult:
        """Run the load job of a dataset on a day, or on a range of days as one run."""
        days: dict[str, Any] = (
            {"tags": {START: first, END: last}} if last else {"partition_key": first}
        )
        return self.run(f"load_{dataset}", **days, **options)

    def check(self, *days: str, **options: Any) -> dict[str, dg.AssetCheckEvaluation]:
        """Run the checks in their job, for some days or those due; what each said, by its name."""
        job = self.definitions.resolve_job_def("check_transactions")
        ops = {node.name: {"config": {"days": list(days)}} for node in job.nodes}
        done = self.run("check_transactions", run_config={"ops": ops}, **options)
        found = said_by(done)
        assert done.success == (not has_error(found))
        return found

    def materialize(self, day: str, **options: Any) -> dg.ExecuteInProcessResult:
        """What the button Materialize does: assets with their checks, in the hidden job."""
        return self.run("__ASSET_JOB", partition_key=day, **options)

    def run(self, job: str, **options: Any) -> dg.ExecuteInProcessResult:
        """Run a job; a failure is in the result."""
        definition = self.definitions.resolve_job_def(job)
        return definition.execute_in_process(
            instance=self.instance, raise_on_error=False, **options
        )

    def begin(
        self,
        job: str,
        status: dg.DagsterRunStatus,
        tags: Mapping[str, str],
        picked: str | None = None,
    ) -> dg.DagsterRun:
        """An unfinished run as Dagster knows it; of all assets, or of one that was picked."""
        place = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("txcat"), "__repository__")
        return self.instance.create_run_for_job(
            self.definitions.resolve_job_def(job),
            status=status,
            tags=dict(tags),
            asset_selection=frozenset({dg.AssetKey(picked.split("/"))}) if picked else None,
            remote_job_origin=RemoteJobOrigin(place, job),
        )

    def tick(self, sensor: str, seen: str = "", dataset: str = "transactions") -> dg.SensorResult:
        """Evaluate a sensor of all datasets once, after it has seen that of this one.

        What it asks for and has seen of this dataset; why it skipped, of all.
        """
        found = self.evaluate(sensor, json.dumps({SEEN: {dataset: seen}}))
        if isinstance(found, dg.SkipReason):
            return dg.SensorResult(skip_reason=found)
        jobs = (f"load_{dataset}", f"check_{dataset}")
        requests = [one for one in found.run_requests or [] if one.job_name in jobs]
        seen = json.loads(found.cursor or "{}").get(SEEN, {}).get(dataset, "")
        return dg.SensorResult(requests, skip_reason=found.skip_reason, cursor=seen)

    def evaluate(self, sensor: str, cursor: str | None = None) -> dg.SensorResult | dg.SkipReason:
        """Evaluate a sensor once, as the daemon does."""
        context = dg.build_sensor_context(
            self.instance,
            cursor,
            definitions=self.definitions,
            resources=dict(self.definitions.resources or {}),
            sensor_name=sensor,
        )
        with context:
            found = self.definitions.resolve_sensor_def(sensor)(context)
        assert isinstance(found, dg.SensorResult | dg.SkipReason)
        return found

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query on the warehouse."""
        with self.warehouse.transaction() as tx:
            return tx.rows(sql, **values)

    def spoil(self, sql: str) -> None:
        """Change the warehouse behind everybody's back."""
        with self.warehouse.transaction() as tx:
            tx.run(sql)

    def everything(self) -> dict[str, pl.DataFrame]:
        """Every table of the warehouse, whole, by its name."""
        return everything_in(self.warehouse)


def everything_in(warehouse: Warehouse) -> dict[str, pl.DataFrame]:
    """Every table of a warehouse, whole, by its name; but for what the checks note."""
    with warehouse.transaction() as tx:
        names = tx.rows(
            "SELECT table_schema || '.' || table_name FROM information_schema.tables "
            "WHERE table_name NOT IN ('checked', 'failed_checks') ORDER BY 1"
        )
        return {name: tx.frame(f"SELECT * FROM {name} ORDER BY ALL") for (name,) in names}


def differing(before: Mapping[str, pl.DataFrame], after: Mapping[str, pl.DataFrame]) -> list[str]:
    """The names of the tables that are not the same."""
    names = sorted(before.keys() | after.keys())
    return [
        name
        for name in names
        if name not in before or name not in after or not before[name].equals(after[name])
    ]


def said_by(done: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    """What each check of a run said, by its name."""
    return {found.check_name: found for found in done.get_asset_check_evaluations()}


def has_error(found: Mapping[str, dg.AssetCheckEvaluation]) -> bool:
    """Whether a check failed with severity ERROR."""
    error = dg.AssetCheckSeverity.ERROR
    return any(not one.passed and one.severity is error for one in found.values())


def failure_of(done: dg.ExecuteInProcessResult) -> str:
    """Why the first failed step of a run failed, in our own words."""
    assert not done.success
    (first, *_) = [event for event in done.all_events if event.is_step_failure]
    failure = first.step_failure_data.user_failure_data
    return str(failure.description) if failure else str(first.step_failure_data.error)


def days_asked_for(tick: dg.SensorResult | dg.SkipReason) -> Sequence[str | None]:
    """The partitions of a tick's run requests; none when it skipped."""
    if isinstance(tick, dg.SkipReason):
        return []
    return [request.partition_key for request in tick.run_requests or []]


def today() -> date:
    """Today's day, UTC."""
    return date.fromisoformat(time.strftime("%Y-%m-%d", time.gmtime()))
