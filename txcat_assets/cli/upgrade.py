"""`txcat upgrade`: makes the ledger and the tables of every dataset as this version wants them."""

from reporting_api.store import open_store
from txcat_assets.cli.terminal import say
from txcat_assets.connections import warehouse_of
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.settings import Settings
from txcat_assets.warehouse.schema.tables import prepare


def upgrade_warehouse(settings: Settings) -> int:
    """Make what is missing and say what was made; again, or by two at once, it changes nothing."""
    warehouse = warehouse_of(settings)
    for contract in all_contracts().values():
        for words in prepare(warehouse, contract):
            say(words)
    open_store(settings)
    say(f"{warehouse.place} is up to date.")
    return 0
