"""`txcat forget-raw`: deletes the text of records that landed long ago and are done with."""

from datetime import timedelta

from txcat_assets.cli.terminal import say
from txcat_assets.clock import utc_now
from txcat_assets.connections import warehouse_of
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.settings import Settings
from txcat_assets.stages.forget import forget_raw
from txcat_assets.warehouse.schema.tables import prepare


def forget_older_than(settings: Settings, days: float) -> int:
    """Forget the text of every dataset that landed so many days ago, and say how much it was."""
    warehouse, before = warehouse_of(settings), utc_now() - timedelta(days=days)
    for contract in all_contracts().values():
        prepare(warehouse, contract)
        gone = forget_raw(warehouse, contract, before)
        say(
            f"{contract.dataset}: the text of {gone.records} records is forgotten, "
            f"{gone.slices} slices are frozen by it."
        )
    return 0
