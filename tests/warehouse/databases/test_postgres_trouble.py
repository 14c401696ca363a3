"""What a PostgreSQL can refuse or hold up, on a real one: a clear error, nothing lost, then again.

Its errors by name are in `test_postgres_errors`, how it goes away in `test_postgres_outages`.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from tests.postgres import Postgres
from tests.warehouse.audit import audit
from tests.warehouse.disturbed import CONTRACT, NOTHING_LOST, assert_all_is_well, warehouse_at
from tests.warehouse.seen import everything
from tests.warehouse.tiny import CATEGORIZED, START, work_on
from tests.warehouse.worker import bring_up_to_date, model
from txcat_assets.errors import WarehouseBusy, WarehouseDown, WarehouseRefused
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.loop import refresh
from txcat_assets.warehouse.databases import postgres as module
from txcat_assets.warehouse.databases.interface import Warehouse, one
from txcat_assets.warehouse.schema.tables import prepare


@pytest.fixture
def url(postgres: Postgres) -> Iterator[str]:
    """A database on it."""
    with postgres.database() as url:
        yield url


def test_a_database_that_is_read_only(postgres: Postgres, url: str, folder: Path) -> None:
    bring_up_to_date(warehouse_at(url), folder)
    before = everything(warehouse_at(url))
    name = url.rpartition("/")[2]
    postgres.run("ALTER DATABASE {name} SET default_transaction_read_only = on", name=name)
    with pytest.raises(WarehouseRefused, match="Name the primary"):
        refresh(work_on(warehouse_at(url), CONTRACT), "validated")
    assert prepare(warehouse_at(url), CONTRACT) == [], "who only reads is not held up"
    postgres.run("ALTER DATABASE {name} RESET default_transaction_read_only", name=name)
    assert everything(warehouse_at(url)) == before
    assert_all_is_well(warehouse_at(url), folder)


def refusal_of(warehouse: Warehouse) -> str:
    """Why there is no transaction to be had."""
    with pytest.raises(WarehouseRefused) as refused, warehouse.transaction():
        pass
    return f"{refused.value} {refused.value.__cause__}"


def test_a_wrong_password(postgres: Postgres, url: str) -> None:
    password = "not the one"  # noqa: S105
    wrong = postgres.url_of(url.rpartition("/")[2], password=password)
    said = refusal_of(warehouse_at(wrong))
    assert "Look at user and password" in said
    assert password not in said + warehouse_at(wrong).place


def test_a_user_who_is_not_there(postgres: Postgres, url: str) -> None:
    wrong = postgres.url_of(url.rpartition("/")[2], user="nobody_such")
    assert "Look at user and password" in refusal_of(warehouse_at(wrong))


def test_a_database_that_is_not_there(postgres: Postgres) -> None:
    no_such = warehouse_at(postgres.url_of("no_such"))
    assert "Create it, or correct" in refusal_of(no_such)


def test_a_server_that_is_too_old(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By another idea of what is old: one server is here."""
    monkeypatch.setattr(module, "OLDEST_SERVER", 990_000)
    assert "; txcat needs 14 or newer" in refusal_of(warehouse_at(url))


def test_a_database_in_another_encoding(postgres: Postgres) -> None:
    options = "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
    with postgres.database(options) as url:
        assert "has the encoding LATIN1" in refusal_of(warehouse_at(url))


@pytest.fixture
def numbers(url: str) -> Warehouse:
    """A warehouse with the numbers 1 and 2 in a table."""
    warehouse = warehouse_at(url)
    with warehouse.transaction() as tx:
        tx.run("CREATE SCHEMA t")
        tx.run("CREATE TABLE t.numbers AS SELECT n, 0 AS times FROM generate_series(1, 2) AS s(n)")
    return warehouse


def add(warehouse: Warehouse, *numbers: int, between: Callable[[], object] = int) -> None:
    """Count up numbers, one after the other; `between` is called after the first."""
    with warehouse.transaction() as tx:
        for place, n in enumerate(numbers):
            tx.run("UPDATE t.numbers SET times = times + 1 WHERE n = $n", n=n)
            if place == 0:
                between()


def times(warehouse: Warehouse) -> list[int]:
    with warehouse.transaction() as tx:
        return [n for (n,) in tx.rows("SELECT times FROM t.numbers ORDER BY n")]


def test_a_deadlock_ends_with_one_rolled_back_and_then_done(numbers: Warehouse) -> None:
    both = threading.Barrier(2)
    failed: list[Exception] = []

    def work(*order: int) -> None:
        try:
            add(numbers, *order, between=both.wait)
        except WarehouseBusy as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=order) for order in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (error,) = failed
    assert "deadlock detected" in str(error)
    assert times(numbers) == [1, 1]
    add(numbers, 1, 2)
    assert times(numbers) == [2, 2]


def test_a_serialization_failure(numbers: Warehouse) -> None:
    def overtaken() -> None:
        with numbers.transaction() as tx:
            tx.run("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
            tx.rows("SELECT * FROM t.numbers")
            add(numbers, 1)
            tx.run("UPDATE t.numbers SET times = 9")

    with pytest.raises(WarehouseBusy, match=NOTHING_LOST):
        overtaken()
    assert times(numbers) == [1, 0]


@pytest.mark.usefixtures("numbers")
def test_a_transaction_that_idles_is_ended(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_IN_TRANSACTION_SECONDS", 0.2)
    impatient = warehouse_at(url)
    with pytest.raises(WarehouseBusy, match=r"idle-in-transaction timeout.*Nothing is lost"):
        add(impatient, 1, 2, between=lambda: time.sleep(0.5))
    assert times(impatient) == [0, 0]
    add(impatient, 1, 2)
    assert times(impatient) == [1, 1]


def test_too_many_connections(postgres: Postgres, url: str) -> None:
    postgres.run("CREATE ROLE few LOGIN CONNECTION LIMIT 1 PASSWORD 'few'")
    few = postgres.url_of(url.rpartition("/")[2], user="few", password="few")  # noqa: S106
    warehouse = warehouse_at(few)
    too_many = pytest.raises(WarehouseDown, match=r"too many connections.*Nothing is lost")
    with psycopg.connect(few), too_many:
        take_lock(warehouse)
    take_lock(warehouse)


def test_a_lock_that_is_not_to_be_had_in_time(numbers: Warehouse, url: str) -> None:
    impatient = warehouse_at(url, wait_seconds=0.2)
    with numbers.transaction() as tx:
        tx.lock("dataset")
        with pytest.raises(WarehouseBusy, match="raise TXCAT_WAREHOUSE_WAIT_SECONDS"):
            take_lock(impatient)
    take_lock(impatient)


def test_who_finds_its_tables_made_does_not_wait_for_an_upgrade(url: str) -> None:
    prepare(warehouse_at(url), CONTRACT)
    with warehouse_at(url).transaction() as tx:
        tx.lock("migrate")
        assert prepare(warehouse_at(url, wait_seconds=0.2), CONTRACT) == []


def take_lock(warehouse: Warehouse) -> None:
    with warehouse.transaction() as tx:
        tx.lock("dataset")


@pytest.mark.usefixtures("numbers")
def test_a_statement_that_takes_too_long(url: str) -> None:
    impatient = warehouse_at(url, statement_seconds=0.2)

    def sleep() -> None:
        with impatient.transaction() as tx:
            tx.run("UPDATE t.numbers SET times = 9")
            tx.rows("SELECT pg_sleep(5)")

    with pytest.raises(WarehouseBusy, match="raise TXCAT_WAREHOUSE_STATEMENT_SECONDS"):
        sleep()
    assert times(impatient) == [0, 0]


def test_a_clock_that_goes_backwards(url: str, folder: Path) -> None:
    """Arrival is a number, not a time; and a full refresh is answered whatever its clock said."""
    warehouse = warehouse_at(url)
    assert_all_is_well(warehouse, folder)
    moments = iter(START - timedelta(days=n) for n in range(1_000))
    work = work_on(warehouse, CONTRACT)
    ahead = replace(work, now=lambda: START + timedelta(days=1))
    behind = replace(work, now=lambda: next(moments))
    refresh(ahead, "categorized")
    assert enrich(behind, CATEGORIZED, model()).problems == []
    audit(warehouse, CONTRACT)
    with warehouse.transaction() as tx:
        assert one(tx.rows("SELECT sum(pending) FROM ledger.stages")) == 0
    assert_all_is_well(warehouse, folder)
