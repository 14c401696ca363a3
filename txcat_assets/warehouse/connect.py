"""From a warehouse's URL to the warehouse."""

from pathlib import Path
from urllib.parse import urlsplit

from txcat_assets.errors import PermanentError
from txcat_assets.warehouse.duckdb import DuckDbWarehouse
from txcat_assets.warehouse.interface import Warehouse


def connect(url: str, wait_seconds: float) -> Warehouse:
    """The warehouse behind a URL; nothing is opened before its first transaction."""
    if not url.startswith("duckdb:///") or url == "duckdb:///":
        raise PermanentError(
            f"TXCAT_WAREHOUSE_URL has the scheme {urlsplit(url).scheme or 'of none'}, "
            "expected duckdb:///PATH with PATH absolute or relative."
        )
    return DuckDbWarehouse(Path(url.removeprefix("duckdb:///")), wait_seconds)
