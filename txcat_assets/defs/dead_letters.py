"""The asset that sends quarantined messages to a dead-letter topic, where one is set.

It has no table for readers: what was sent is in `ledger.dead_letters`.
"""

import dagster as dg

from txcat_assets.contracts.model import Contract
from txcat_assets.defs.assets import Doors
from txcat_assets.defs.jobs import DEAD_LETTERS
from txcat_assets.defs.runs import WorkConfig, work_of
from txcat_assets.stages.dead_letters import send_dead_letters
from txcat_assets.stages.work import Progress
from txcat_assets.warehouse.databases.interface import Warehouse


def dead_letter_asset(
    contract: Contract, days: dg.PartitionsDefinition[str]
) -> dg.AssetsDefinition:
    """The letters of a dataset, on the daily partitions `days`."""

    key = dg.AssetKey([DEAD_LETTERS, contract.dataset])

    @dg.multi_asset(
        name=f"{DEAD_LETTERS}_{contract.dataset}",
        specs=[
            dg.AssetSpec(
                key=key,
                deps=[dg.AssetKey(["quarantined", contract.dataset])],
                group_name=DEAD_LETTERS,
                owners=[contract.owner],
                kinds={"kafka"},
                tags={"dataset": contract.dataset},
                description="Every quarantined message, sent to the dead-letter topic as it came.",
            )
        ],
        partitions_def=days,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def dead_letters(
        context: dg.AssetExecutionContext,
        config: WorkConfig,  # noqa: ARG001 - so that one run config fits all assets
        warehouse: dg.ResourceParam[Warehouse],
        doors: dg.ResourceParam[Doors],
        progress: dg.ResourceParam[Progress],
    ) -> dg.MaterializeResult[None]:
        with work_of(context, contract, warehouse, progress) as work:
            sent = send_dead_letters(work, doors.kafka)
        for problem in sent.problems:
            context.log.error(problem)
        return dg.MaterializeResult(
            asset_key=key,
            metadata={"letters sent now": sent.letters, "problems": len(sent.problems)},
        )

    return dead_letters
