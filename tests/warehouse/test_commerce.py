"""The shop's datasets: the sample files and, where they are there, the real ones, by the record."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from data.commerce import EARLY_ORDERS, LATE_CUSTOMER, ODD_TOTALS
from data.make_samples import FIRST_DAY, Sample, truth_of_all
from tests.warehouse.audit import audit
from tests.warehouse.shop import DATASETS, REAL, REAL_DAY, rows, take, take_samples
from tests.warehouse.tiny import Clock
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.defs.checked_days import CheckedDays
from txcat_assets.defs.verdicts import Verdict, expectation
from txcat_assets.settings import Settings
from txcat_assets.warehouse.databases.interface import Warehouse


def fates(warehouse: Warehouse, dataset: str) -> dict[str, Any]:
    """Where the records of a dataset are, by the ledger, and why."""
    (counts,) = rows(
        warehouse,
        "SELECT sum(landed)::INTEGER, sum(validated)::INTEGER, sum(duplicate)::INTEGER "
        f"FROM ledger.slices WHERE dataset = '{dataset}'",
    )
    found = rows(warehouse, f"SELECT reasons FROM quarantined.{dataset}")
    reasons = Counter(code for (codes,) in found for code in codes)
    return dict(zip(("landed", "validated", "duplicate"), counts, strict=True)) | {
        "quarantined": dict(sorted(reasons.items()))
    }


def of_samples(samples: Sequence[Sample]) -> dict[str, Any]:
    truth = truth_of_all(samples)
    return {
        "landed": truth.landed,
        "validated": truth.validated,
        "duplicate": truth.duplicate,
        "quarantined": truth.quarantined,
    }


def before_customer_joined(warehouse: Warehouse, *days: date) -> Verdict:
    """What the check of orders says of these days."""
    contract = all_contracts()["orders"]
    (expected,) = contract.expectations
    checked = CheckedDays(warehouse, contract, days, Clock()(), Settings())
    return expectation(expected)(checked)


@pytest.fixture
def shop(warehouse: Warehouse, tmp_path: Path) -> dict[str, list[Sample]]:
    """The samples of every dataset, loaded in an order in which records had to wait."""
    return take_samples(warehouse, tmp_path)


def test_every_record_of_the_samples_meets_its_fate(
    warehouse: Warehouse, shop: dict[str, list[Sample]]
) -> None:
    for dataset in DATASETS:
        audit(warehouse, all_contracts()[dataset])
        assert fates(warehouse, dataset) == of_samples(shop[dataset]), dataset
    assert rows(warehouse, "SELECT count(*) FROM current.orders WHERE status = 'pending'") == [(0,)]
    assert rows(warehouse, "SELECT max(product_id) + 1 FROM current.products") == [(15,)]
    assert len(rows(warehouse, "SELECT 1 FROM validated.orders WHERE status = 'pending'")) > 5


def test_the_lines_of_each_order_add_up_to_its_total_but_for_the_planted_ones(
    warehouse: Warehouse, shop: dict[str, list[Sample]]
) -> None:
    assert shop
    found = rows(
        warehouse,
        "SELECT o.order_id, o.total_amount - sum(l.line_amount) FROM current.orders o "
        "JOIN current.order_lines l ON l.order_id = o.order_id GROUP BY 1, o.total_amount",
    )
    assert {number: off for number, off in found if off} == dict.fromkeys(ODD_TOTALS, Decimal(1))


def test_orders_before_their_customer_joined_are_counted_as_both_are_now(
    warehouse: Warehouse, shop: dict[str, list[Sample]], tmp_path: Path
) -> None:
    assert shop
    first, later = FIRST_DAY, FIRST_DAY + timedelta(days=2)
    found = before_customer_joined(warehouse, first, later)
    assert sum(found.broken.values()) == len(EARLY_ORDERS) > 1
    assert not found.errors, "they are taken as they are"
    (current,) = rows(warehouse, "SELECT count(*) FROM current.orders")[0]
    assert found.metadata["share"] == len(EARLY_ORDERS) / current
    sample = [row.data for row in found.metadata["sample"].records]
    assert {row["order_id"] for row in sample} == {*EARLY_ORDERS}
    assert {row["customer.join_date"] for row in sample} == {"2025-01-02"}
    (mended := tmp_path / "customers_again.csv").write_text(
        "customer_id,name,email,country,join_date\n"
        f"{LATE_CUSTOMER},Late,late@example.com,DE,2024-01-02\n"
    )
    take(warehouse, "customers", [mended], FIRST_DAY + timedelta(days=3))
    assert before_customer_joined(warehouse, first, later).broken == {}


@pytest.mark.skipif(not REAL.exists(), reason=f"the real files are not beside the checkout: {REAL}")
def test_every_record_of_the_real_files_is_accounted_for(warehouse: Warehouse) -> None:
    shop, vouchers = REAL / "ecommerce", REAL / "talpa" / "sample.csv"
    take(warehouse, "customers", [shop / "customers.csv"], REAL_DAY)
    take(warehouse, "orders", [shop / "orders.csv", shop / "orders_pandas2_ns.csv"], REAL_DAY)
    take(warehouse, "voucher_orders", [vouchers], REAL_DAY)
    assert fates(warehouse, "customers")["validated"] == 1_000
    # The other file has three digits more of each time, and three times that differ by 1 µs.
    expected = {"landed": 10_000, "validated": 5_003, "duplicate": 4_997, "quarantined": {}}
    assert fates(warehouse, "orders") == expected
    found = before_customer_joined(warehouse, REAL_DAY)
    assert found.broken == {REAL_DAY: 4_128}
    assert found.breach == (
        "4,128 of 5,000 current records do not meet: "
        "An order is not made before the day on which its customer joined."
    )
    assert fates(warehouse, "voucher_orders") == {
        "landed": 200,
        "validated": 197,
        "duplicate": 0,
        "quarantined": {
            "order_date_in_future": 1,
            "paid_without_payment": 1,
            "voucher_status_unknown": 1,
        },
    }
    warnings = Counter(
        code
        for (codes,) in rows(warehouse, "SELECT _warnings FROM validated.voucher_orders")
        for code in codes or []
    )
    assert warnings == {
        "voucher_of_cancelled": 6,
        "refunded_without_payment": 3,
        "status_not_known": 1,
    }
    read = "SELECT payment_date::VARCHAR FROM current.voucher_orders WHERE order_id = 12667353"
    assert rows(warehouse, read) == [("2016-02-12 10:53:48",)]
