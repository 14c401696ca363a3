"""The asset of a mart: the validated records that stand out among all of the same entity.

It has no partitions: its rows belong to no day of arrival. It goes along with each run of its
dataset, last of all, and works only the entities that were touched since.
"""

from collections.abc import Callable

import dagster as dg

from txcat_assets.contracts.marts import Mart
from txcat_assets.contracts.model import Contract
from txcat_assets.defs.assets import spec_of
from txcat_assets.defs.reports import report
from txcat_assets.defs.runs import WorkConfig, work_of
from txcat_assets.pipeline.computed import ComputedMart
from txcat_assets.stages.marts import update_mart
from txcat_assets.stages.work import Progress
from txcat_assets.warehouse.databases.interface import Warehouse

OpenMart = Callable[[Contract, Mart], ComputedMart]
"""Gives what says which records stand out, by the settings that the mart names."""


def mart_asset(contract: Contract, mart: Mart) -> dg.AssetsDefinition:
    """The mart of a dataset."""

    @dg.multi_asset(
        name=f"{mart.name}_{contract.dataset}",
        specs=[spec_of(contract, mart.name, mart.description, ["validated"])],
        backfill_policy=dg.BackfillPolicy.single_run(),
        op_tags={"dagster/priority": "-1"},  # no stage waits for it
    )
    def update(
        context: dg.AssetExecutionContext,
        config: WorkConfig,
        warehouse: dg.ResourceParam[Warehouse],
        marts: dg.ResourceParam[OpenMart],
        progress: dg.ResourceParam[Progress],
    ) -> dg.MaterializeResult[None]:
        with work_of(context, contract, warehouse, progress, has_days=False) as work:
            outcome = update_mart(
                work, mart, marts(contract, mart), full_refresh=config.full_refresh
            )
            outcome_of_run = {
                "entities updated": outcome.entities,
                "rows written": outcome.rows,
                "left to other runs": int(outcome.is_left_to_others),
            }
            return report(context, work, mart.name, outcome_of_run)

    return update
