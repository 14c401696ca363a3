"""The marts of dbt, on both databases: right on the real files, and incremental as in full."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

import polars as pl
import pytest

from data.make_samples import FIRST_DAY
from tests.warehouse import payment_marts
from tests.warehouse.late_payments import payment_files
from tests.warehouse.operators import decide
from tests.warehouse.shop import REAL, REAL_DAY, rows, take, take_samples
from tests.warehouse.shop_marts import MARTS, Frames, Rows, current, expected, plain, stored
from tests.warehouse.spending import answer, expected_spending, take_transactions
from tests.warehouse.tiny import Clock
from tests.warehouse.worker import Sites, servers, url_in, warehouse_in
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.contracts.watchers import Watcher
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.duckdb import DuckDbWarehouse
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.watchers import register
from txcat_marts.dbt_run import Dbt
from txcat_marts.update import update_marts

pytestmark = pytest.mark.slow

ALL = (*MARTS, *payment_marts.MARTS)
FIRST_DAYS = [FIRST_DAY + timedelta(days=n) for n in range(4)]


@pytest.fixture(scope="session")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where dbt keeps what it has parsed, once for all tests."""
    return tmp_path_factory.mktemp("dbt")


@pytest.fixture
def dbt(sites: Sites, parsed: Path) -> Dbt:
    """dbt on an empty warehouse."""
    folder = sites.new()
    return Dbt(warehouse_in(folder), url_in(folder), parsed)


def today() -> date:
    return datetime.now(UTC).date()


def noted(warehouse: Warehouse) -> int:
    ((number,),) = rows(
        warehouse, "SELECT count(*) FROM ledger.touched WHERE watcher LIKE 'marts.%'"
    )
    return int(number)


@pytest.mark.skipif(not REAL.exists(), reason=f"the real files are not beside the checkout: {REAL}")
def test_the_marts_of_the_real_files_are_what_polars_makes_of_them(dbt: Dbt) -> None:
    shop: Frames = {}
    for name in ("customers", "products", "orders"):
        path = REAL / "ecommerce" / f"{name}.csv"
        take(dbt.warehouse, name, [path], REAL_DAY)
        shop[name] = pl.read_csv(path, try_parse_dates=True)
    money = {"orders": "total_amount", "products": "price"}
    for name, column in money.items():
        exact = (pl.col(column) * 100).round().cast(pl.Int64).cast(pl.Decimal(18, 2)) / 100
        shop[name] = shop[name].with_columns(exact.cast(pl.Decimal(18, 2)).alias(column))
    # The real files have no lines, so no product was sold; the samples below have some.
    shop["order_lines"] = pl.DataFrame(
        schema=dict.fromkeys(("order_id", "product_id", "quantity"), pl.Int64)
        | {"line_amount": pl.Decimal(18, 2)}
    )
    with dbt.warehouse.transaction() as tx:
        register(tx, Watcher("marts.gone", all_contracts()["orders"], "status"), "1")
    assert update_marts(dbt, MARTS).problems == []
    gone = "SELECT count(*) FROM ledger.watchers WHERE watcher = 'marts.gone'"
    assert rows(dbt.warehouse, gone) == [(0,)], "nobody would ever work its notes"
    assert stored(dbt.warehouse) == expected(shop, today())
    assert len(stored(dbt.warehouse)["customer_lifetime_value"]) == 1_000


def spending(warehouse: Warehouse) -> Rows:
    with warehouse.transaction() as tx:
        return by_all(tx.frame("SELECT * FROM marts.monthly_spending"))


def by_all(frame: pl.DataFrame) -> Rows:
    return sorted(plain(frame), key=str)


def test_spending_by_category_is_exact_whatever_is_answered_otherwise(
    dbt: Dbt, tmp_path: Path
) -> None:
    warehouse, random = dbt.warehouse, Random(11)
    take_transactions(warehouse, random, tmp_path, FIRST_DAY, 0)
    answer(warehouse, FIRST_DAY, 1)
    assert update_marts(dbt, ["monthly_spending"]).problems == []
    for number in (1, 2):
        if number == 1:  # then only the answers change
            take_transactions(warehouse, random, tmp_path, FIRST_DAY, number)
            discard_some(warehouse, random, ["transactions"], [FIRST_DAY])
        answer(warehouse, FIRST_DAY, number)
        assert update_marts(dbt, ["monthly_spending"]).problems == []
        assert spending(warehouse) == by_all(expected_spending(warehouse))
    incremental = spending(warehouse)
    assert update_marts(dbt, ["monthly_spending"], full_refresh=True).problems == []
    assert spending(warehouse) == incremental
    assert len({row["category"] for row in incremental}) == 3


def load_busily(path: Path, pipe: Connection) -> None:
    """Hold the file for 0.8 s of each second, until told to end; how long each had to wait."""
    waits = []
    while not pipe.poll(0.2):
        began = time.monotonic()
        with DuckDbWarehouse(path, wait_seconds=45).transaction() as tx:
            waits.append(time.monotonic() - began)
            tx.run("CREATE OR REPLACE TABLE busy AS SELECT 1 AS n")
            time.sleep(0.8)
        pipe.send("busy")
    pipe.send(waits)


@contextmanager
def busy_loads(path: Path) -> Iterator[list[float]]:
    """Loads that leave the file alone for moments only; in the end, how long each waited."""
    here, there = servers.Pipe()
    loads = servers.Process(target=load_busily, args=(path, there))
    loads.start()
    assert here.recv() == "busy"
    waits: list[float] = []
    yield waits
    here.send("end")
    while (said := here.recv()) == "busy":
        pass
    waits += said
    loads.join()


def test_beside_a_load_that_hardly_lets_go_of_the_file_neither_starves(
    tmp_path: Path, parsed: Path
) -> None:
    warehouse = DuckDbWarehouse(tmp_path / "w.duckdb", wait_seconds=45)
    take_samples(warehouse, tmp_path)
    dbt = Dbt(warehouse, "", parsed)
    assert update_marts(dbt, ["daily_sales"]).problems == []  # and dbt is imported
    with busy_loads(tmp_path / "w.duckdb") as waits:
        began = time.monotonic()
        assert update_marts(dbt, ["daily_sales"], full_refresh=True).problems == []
        seconds = time.monotonic() - began
    assert seconds < 30
    assert max(waits) < 5
    assert len(rows(warehouse, "SELECT * FROM marts.daily_sales")) > 1


STATUSES = ("pending", "completed", "completed", "cancelled")


def late_files(random: Random, folder: Path, number: int) -> dict[str, Path]:
    """New versions and late records of the shop, of keys that are there and of others."""
    lines: dict[str, list[str]] = {
        "customers": [
            f"{random.randint(1, 24)},Renamed {number},r@example.com,DE,2024-01-01"
            for _ in range(2)
        ],
        "products": [f"{random.randint(1, 14)},Mended {number},Home,{number}.50,{number}"],
        "orders": [
            f"{random.randint(1, 66)},{random.randint(1, 24)},2024-1{random.randint(0, 2)}-"
            f"{random.randint(10, 28)} 10:00:00,{random.randint(0, 9_999)}.35,"
            f"{random.choice(STATUSES)}"
            for _ in range(6)
        ],
    }
    for _ in range(6):
        units, cents = random.randint(1, 9), random.randint(1, 999)
        lines.setdefault("order_lines", []).append(
            f"{random.randint(1, 90)},{random.randint(1, 66)},{random.randint(1, 14)},{units},"
            f"{cents / 100:.2f},{units * cents / 100:.2f}"
        )
    heads = {
        "customers": "customer_id,name,email,country,join_date",
        "products": "product_id,name,category,price,inventory_count",
        "orders": "order_id,customer_id,order_date,total_amount,status",
        "order_lines": "order_line_id,order_id,product_id,quantity,unit_price,line_amount",
    }
    found = {}
    for dataset in random.sample([*heads], 3):
        found[dataset] = folder / f"{dataset}_late_{number}.csv"
        found[dataset].write_text("\n".join([heads[dataset], *lines[dataset], ""]))
    return found


def discard_some(
    warehouse: Warehouse, random: Random, datasets: Sequence[str], days: Sequence[date]
) -> None:
    """An operator discards a record of each: what came before it or after it holds its key."""
    for dataset in datasets:
        order = "ORDER BY _slice_id, _position"
        kept = rows(warehouse, f"SELECT _slice_id, _position FROM validated.{dataset} {order}")
        slice_id, position = random.choice(kept)
        work = Work(warehouse, all_contracts()[dataset], [*days], "run", Clock())
        decide(work, "discard", (slice_id, position), [], "")


def take_payments(warehouse: Warehouse, random: Random, folder: Path, number: int) -> None:
    for dataset, path, day in payment_files(random, folder, number):
        take(warehouse, dataset, [path], day)


def all_expected(warehouse: Warehouse) -> dict[str, Rows]:
    payments = payment_marts.expected(payment_marts.current(warehouse), today())
    as_rows = {name: plain(frame) for name, frame in payments.items()}
    return as_rows | expected(current(warehouse), today())


def test_after_any_history_the_marts_are_what_a_full_refresh_makes(
    dbt: Dbt, tmp_path: Path
) -> None:
    warehouse, random = dbt.warehouse, Random(7)
    take_samples(warehouse, tmp_path)
    take_payments(warehouse, random, tmp_path, 0)
    assert update_marts(dbt, ALL).problems == []
    for number in range(1, 3):
        for dataset, path in late_files(random, tmp_path, number).items():
            take(warehouse, dataset, [path], REAL_DAY)
        discard_some(warehouse, random, ("orders", "order_lines", "customers"), [REAL_DAY])
        for dataset in ("customers", "products", "orders", "order_lines"):
            take(warehouse, dataset, [], REAL_DAY)
        take_payments(warehouse, random, tmp_path, number)
        discard_some(warehouse, random, ("payments", "users"), FIRST_DAYS)
        take(warehouse, "payments", [])
        assert noted(warehouse)
        if number == 1:
            dbt.build(ALL)  # all that a run does which is killed before it takes its notes
        assert update_marts(dbt, ALL).problems == []
        assert noted(warehouse) == 0
        assert stored(warehouse, ALL) == all_expected(warehouse)
    incremental = stored(warehouse, ALL)
    assert update_marts(dbt, ALL, full_refresh=True).problems == []
    assert stored(warehouse, ALL) == incremental
    by_hand = dbt.test("test_type:unit")
    assert [f"{one.unique_id}: {one.words}" for one in by_hand if not one.is_well] == []
    assert len(by_hand) == 6
