"""What is DuckDB's alone: one file, opened briefly, by one process at a time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Timer

import duckdb
import polars as pl
import pytest

from tests.warehouse.worker import servers
from txcat_assets.errors import WarehouseBusy
from txcat_assets.warehouse.duckdb import DuckDbWarehouse
from txcat_assets.warehouse.interface import Warehouse, one


@pytest.mark.parametrize("rows", [1, 2, 200])
def test_an_offered_frame_can_be_joined_whatever_its_size(warehouse: Warehouse, rows: int) -> None:
    frame = pl.DataFrame(
        {"n": range(rows), "words": [f"more than twelve letters {n}" for n in range(rows)]}
    )
    with warehouse.transaction() as tx:
        tx.run("CREATE TABLE numbers AS SELECT range AS n FROM range(10_000)")
        tx.offer("offered", frame)
        joined = tx.rows("SELECT o.words FROM numbers v JOIN offered o ON v.n = o.n ORDER BY v.n")
    assert [words for (words,) in joined] == frame["words"].to_list()


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


def insert_and_fail(warehouse: Warehouse) -> None:
    with warehouse.transaction() as tx:
        tx.run("INSERT INTO numbers VALUES (1)")
        tx.run("INSERT INTO no_such_table VALUES (1)")


def test_a_block_that_raises_leaves_nothing(warehouse: Warehouse) -> None:
    with warehouse.transaction() as tx:
        tx.run("CREATE TABLE numbers (n BIGINT)")
    with pytest.raises(duckdb.CatalogException):
        insert_and_fail(warehouse)
    with warehouse.transaction() as tx:
        assert tx.rows("SELECT * FROM numbers") == []


def test_threads_of_one_process_write_at_the_same_time(warehouse: Warehouse) -> None:
    with warehouse.transaction() as tx:
        tx.run("CREATE TABLE numbers (n BIGINT)")

    def insert(n: int) -> None:
        with warehouse.transaction() as tx:
            tx.run("INSERT INTO numbers VALUES ($n)", n=n)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(insert, range(200)))
    with warehouse.transaction() as tx:
        assert one(tx.rows("SELECT count(DISTINCT n) FROM numbers")) == 200


def test_a_frame_keeps_its_order_and_types_through_the_file(warehouse: Warehouse) -> None:
    offered = pl.DataFrame(
        {
            "n": range(300_000),
            "amount": pl.Series(range(300_000)).cast(pl.Decimal(18, 2)),
            "reasons": [["a", "b"]] * 300_000,
        }
    )
    with warehouse.transaction() as tx:
        tx.offer("offered", offered)
        tx.run("CREATE TABLE stored AS SELECT * FROM offered")
    with warehouse.transaction() as tx:
        assert tx.frame("SELECT * FROM stored ORDER BY n").equals(offered)


def test_changed_says_how_many_rows_were_touched(warehouse: Warehouse) -> None:
    with warehouse.transaction() as tx:
        tx.run("CREATE TABLE numbers AS SELECT range AS n FROM range(10)")
        assert tx.changed("UPDATE numbers SET n = n WHERE n < $limit", limit=3) == 3
        assert tx.changed("DELETE FROM numbers WHERE n > 100") == 0
