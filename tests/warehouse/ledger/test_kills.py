"""Promise 1: every position is landed once, whatever is killed and whenever; and all the rest too.

A real process is killed by a real SIGKILL before its n-th step: before begins, before statements,
before commits and after them. Every third of the steps between commits, and of the statements one
in thirty, as one kill costs seconds.
"""

import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from tests.depth import examples
from tests.warehouse.audit import audit
from tests.warehouse.seen import arrived, everything, seen
from tests.warehouse.tiny import record_of, tiny
from tests.warehouse.worker import (
    FILES,
    VERSION,
    Sites,
    bring_up_to_date,
    bring_up_to_date_without_claims,
    expected_in,
    servers,
    start,
    warehouse_in,
    write_files,
)
from txcat_assets.warehouse.databases.duckdb import DuckDbTransaction, DuckDbWarehouse
from txcat_assets.warehouse.databases.duckdb_locks import NamedLocks
from txcat_assets.warehouse.databases.duckdb_reader import DuckDbReader
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.migrations import MIGRATIONS, migrate, newest_change

STATEMENTS = 260


def assert_at_rest(folder: Path) -> None:
    """Nothing lost, nothing doubled, nothing left to do, and all of it right."""
    warehouse, contract = warehouse_in(folder), tiny(VERSION)
    audit(warehouse, contract)
    assert seen(warehouse, contract) == expected_in(folder)
    sent = [record_of(line) for lines in FILES.values() for line in lines]
    landed = [(record.texts, record.fault) for record in arrived(warehouse, contract)]
    assert sorted(landed, key=repr) == sorted(sent, key=repr)
    before = everything(warehouse)
    assert bring_up_to_date(warehouse, folder) == []
    assert everything(warehouse) == before


def kill_and_run_again(sites: Sites, kill_at: int, *, is_fine: bool) -> int:
    """Kill a worker at a step, look at what it left, and finish, in larger slices: how it ended."""
    folder = sites.new()
    write_files(folder)
    killed = start(folder, kill_at, is_fine=is_fine)
    killed.join()
    if killed.exitcode and _has_tables(folder):
        audit(warehouse_in(folder), tiny(VERSION))
    assert bring_up_to_date(warehouse_in(folder), folder) == []
    assert_at_rest(folder)
    return killed.exitcode or 0


def _has_tables(folder: Path) -> bool:
    with warehouse_in(folder).transaction() as tx:
        return bool(tx.rows("SELECT 1 FROM information_schema.tables WHERE table_schema = 'raw'"))


def test_killed_before_a_statement_nothing_is_lost(sites: Sites) -> None:
    ends = [kill_and_run_again(sites, n, is_fine=True) for n in range(5, STATEMENTS, 31)]
    assert ends[0] == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, 5))
def test_killed_anywhere_between_two_commits_nothing_is_lost(sites: Sites, first: int) -> None:
    """At every twelfth step, until the worker is through before it is killed."""
    kill_at = first
    while kill_and_run_again(sites, kill_at, is_fine=False) == -signal.SIGKILL:
        kill_at += 12
    assert kill_at > 80, "the worker was through before it did its work"


@pytest.mark.slow
@pytest.mark.parametrize("does", [bring_up_to_date, bring_up_to_date_without_claims])
def test_workers_and_a_reader_with_kills_end_as_the_oracle_says(
    sites: Sites, does: Callable[[Warehouse, Path], list[str]]
) -> None:
    """Two on a DuckDB file, which has one writer; four on a server. Claims only save effort."""
    folder = sites.new()
    write_files(folder)
    start(folder, kill_at=12).join()
    for _ in range(examples(4)):
        kills = [
            random.choice([None, random.randint(1, 150)]) for _ in range(4 if sites.postgres else 2)
        ]
        workers = [start(folder, kill_at, does=does) for kill_at in kills]
        while any(worker.is_alive() for worker in workers):
            if _has_tables(folder):
                audit(warehouse_in(folder), tiny(VERSION))
            time.sleep(random.random() / 20)
        assert {worker.exitcode for worker in workers} <= {0, -signal.SIGKILL}
    assert bring_up_to_date(warehouse_in(folder), folder) == []
    assert_at_rest(folder)


class KilledAtClose(DuckDbWarehouse):
    """Commits, and is killed before DuckDB can tidy up its file."""

    @contextmanager
    def transaction(self) -> Iterator[DuckDbTransaction]:
        connection = duckdb.connect(self.place)
        connection.begin()
        yield DuckDbTransaction(connection, NamedLocks(), wait_seconds=5)
        connection.commit()
        os.kill(os.getpid(), signal.SIGKILL)


def _make_tables_and_die(path: Path) -> None:
    with KilledAtClose(path, wait_seconds=5).transaction() as tx:
        migrate(tx, "duckdb")


def test_what_was_committed_survives_a_kill_before_the_file_is_closed(tmp_path: Path) -> None:
    name = "o'clock.duckdb"
    process = servers.Process(target=_make_tables_and_die, args=(tmp_path / name,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    shutil.copytree(tmp_path, tmp_path / "read")
    for door in (
        DuckDbReader(tmp_path / "read" / name, 5, 5, "the file").reading(),
        DuckDbWarehouse(tmp_path / name, wait_seconds=5).transaction(),
    ):
        with door as tx:
            assert newest_change(tx) == len(MIGRATIONS)
