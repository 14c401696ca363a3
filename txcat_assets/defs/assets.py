"""The assets of a dataset, made from its contract: raw, validated, quarantined, stages and marts.

Each asks the ledger what is left of its days, works it by the functions in `stages`, and reports.
To materialize a day means to bring it up to date; nothing that is up to date is touched. A mart has
no partitions, for its rows belong to no day of arrival: each run of its dataset brings it up to
date, last of all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import dagster as dg

from txcat_assets.clock import utc_now
from txcat_assets.connections import OpenEnricher, OpenMart
from txcat_assets.contracts.marts import Mart
from txcat_assets.contracts.model import Contract, Policy, Stage
from txcat_assets.defs.columns import columns_of, dictionary_place, lineage_of
from txcat_assets.defs.materialization import materialization
from txcat_assets.defs.runs import (
    OF_TOPIC,
    LandConfig,
    WorkConfig,
    fail_on,
    foreseen_trouble,
    work_of,
)
from txcat_assets.stages.arrivals import Inbox, register_inbox
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.land import land_files
from txcat_assets.stages.land_topic import KafkaDoor, land_topic
from txcat_assets.stages.loop import refresh
from txcat_assets.stages.marts import update_mart
from txcat_assets.stages.validate import STAGE, validate
from txcat_assets.stages.work import Progress, Work
from txcat_assets.warehouse.databases.interface import Warehouse


@dataclass(frozen=True)
class Doors:
    """Where records come in: the inbox for files, and Kafka."""

    inbox: Inbox
    kafka: KafkaDoor


def dataset_assets(
    contract: Contract, days: dg.PartitionsDefinition[str]
) -> list[dg.AssetsDefinition]:
    """All assets of a dataset, on the daily partitions `days`."""
    return [
        _raw(contract, days),
        _validated(contract, days),
        *(_stage(contract, stage, days) for stage in contract.stages),
        *(_mart(contract, mart) for mart in contract.marts),
    ]


def _raw(contract: Contract, days: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    landed = "Every record as it came, as text, each position once."

    @dg.multi_asset(
        name=f"raw_{contract.dataset}",
        specs=[_spec(contract, "raw", landed, [])],
        partitions_def=days,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def raw(
        context: dg.AssetExecutionContext,
        config: LandConfig,
        warehouse: dg.ResourceParam[Warehouse],
        doors: dg.ResourceParam[Doors],
        progress: dg.ResourceParam[Progress],
    ) -> Iterator[dg.MaterializeResult[None]]:
        today = utc_now().date()  # decided once: a run that passes midnight keeps its day
        with work_of(context, contract, warehouse, progress) as work:
            register_inbox(work, doors.inbox)
            landed = land_files(work, doors.inbox)
            for problem in landed.problems:
                context.log.error(problem)
            figures: dict[str, float] = {**landed.figures}
            if config.follow_topic and today in work.days and doors.kafka.follows(contract):
                figures |= _from_topic(context, work, doors.kafka, config)
            yield materialization(context, work, "raw", figures)

    return raw


def _from_topic(
    context: dg.AssetExecutionContext, work: Work, kafka: KafkaDoor, config: LandConfig
) -> dict[str, float]:
    """Land what has come to the topic; the figures of it."""
    asked = {int(partition): end for partition, end in config.ends.items()}
    with foreseen_trouble({OF_TOPIC: work.contract.topic}):
        landed = land_topic(work, kafka, asked)
    for warning in landed.warnings:
        context.log.warning(warning)
    return landed.figures(work.now())


def _validated(contract: Contract, days: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    valid = {
        Policy.FIRST: "Every valid record, typed, one row per key: the earliest arrival of it.",
        Policy.LATEST: "Every version of a key, typed: each valid record that changes it. The "
        f"last of each is in current.{contract.dataset}.",
    }[contract.policy]
    rejected = "Every record that was set aside, whole, with all reasons why."

    @dg.multi_asset(
        name=f"validated_{contract.dataset}",
        specs=[
            _with_references(contract, _spec(contract, "validated", valid, ["raw"])),
            _with_references(contract, _spec(contract, "quarantined", rejected, ["raw"])),
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
                yield materialization(context, work, key.path[0], outcome.figures)

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
            yield materialization(context, work, stage.name, outcome.figures)

    return answered


def _mart(contract: Contract, mart: Mart) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=f"{mart.name}_{contract.dataset}",
        specs=[_spec(contract, mart.name, mart.description, ["validated"])],
        backfill_policy=dg.BackfillPolicy.single_run(),
        op_tags={"dagster/priority": "-1"},  # no stage waits for it
    )
    def update(
        context: dg.AssetExecutionContext,
        config: WorkConfig,
        warehouse: dg.ResourceParam[Warehouse],
        marts: dg.ResourceParam[OpenMart],
        progress: dg.ResourceParam[Progress],
    ) -> Iterator[dg.MaterializeResult[None]]:
        with work_of(context, contract, warehouse, progress, has_days=False) as work:
            computed = marts(contract, mart)
            outcome = update_mart(work, mart, computed, full_refresh=config.full_refresh)
            yield materialization(context, work, mart.name, outcome.figures)

    return update


def _with_references(contract: Contract, spec: dg.AssetSpec) -> dg.AssetSpec:
    """The spec with the datasets that records refer to upstream, of whatever days they are."""
    every_day = dg.AllPartitionMapping()
    referred = dict.fromkeys(reference.to.dataset for reference in contract.references)
    deps = [
        dg.AssetDep(dg.AssetKey(["validated", dataset]), partition_mapping=every_day)
        for dataset in referred
    ]
    return spec.replace_attributes(deps=[*spec.deps, *deps])


def _spec(contract: Contract, schema: str, what: str, upstream: Sequence[str]) -> dg.AssetSpec:
    """What the UI shows of the asset of a table, and what it is made from."""
    return dg.AssetSpec(
        key=[schema, contract.dataset],
        deps=[dg.AssetKey([stage, contract.dataset]) for stage in upstream],
        description=f"{what}\n\n{contract.description}",
        group_name=schema,
        owners=[contract.owner],
        kinds={"polars"} | ({"pandera"} if schema == "validated" else set()),
        tags={"dataset": contract.dataset},
        metadata={
            "dagster/column_schema": columns_of(contract, schema),
            "dagster/column_lineage": lineage_of(contract, schema),
            "dagster/table_name": f"{schema}.{contract.dataset}",
            "data dictionary": dictionary_place(schema, contract.dataset),
        },
    )
