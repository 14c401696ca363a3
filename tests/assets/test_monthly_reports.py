"""The monthly report of payments in Dagster: who asks for which month, and what becomes of it."""

import json
from datetime import UTC, datetime

import dagster as dg
import polars as pl
import pytest

from tests.assets.bank import CURRENCIES, HEADER, USERS, payment, put
from tests.assets.installation import Installation
from tests.assets.ticks import begin_run, reason
from txcat_assets.clock import utc_now

JOB, SENSOR = "report_payments_monthly", "reports"
JANUARY = "2025-01-01"


@pytest.fixture
def paying(bank: Installation) -> Installation:
    """An installation with two payments of January 2025."""
    put(bank, "users", USERS)
    put(bank, "currencies", CURRENCIES)
    put(bank, "payments", HEADER + payment(1) + payment(2, receiver=3, amount="9", currency="JPY"))
    return bank


def asked(site: Installation) -> list[str | None]:
    """The months that the sensor asks for."""
    tick = site.evaluate(SENSOR)
    assert isinstance(tick, dg.SensorResult), reason(tick)
    return [request.partition_key for request in tick.run_requests or []]


def test_a_late_payment_restates_its_month_by_itself(paying: Installation) -> None:
    assert "0 months have changed" in reason(paying.tick(SENSOR))
    done = paying.run(JOB, partition_key=JANUARY)
    assert done.success
    (made,) = done.get_asset_materialization_events()
    assert made.partition == JANUARY
    metadata = made.materialization.metadata
    assert (metadata["dagster/row_count"].value, metadata["restated"].value) == (4, False)
    assert "0 months have changed" in reason(paying.tick(SENSOR))

    put(paying, "payments", HEADER + payment(3), "2025-01-04")
    assert asked(paying) == [JANUARY]
    begun = begin_run(paying, JOB, day=JANUARY)
    assert "all of them are being made" in reason(paying.tick(SENSOR))
    paying.instance.report_run_failed(begun)
    assert paying.run(JOB, partition_key=JANUARY).success

    folder = paying.settings.reports_folder / "payments_monthly"
    summary = json.loads((folder / "2025-01.json").read_text())
    assert (summary["restated"], summary["last"]["file"]) == (True, "2025-01.2.csv")
    assert summary["last"]["changes"]["changed"] == 2
    assert summary["sums"] == [
        {"currency": "JPY", "total_sent": "9.0000", "total_received": "9.0000"},
        {"currency": "USD", "total_sent": "10.0000", "total_received": "10.0000"},
    ]
    rows = pl.read_csv(folder / "2025-01.2.csv", infer_schema=False)
    assert rows.rows() == [
        (f"00000000-0000-0000-0000-00000000000{user}", currency, "2025-01-02", sent, received)
        for user, currency, sent, received in (
            ("1", "JPY", "9.0000", "0.0000"),
            ("1", "USD", "10.0000", "0.0000"),
            ("2", "USD", "0.0000", "10.0000"),
            ("3", "JPY", "0.0000", "9.0000"),
        )
    ]


def test_a_month_that_is_not_over_is_left_until_it_is(paying: Installation) -> None:
    assert paying.run(JOB, partition_key=JANUARY).success
    now = utc_now()
    lines = payment(3).replace("2025-01-02T10:00:00Z", f"{now:%Y-%m-%dT%H:%M:%SZ}")
    put(paying, "payments", HEADER + lines, f"{now:%Y-%m-%d}")
    assert "of these 0 are over" in reason(paying.tick(SENSOR))
    with pytest.raises(dg.DagsterUnknownPartitionError, match=f"{now:%Y-%m}-01"):
        paying.run(JOB, partition_key=f"{now:%Y-%m}-01")


def test_the_schedule_asks_on_the_1st_for_the_month_past(bank: Installation) -> None:
    schedule = bank.definitions.resolve_schedule_def("monthly_payments_monthly")
    context = dg.build_schedule_context(
        bank.instance,
        scheduled_execution_time=datetime(2025, 3, 1, 1, tzinfo=UTC),
        repository_def=bank.definitions.get_repository_def(),
    )
    (request,) = schedule.evaluate_tick(context).run_requests or []
    assert request.partition_key == "2025-02-01"
