"""The assets of a dataset, made from its contract: raw, validated and quarantined, and its stages.

Each asks the ledger what is left of its days, works it by the functions in `stages`, and reports.
To materialize a day means to bring it up to date; nothing that is up to date is touched.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

import dagster as dg

from txcat_assets.contracts.model import Contract, Stage
from txcat_assets.defs.columns import columns_of, lineage_of
from txcat_assets.defs.reports import report
from txcat_assets.defs.runs import WorkConfig, fail_on, work_of
from txcat_assets.stages.enrich import Enricher, enrich
from txcat_assets.stages.land import Inbox, land_files, register_inbox
from txcat_assets.stages.loop import refresh
from txcat_assets.stages.validate import STAGE, validate
from txcat_assets.stages.work import Progress
from txcat_assets.warehouse.interface import Warehouse

OpenEnricher = Callable[[Contract, Stage], AbstractContextManager[Enricher]]
"""Opens what answers for a stage; it is closed when the stage's work ends."""


def dataset_assets(
    contract: Contract, days: dg.PartitionsDefinition[str]
) -> list[dg.AssetsDefinition]:
    """All assets of a dataset, on the daily partitions `days`."""
    return [
        _raw(contract, days),
        _validated(contract, days),
        *(_stage(contract, stage, days) for stage in contract.stages),
    ]


def _raw(contract: Contract, days: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=f"raw_{contract.dataset}",
        specs=[_spec(contract, "raw", "Every record as it came, as text, each position once.", [])],
        partitions_def=days,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def raw(
        context: dg.AssetExecutionContext,
        config: WorkConfig,  # noqa: ARG001 - so that one run config fits all assets
        warehouse: dg.ResourceParam[Warehouse],
        inbox: dg.ResourceParam[Inbox],
        progress: dg.ResourceParam[Progress],
    ) -> Iterator[dg.MaterializeResult[None]]:
        with work_of(context, contract, warehouse, progress) as work:
            register_inbox(work, inbox)
            landed = land_files(work)
            for problem in landed.problems:
                context.log.error(problem)
            yield report(context, work, "raw", landed.figures)

    return raw


def _validated(contract: Contract, days: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    valid = "Every valid record, typed, one row per key: the earliest arrival of it."
    rejected = "Every record that was set aside, whole, with all reasons why."

    @dg.multi_asset(
        name=f"validated_{contract.dataset}",
        specs=[
            _spec(contract, "validated", valid, ["raw"]),
            _spec(contract, "quarantined", rejected, ["raw"]),
        ],
        can_subset=True,  # one work, whichever of the two was picked
        partitions_def=days,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def validated(
        context: dg.AssetExecutionContext,
        config: WorkConfig,
        warehouse: dg.ResourceParam[Warehouse],
        progress: dg.ResourceParam[Progress],
    ) -> Iterator[dg.MaterializeResult[None]]:
        with work_of(context, contract, warehouse, progress) as work:
            if config.full_refresh:
                refresh(work, STAGE)
            outcome = validate(work)
            fail_on(outcome.problems, "Not every slice could be judged; run the days again.")
            for key in sorted(context.selected_asset_keys):
                yield report(context, work, key.path[0], outcome.figures)

    return validated


def _stage(
    contract: Contract, stage: Stage, days: dg.PartitionsDefinition[str]
) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=f"{stage.name}_{contract.dataset}",
        specs=[_spec(contract, stage.name, stage.description, ["validated"])],
        partitions_def=days,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def answered(
        context: dg.AssetExecutionContext,
        config: WorkConfig,
        warehouse: dg.ResourceParam[Warehouse],
        enrichers: dg.ResourceParam[OpenEnricher],
        progress: dg.ResourceParam[Progress],
    ) -> Iterator[dg.MaterializeResult[None]]:
        with work_of(context, contract, warehouse, progress) as work:
            if config.full_refresh:
                refresh(work, stage.name)
            with enrichers(contract, stage) as enricher:
                outcome = enrich(work, stage, enricher)
            fail_on(outcome.problems, "Records are left pending; what was answered is kept.")
            yield report(context, work, stage.name, outcome.figures)

    return answered


def _spec(contract: Contract, schema: str, what: str, upstream: Sequence[str]) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=[schema, contract.dataset],
        deps=[dg.AssetKey([stage, contract.dataset]) for stage in upstream],
        description=f"{what}\n\n{contract.description}",
        group_name=schema,
        owners=[contract.owner],
        kinds={"polars", "duckdb"} | ({"pandera"} if schema == "validated" else set()),
        tags={"dataset": contract.dataset},
        metadata={
            "dagster/column_schema": columns_of(contract, schema),
            "dagster/column_lineage": lineage_of(contract, schema),
            "dagster/table_name": f"{schema}.{contract.dataset}",
        },
    )
