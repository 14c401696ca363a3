"""A backup in the middle of the work, restored elsewhere, goes on to the same tables."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.postgres import Postgres
from tests.warehouse.audit import audit
from tests.warehouse.seen import everything
from tests.warehouse.tiny import DAYS, land_lines, tiny, work_on
from tests.warehouse.worker import VERSION, bring_up_to_date, warehouse_in, write_files
from tools.postgres_server import programs
from txcat_assets.stages.validate import validate
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.databases.postgres import PostgresWarehouse

CONTRACT = tiny(VERSION)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The files of the whole work."""
    (made := tmp_path / "files").mkdir()
    write_files(made)
    return made


def fill(warehouse: Warehouse, files: Path) -> None:
    """Some of the work is done, some is begun, some has only landed."""
    bring_up_to_date(warehouse, files)
    work = work_on(warehouse, CONTRACT)
    land_lines(work, files, f"{DAYS[1]}_judged", "7,2,debit")
    assert validate(work).problems == []
    land_lines(work, files, f"{DAYS[2]}_landed", "8,2,debit", "8,2")


def assert_it_goes_on(warehouse: Warehouse, files: Path, before: Mapping[str, object]) -> None:
    """The restored warehouse is as it was, and the same work brings it to the end."""
    assert everything(warehouse) == before
    land_lines(work_on(warehouse, CONTRACT), files, f"{DAYS[2]}_new", "9,2,debit")
    assert bring_up_to_date(warehouse, files) == []
    audit(warehouse, CONTRACT)
    with warehouse.transaction() as tx:
        left = "SELECT count(*) FROM ledger.stages WHERE version IS NULL OR pending > 0"
        assert tx.rows(left) == [(0,)]


def test_postgres_dumped_dropped_and_restored_goes_on(
    postgres: Postgres, files: Path, tmp_path: Path
) -> None:
    dump = tmp_path / "txcat.dump"
    with postgres.database() as url:
        warehouse = PostgresWarehouse(url, wait_seconds=5, statement_seconds=60)
        fill(warehouse, files)
        before = everything(warehouse)
        run("pg_dump", "--format=custom", f"--file={dump}", url)
    with postgres.database() as url:
        run("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={url}", dump)
        restored = PostgresWarehouse(url, wait_seconds=5, statement_seconds=60)
        assert_it_goes_on(restored, files, before)


def run(program: str, *arguments: object) -> None:
    command = [str(programs() / program), *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)


def test_a_copied_duckdb_file_goes_on(files: Path, tmp_path: Path) -> None:
    (there := tmp_path / "there").mkdir()
    fill(warehouse_in(tmp_path), files)
    before = everything(warehouse_in(tmp_path))
    shutil.copy(tmp_path / "warehouse.duckdb", there)
    (tmp_path / "warehouse.duckdb").unlink()
    assert_it_goes_on(warehouse_in(there), files, before)
