"""`txcat copy`: the whole warehouse into an empty one, such as from DuckDB to PostgreSQL."""

from txcat_assets.cli.terminal import print_table, say
from txcat_assets.connections import warehouse_of
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.settings import Settings
from txcat_assets.warehouse.connect import connect
from txcat_assets.warehouse.copying import copy_warehouse


def copy_to(settings: Settings, url: str) -> int:
    """Copy everything, or nothing, and say how many rows each table has in both."""
    source = warehouse_of(settings)
    target = connect(
        url,
        settings.warehouse_wait_seconds,
        settings.warehouse_statement_seconds,
        named_by="--to",
    )
    counts: dict[str, int] = {}
    copy_warehouse(source, target, all_contracts().values(), counts.__setitem__)
    print_table("rows, the same in both", ["table", "rows"], list(counts.items()))
    say(f"{target.place} has all that is in {source.place}. Set TXCAT_WAREHOUSE_URL to it.")
    return 0
