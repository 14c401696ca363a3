"""Every warehouse is held to the same tests: what runs here runs on DuckDB and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Postgres
from txcat_assets.warehouse.duckdb import DuckDbWarehouse
from txcat_assets.warehouse.interface import Warehouse
from txcat_assets.warehouse.postgres import PostgresWarehouse


@pytest.fixture(params=["duckdb", "postgres"])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    """An empty warehouse of each kind."""
    if request.param == "duckdb":
        yield DuckDbWarehouse(tmp_path / "warehouse.duckdb", wait_seconds=5)
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with postgres.database() as url:
        yield PostgresWarehouse(url, wait_seconds=5, statement_seconds=60)
