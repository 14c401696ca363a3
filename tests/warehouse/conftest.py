"""Every warehouse is held to the same tests: what runs here runs on DuckDB and on PostgreSQL."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.postgres import Postgres
from tests.warehouse.worker import Sites, warehouse_in, write_files
from txcat_assets.sources.files import records as reading
from txcat_assets.stages import work as working
from txcat_assets.warehouse.databases.interface import Warehouse


@pytest.fixture(params=["duckdb", "postgres"])
def sites(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sites]:
    """Makes folders that each have an empty warehouse of this kind."""
    is_server = request.param == "postgres"
    postgres: Postgres | None = request.getfixturevalue("postgres") if is_server else None
    with ExitStack() as databases:
        yield Sites(tmp_path, postgres, databases)


@pytest.fixture
def warehouse(sites: Sites) -> Warehouse:
    """An empty warehouse of each kind."""
    return warehouse_in(sites.new())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files to bring up to date."""
    write_files(tmp_path)
    return tmp_path


@pytest.fixture
def slices_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few records are several slices, and few slices several units."""
    monkeypatch.setattr(reading, "SLICE_RECORDS", 3)
    monkeypatch.setattr(working, "SLICE_RECORDS", 5)
