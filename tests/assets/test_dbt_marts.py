"""The marts of dbt in Dagster: what leads to them, who asks for them, one whose SQL is wrong."""

import shutil
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from tests.e2e.browser import Window
from tests.warehouse.shop import REAL_DAY, rows, take, take_samples
from txcat_assets.connections import warehouse_of
from txcat_assets.settings import Settings
from txcat_marts.dbt_run import Dbt, dbt_of
from txcat_marts.definitions import build_definitions
from txcat_marts.manifest import PROJECT

pytestmark = pytest.mark.slow

PARENTS = {
    "daily_sales": {"validated/orders"},
    "customer_orders": {"validated/customers", "validated/orders"},
    "customer_lifetime_value": {"marts/customer_orders"},
    "product_performance": {"validated/products", "validated/orders", "validated/order_lines"},
    "dim_user": {"validated/users"},
    "dim_currency": {"validated/currencies"},
    "dim_date": {"marts/fact_payments"},
    "fact_payments": {"validated/payments", "validated/users"},
    "payments_by_month": {"validated/payments"},
    "monthly_payments": {"marts/payments_by_month"},
    "sender_months": {"validated/payments"},
    "sender_churn": {"marts/sender_months"},
    "sender_cohorts": {"marts/sender_months"},
    "monthly_spending": {"categorized/transactions"},
}
MARTS = PARENTS.keys()


def keys(*paths: str) -> set[dg.AssetKey]:
    return {dg.AssetKey(path.split("/")) for path in paths}


def test_the_graph_leads_from_the_datasets_to_each_mart(tmp_path: Path) -> None:
    graph = build_definitions(Settings(home=tmp_path)).resolve_asset_graph()
    parents = {key.path[-1]: graph.get(key).parent_keys for key in graph.materializable_asset_keys}
    assert parents == {mart: keys(*paths) for mart, paths in PARENTS.items()}


def made_by(result: dg.ExecuteInProcessResult) -> set[str]:
    events = result.get_asset_materialization_events()
    return {one.asset_key.path[-1] for one in events if one.asset_key}


def asked(definitions: dg.Definitions, instance: dg.DagsterInstance) -> str:
    """What the sensor says: which marts are due, or why it asks for nothing."""
    warehouse = definitions.resources["warehouse"]  # type: ignore[index]
    with dg.build_sensor_context(
        instance=instance, resources={"warehouse": warehouse}, definitions=definitions
    ) as context:
        tick: Any = definitions.resolve_sensor_def("marts")(context)
    return str(tick.skip_message if isinstance(tick, dg.SkipReason) else tick.cursor)


def late_order(folder: Path) -> Path:
    late = folder / "orders_late.csv"
    late.write_text(
        "order_id,customer_id,order_date,total_amount,status\n"
        "900,1,2024-11-01 10:00:00,5.00,completed\n"
    )
    return late


def test_the_docs_of_dbt_are_one_page_that_asks_nobody(tmp_path: Path, window: Window) -> None:
    page = dbt_of(settings := Settings(home=tmp_path), warehouse_of(settings)).write_docs()
    shown = window.open(f"{page.as_uri()}#!/model/model.txcat.daily_sales", "Referenced By")
    assert "One row is a day, UTC, on which something was ordered." in shown
    assert "What the completed orders of the day cost together." in shown
    assert {one.partition(":")[0] for one in window.requests} == {"GET file"}


def broken_project(folder: Path) -> Path:
    """The project with a column mistyped in one model."""
    project = folder / "project"
    shutil.copytree(PROJECT, project)
    model = project / "models/commerce/daily_sales.sql"
    model.write_text(model.read_text().replace("sum(total_amount)", "sum(total_amout)"))
    return project


def test_they_are_asked_for_when_something_changed_and_a_wrong_one_stops_no_other(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    settings = Settings(home=tmp_path / "home")
    warehouse, definitions = warehouse_of(settings), build_definitions(settings)
    job = definitions.resolve_job_def("marts")
    take_samples(warehouse, tmp_path)
    assert asked(definitions, instance) == (
        "due: customer_orders, daily_sales, dim_currency, dim_user, fact_payments, "
        "monthly_spending, payments_by_month, product_performance, sender_months"
    )
    result = job.execute_in_process(instance=instance)
    assert made_by(result) == MARTS
    checks = result.get_asset_check_evaluations()
    assert len(checks) > 5
    assert all(check.passed for check in checks)
    assert asked(definitions, instance) == "Nothing has changed."
    assert made_by(job.execute_in_process(instance=instance)) == set()

    take(warehouse, "orders", [late_order(tmp_path)], REAL_DAY)
    assert asked(definitions, instance) == "due: customer_orders, daily_sales, product_performance"
    broken = Dbt(warehouse, settings.warehouse, tmp_path / "dbt", project=broken_project(tmp_path))
    failed = job.execute_in_process(
        instance=instance, resources={"dbt": broken, "warehouse": warehouse}, raise_on_error=False
    )
    assert not failed.success
    others = {"customer_orders", "customer_lifetime_value", "product_performance"}
    assert made_by(failed) == others, "and nothing that is not made of orders"
    (failure,) = [event for event in failed.all_events if event.is_step_failure]
    words = str(failure.step_failure_data.user_failure_data)
    assert "models/commerce/daily_sales.sql" in words
    assert "total_amout" in words
    assert "LINE " in words
    assert "failed" in asked(definitions, instance), "what fails is not asked for at once"
    assert rows(warehouse, "SELECT DISTINCT watcher FROM ledger.touched") == [
        ("marts.daily_sales",)
    ]
