"""What is DuckDB's alone: one file, opened briefly, by one process at a time."""

from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Timer

import duckdb
import pytest

from tests.warehouse.worker import servers
from txcat_assets.errors import WarehouseBusy
from txcat_assets.warehouse.databases.duckdb import DuckDbWarehouse


def _hold(path: Path, pipe: Connection) -> None:
    with DuckDbWarehouse(path, wait_seconds=5).transaction() as tx:
        tx.run("CREATE TABLE held AS SELECT 1 AS n")
        pipe.send("held")
        pipe.recv()


@pytest.fixture
def held_file(tmp_path: Path) -> Iterator[tuple[Path, Connection]]:
    """A file that another process holds until it is told to let go."""
    here, there = servers.Pipe()
    path = tmp_path / "held.duckdb"
    holder = servers.Process(target=_hold, args=(path, there))
    holder.start()
    assert here.recv() == "held"
    yield path, here
    holder.kill()
    holder.join()


def test_who_waits_in_vain_learns_which_file_is_held(held_file: tuple[Path, Connection]) -> None:
    path, _ = held_file
    busy = DuckDbWarehouse(path, wait_seconds=0.2)
    with pytest.raises(WarehouseBusy, match=str(path)), busy.transaction():
        pass


def test_who_waits_gets_its_turn(held_file: tuple[Path, Connection]) -> None:
    path, holder = held_file
    Timer(0.3, holder.send, ["let go"]).start()
    with DuckDbWarehouse(path, wait_seconds=10).transaction() as tx:
        assert tx.rows("SELECT n FROM held") == [(1,)]


def test_a_file_that_is_no_warehouse_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "no.duckdb"
    path.write_bytes(b"no database" * 1_000)
    with pytest.raises(duckdb.IOException), DuckDbWarehouse(path, 60).transaction():
        pass
