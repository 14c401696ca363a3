"""From a warehouse's URL to the warehouse.

Here is the one list of the databases there are; each lives in a module of its own name.
"""

import re
from pathlib import Path
from typing import cast

from txcat_assets.errors import SettingRefused
from txcat_assets.warehouse.databases.duckdb import DuckDbWarehouse
from txcat_assets.warehouse.databases.duckdb_reader import DuckDbReader
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.databases.reader import Reader

SETTING = "TXCAT_WAREHOUSE_URL"

EXPECTED = (
    "expected duckdb:///PATH with PATH absolute or relative, or "
    "postgresql://USER@HOST:PORT/DATABASE."
)

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://")


def connect(
    url: str, wait_seconds: float, statement_seconds: float, named_by: str = SETTING
) -> Warehouse:
    """The warehouse behind a URL; nothing is opened before its first transaction.

    A transaction waits `wait_seconds` for what others hold; on a server no statement takes longer
    than `statement_seconds`. Messages say that the URL was named by `named_by`.
    """
    # Of a URL that cannot be read nothing else is repeated: it may hold a password.
    found = _SCHEME.match(url)
    scheme = found[1] if found else ""
    if scheme in ("postgresql", "postgres"):
        # Imports psycopg, which an installation on DuckDB need not wait for.
        from txcat_assets.warehouse.databases.postgres import PostgresWarehouse  # noqa: PLC0415

        return PostgresWarehouse(url, wait_seconds, statement_seconds, named_by)
    if scheme != "duckdb" or not url.startswith("duckdb:///"):
        has = f"the scheme {scheme}" if scheme else "no scheme"
        raise SettingRefused(f"{named_by} has {has}, {EXPECTED}")
    path = url.removeprefix("duckdb:///")
    if not path.strip("/") or path.endswith("/"):
        raise SettingRefused(f"{named_by} names no database, {EXPECTED}")
    return DuckDbWarehouse(Path(path), wait_seconds, named_by)


def open_reader(url: str, wait_seconds: float, query_seconds: float) -> Reader:
    """What answers a person's own queries on the warehouse behind a URL, and changes nothing."""
    warehouse = connect(url, wait_seconds, query_seconds)
    if warehouse.kind == "duckdb":
        return DuckDbReader(Path(warehouse.place), wait_seconds, query_seconds, SETTING)
    from txcat_assets.warehouse.databases.postgres import PostgresWarehouse  # noqa: PLC0415
    from txcat_assets.warehouse.databases.postgres_reader import PostgresReader  # noqa: PLC0415

    return PostgresReader(cast("PostgresWarehouse", warehouse), query_seconds, SETTING)
