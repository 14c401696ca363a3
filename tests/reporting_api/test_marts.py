"""The marts that dbt makes, asked for by HTTP: as they are in the tables, and whether all is in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Postgres
from tests.reporting_api.running import Api, running_api
from tests.warehouse.shop import take, take_samples
from tests.warehouse.shop_marts import MARTS, Rows, stored
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.warehouse.connect import connect
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.tables import prepare
from txcat_marts.dbt_run import Dbt
from txcat_marts.tables import mart_tables
from txcat_marts.update import update_marts

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty warehouse of each kind, with tables."""
    if request.param == "duckdb":
        yield f"duckdb:///{tmp_path_factory.mktemp('api-marts')}/warehouse.duckdb"
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        with postgres.database() as made:
            yield made


@pytest.fixture(scope="module")
def warehouse(url: str) -> Warehouse:
    return connect(url, wait_seconds=30, statement_seconds=60)


@pytest.fixture(scope="module")
def shop(url: str, warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API on the samples of the shop and its marts."""
    folder = tmp_path_factory.mktemp("shop")
    for contract in all_contracts().values():
        prepare(warehouse, contract)
    take_samples(warehouse, folder)
    assert update_marts(Dbt(warehouse, url, folder), MARTS).problems == []
    with running_api(folder, url) as api:
        yield api


def asked(api: Api, path: str) -> Rows:
    """The rows of all pages."""
    found, name = [], path.partition("?")[0]
    next_path: str | None = f"/api/v1/{path}"
    while next_path:
        reply = api.get(next_path, api.keys["analyst"])
        assert reply.status_code == 200, reply.text
        assert reply.headers["txcat-mart"] == "current"
        found += reply.json()[name]
        next_path = reply.json()["next"]
    return found


def test_marts_are_told_as_they_are_and_say_when_changes_are_not_in_them_yet(
    shop: Api, warehouse: Warehouse, tmp_path: Path
) -> None:
    rows = stored(warehouse)
    days = asked(shop, "daily_sales?start=2024-12-28&end=2024-12-30&limit=1")
    of_days = [row for row in rows["daily_sales"] if str(row["sales_date"]) < "2024-12-31"]
    assert [(d["sales_date"], d["order_count"]) for d in days] == [
        (str(row["sales_date"]), row["order_count"]) for row in of_days
    ]
    assert len(days) > 1
    top = asked(shop, "top_customers?limit=5")
    assert [*top[0]] == ["customer_id", "name", "total_spent", "order_count"]
    spent = [float(one["total_spent"]) for one in top]
    assert spent == sorted(spent, reverse=True)
    best = sorted(rows["customer_lifetime_value"], key=lambda row: row["total_spent"])
    assert spent[0] == float(best[-1]["total_spent"])
    assert len(top) == len(best)
    products = {one["product_id"]: one["units_sold"] for one in asked(shop, "product_metrics")}
    assert products == {row["product_id"]: row["units_sold"] for row in rows["product_performance"]}

    late = tmp_path / "orders_late.csv"
    head = "order_id,customer_id,order_date,total_amount,status"
    late.write_text(f"{head}\n1,1,2024-12-28 10:00:00,0.35,completed\n")
    take(warehouse, "orders", [late])
    reply = shop.get("/api/v1/daily_sales", shop.keys["analyst"])
    assert reply.headers["txcat-mart"] == "behind"
    reply = shop.get("/api/v1/fact_payments", shop.keys["analyst"])
    assert reply.status_code == 404
    assert "txcat marts" in reply.json()["detail"]


def test_every_mart_says_what_tells_its_rows_apart() -> None:
    assert [mart.name for mart in mart_tables().values() if not mart.key] == []
