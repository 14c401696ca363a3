"""PostgreSQL goes away in the middle of the work: a clear error, nothing lost, then the same again.

The server is the module's own, for it is crashed. What it refuses is in `test_postgres_trouble`.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from tests.fakes import SteppedWarehouse
from tests.postgres import OwnServer, own_server
from tests.warehouse.audit import audit
from tests.warehouse.disturbed import (
    CONTRACT,
    NOTHING_LOST,
    assert_all_is_well,
    disturbed,
    warehouse_at,
)
from tests.warehouse.seen import seen
from tests.warehouse.tiny import DAYS, land_lines, work_on
from txcat_assets.errors import WarehouseDown, WarehouseRefused
from txcat_assets.stages.corrections import Correction, Edited, addresses_of, as_frame
from txcat_assets.stages.fix import Fixing, fix
from txcat_assets.stages.validate import validate
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.decisions import Decision
from txcat_assets.warehouse.queries.quarantine import Wanted, find_records, read_records
from txcat_assets.warehouse.schema.tables import prepare


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    """A server that may be crashed."""
    with own_server() as server:
        yield server


@pytest.fixture
def url(server: OwnServer) -> Iterator[str]:
    """A database on it."""
    with server.postgres.database() as url:
        yield url


def test_a_server_that_is_down(server: OwnServer, url: str, folder: Path) -> None:
    warehouse = warehouse_at(url)
    server.crash()
    with pytest.raises(WarehouseDown, match=NOTHING_LOST), warehouse.transaction():
        pass
    with pytest.raises(WarehouseDown, match=NOTHING_LOST), warehouse.claim("work"):
        pass
    server.start()
    assert_all_is_well(warehouse, folder)


@pytest.mark.slow
def test_a_server_that_is_restarted_in_mid_transaction(server: OwnServer, folder: Path) -> None:
    def restart(_: str) -> None:
        server.crash()
        server.start()

    assert_disturbed_everywhere(server, folder, restart, range(10, 60, 20))


@pytest.mark.slow
def test_a_connection_that_is_cut(server: OwnServer, folder: Path) -> None:
    assert_disturbed_everywhere(server, folder, lambda url: cut(server, url), range(5, 65, 5))


def assert_disturbed_everywhere(
    server: OwnServer, folder: Path, disturb: Callable[[str], None], steps: Iterable[int]
) -> None:
    """Something happens before each of these steps: it is told, and all is well afterwards.

    Between two transactions nobody need notice.
    """
    told = []
    for at in steps:
        with server.postgres.database() as url:
            warehouse = warehouse_at(url)
            told.append(disturbed(warehouse, folder, at, partial(disturb, url)))
            audit(warehouse, CONTRACT)
            assert_all_is_well(warehouse, folder)
    assert all(NOTHING_LOST in said for said in told if said)
    assert sum(map(bool, told)) * 2 > len(told)


def cut(server: OwnServer, url: str) -> None:
    server.postgres.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        f"WHERE datname = '{url.rpartition('/')[2]}'"
    )


def test_a_connection_that_is_cut_while_it_is_idle_is_replaced(server: OwnServer, url: str) -> None:
    warehouse = warehouse_at(url)
    with warehouse.claim("work") as is_mine:
        assert is_mine
        with warehouse.transaction() as tx:
            tx.rows("SELECT 1")
        cut(server, url)
        with warehouse.transaction() as tx:
            assert tx.rows("SELECT 1") == [(1,)]
    with warehouse.claim("work") as is_mine:
        assert is_mine


@contextmanager
def small_disk(server: OwnServer) -> Iterator[str]:
    """A database on a disk of 24 MB."""
    with TemporaryDirectory(prefix="txcat-disk-") as folder:
        size = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder]
        if os.geteuid() or subprocess.run(size, capture_output=True, check=False).returncode:
            pytest.skip("making a small disk takes the right to mount one")
        try:
            shutil.chown(folder, server.owner)
            server.postgres.run(f"CREATE TABLESPACE small LOCATION '{folder}'")
            with server.postgres.database("TABLESPACE small") as url:
                yield url
            server.postgres.run("DROP TABLESPACE small")
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


def fill(url: str) -> None:
    """Write into a table of somebody else's until nothing fits any more."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE public.filler (words TEXT)")
        connection.execute("ALTER TABLE public.filler ALTER words SET STORAGE PLAIN")
        row = "INSERT INTO public.filler VALUES (repeat('x', 7000))"
        with pytest.raises(psycopg.errors.DiskFull):
            all(connection.execute(row) for _ in range(100_000))


@pytest.mark.slow
def test_a_disk_that_is_full(server: OwnServer, folder: Path) -> None:
    with small_disk(server) as url:
        warehouse = warehouse_at(url)

        said = disturbed(warehouse, folder, 30, lambda: fill(url))
        assert "Make room on the server" in said
        assert NOTHING_LOST in said
        audit(warehouse, CONTRACT)
        with psycopg.connect(url) as connection:
            connection.execute("DROP TABLE public.filler")
        assert_all_is_well(warehouse, folder)


def quarantined(warehouse: Warehouse, folder: Path, records: int) -> Edited:
    """Bad records have landed; the corrections of all of them."""
    work = work_on(warehouse, CONTRACT)
    prepare(warehouse, CONTRACT)
    lines = (f"{key},x,debit" for key in range(1, records + 1))
    land_lines(work, folder, str(DAYS[0]), *lines)
    assert validate(work).problems == []
    with warehouse.transaction() as tx:
        found = read_records(tx, CONTRACT, find_records(tx, CONTRACT, Wanted()))
    addresses = enumerate(addresses_of(CONTRACT, found), 1)
    corrections = [Correction(line, address, {"amount": "2"}) for line, address in addresses]
    return Edited(as_frame(CONTRACT, corrections))


@pytest.mark.slow
def test_a_disk_that_is_full_in_the_middle_of_a_fix(server: OwnServer, folder: Path) -> None:
    """It fills up after the old records were read; what was said is kept for the next try."""
    records, correct = 500, Decision("replaced", "ann", "corrected")
    with small_disk(server) as url:
        warehouse = warehouse_at(url)
        edited = quarantined(warehouse, folder, records)
        steps = iter(range(1_000))

        def step() -> None:
            if next(steps) == 2:
                fill(url)

        full = SteppedWarehouse(warehouse, step, is_fine=False)
        with pytest.raises(WarehouseRefused, match="Make room on the server"):
            fix(Fixing(work_on(full, CONTRACT), "export.csv", correct), edited)
        audit(warehouse, CONTRACT)
        assert seen(warehouse, CONTRACT).closed == {}
        with psycopg.connect(url) as connection:
            connection.execute("DROP TABLE public.filler")
        again = fix(Fixing(work_on(warehouse, CONTRACT), "export.csv", correct), edited)
        assert again.became == {"validated": records}
        audit(warehouse, CONTRACT)
