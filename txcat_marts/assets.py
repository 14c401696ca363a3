"""The models of dbt as assets beside those of txcat, their tests as checks, and who asks for them.

What is done is in `txcat_marts.update`; what a model reads is upstream of it, so that the graph
leads from the file to the mart.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets
from dagster_dbt.asset_utils import get_asset_check_key_for_test

from txcat_assets.clock import utc_now
from txcat_assets.defs.at_work import unfinished_runs
from txcat_assets.defs.processes import name_process
from txcat_assets.defs.runs import WorkConfig, fail_on, foreseen_trouble
from txcat_assets.errors import TransientError
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_marts.dbt_run import Dbt, NodeResult
from txcat_marts.manifest import manifest
from txcat_marts.update import MartsOutcome, due_marts, update_marts

MARTS = "marts"
"""The first part of the keys of marts, their group, and the name of their job and sensor."""

AGAIN_AFTER = timedelta(minutes=10)
"""What has failed, as a model whose SQL is wrong, is not asked for at once."""


class Names(DagsterDbtTranslator):
    """How models are called in Dagster: by the schema of their tables, then their names."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """`marts/daily_sales`; of a source the asset of txcat that holds it."""
        if dbt_resource_props["resource_type"] == "model":
            return dg.AssetKey([MARTS, dbt_resource_props["name"]])
        return super().get_asset_key(dbt_resource_props)

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:  # noqa: ARG002
        """One group for all."""
        return MARTS

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """What one row is; the SQL stands in the project."""
        return str(dbt_resource_props.get("description", ""))


NAMES = Names(
    # The current versions of a dataset and all of them are two sources, and one asset.
    DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True)
)


def marts_assets() -> dg.AssetsDefinition:
    """Every model that is a table or a view, with its tests."""

    @dbt_assets(manifest=manifest(), dagster_dbt_translator=NAMES, name="make_marts")
    def make(
        context: dg.AssetExecutionContext, config: WorkConfig, dbt: dg.ResourceParam[Dbt]
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        name_process(context.instance, context.run)
        selected = context.selected_asset_keys
        with foreseen_trouble():
            names = sorted(key.path[-1] for key in selected)
            outcome = update_marts(dbt, names, full_refresh=config.full_refresh)
        if outcome.is_left_to_others:
            context.log.info("Another run is making the marts, and takes what is noted.")
        elif not outcome.due:
            context.log.info("Nothing has changed of what these marts are made of.")
        yield from _events(context, outcome)
        fail_on(outcome.problems, "The other marts are made.")

    return make


def _events(
    context: dg.AssetExecutionContext, outcome: MartsOutcome
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """What dbt made and found, as far as it was selected."""
    for result in outcome.results:
        if result.unique_id.startswith("model."):
            name = result.unique_id.rpartition(".")[2]
            asset = dg.AssetKey([MARTS, name])
            if result.status == "success" and asset in context.selected_asset_keys:
                shown = {"due": outcome.due.get(name), "groups worked": outcome.groups.get(name)}
                yield dg.MaterializeResult(
                    asset_key=asset,
                    metadata={
                        **{what: value for what, value in shown.items() if value is not None},
                        "seconds": round(result.seconds, 3),
                    },
                )
        elif (check := _check_key(result)) and check in context.selected_asset_check_keys:
            yield _found(result, check)


def _check_key(result: NodeResult) -> dg.AssetCheckKey | None:
    """The check that a test of dbt is; none where it was skipped, as its model was not made."""
    if result.status == "skipped":
        return None
    return get_asset_check_key_for_test(manifest(), NAMES, result.unique_id, project=None)


def _found(result: NodeResult, key: dg.AssetCheckKey) -> dg.AssetCheckResult:
    levels = dg.AssetCheckSeverity
    return dg.AssetCheckResult(
        passed=result.is_well,
        asset_key=key.asset_key,
        check_name=key.name,
        severity=levels.WARN if result.status == "warn" else levels.ERROR,
        metadata={
            "rows that break it": result.failures,
            "words": dg.MetadataValue.text(result.words),
        },
    )


def marts_job() -> Any:
    """Bring all marts up to date."""
    return dg.define_asset_job(
        MARTS,
        selection=dg.AssetSelection.groups(MARTS),
        description="Brings the marts of dbt up to date: what has changed is computed anew.",
    )


def marts_sensor(job: Any) -> dg.SensorDefinition:
    """Ask for the marts soon after something that they are made of has changed."""

    @dg.sensor(
        name=MARTS,
        job=job,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Asks for the marts of dbt once something that they are made of has changed.",
    )
    def watch_marts(
        context: dg.SensorEvaluationContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> dg.SensorResult | dg.SkipReason:
        if any(run.job_name == MARTS for run in unfinished_runs(context.instance)):
            return dg.SkipReason("A run of the marts is not over.")
        if _has_failed_lately(context.instance):
            return dg.SkipReason("The last run of the marts failed; it is asked for again later.")
        return _asked_for(warehouse)

    return watch_marts


def _asked_for(warehouse: Warehouse) -> dg.SensorResult | dg.SkipReason:
    try:
        due = due_marts(warehouse)
    except TransientError as trouble:
        return dg.SkipReason(str(trouble))
    if not due:
        return dg.SkipReason("Nothing has changed.")
    return dg.SensorResult([dg.RunRequest()], cursor=f"due: {', '.join(sorted(due))}")


def _has_failed_lately(instance: dg.DagsterInstance) -> bool:
    last = instance.get_run_records(dg.RunsFilter(job_name=MARTS), limit=1)
    if not last or last[0].dagster_run.status is not dg.DagsterRunStatus.FAILURE:
        return False
    ended = datetime.fromtimestamp(last[0].end_time or 0, UTC).replace(tzinfo=None)
    return utc_now() - ended < AGAIN_AFTER
