"""From a warehouse's URL to the warehouse.

Here is the one list of the databases there are; each lives in a module of its own name.
"""

from pathlib import Path

from txcat_assets.errors import SettingRefused
from txcat_assets.warehouse.databases.duckdb import DuckDbWarehouse
from txcat_assets.warehouse.databases.interface import Warehouse


def connect(url: str, wait_seconds: float, statement_seconds: float) -> Warehouse:
    """The warehouse behind a URL; nothing is opened before its first transaction.

    A transaction waits `wait_seconds` for what others hold; on a server no statement takes longer
    than `statement_seconds`.
    """
    scheme = url.partition("://")[0] if "://" in url else ""
    if scheme in ("postgresql", "postgres"):
        # Imports psycopg, which an installation on DuckDB need not wait for.
        from txcat_assets.warehouse.databases.postgres import PostgresWarehouse  # noqa: PLC0415

        return PostgresWarehouse(url, wait_seconds, statement_seconds)
    if not url.startswith("duckdb:///") or url == "duckdb:///":
        raise SettingRefused(
            f"TXCAT_WAREHOUSE_URL has {f'the scheme {scheme}' if scheme else 'no scheme'}, "
            "expected duckdb:///PATH with PATH absolute or relative, or "
            "postgresql://USER@HOST:PORT/DATABASE."
        )
    return DuckDbWarehouse(Path(url.removeprefix("duckdb:///")), wait_seconds)
