"""The one warehouse fixture that every test of this folder uses: an empty DuckDB file."""

from pathlib import Path

import pytest

from txcat_assets.warehouse.duckdb import DuckDbWarehouse
from txcat_assets.warehouse.interface import Warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return DuckDbWarehouse(tmp_path / "warehouse.duckdb", wait_seconds=5)
