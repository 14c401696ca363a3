"""The mart of payments goes along with their runs, and can be had alone."""

from collections.abc import Mapping
from dataclasses import replace

import dagster as dg
import pytest

from tests.assets.bank import CURRENCIES, DAY, HEADER, USERS, load, payment, put
from tests.assets.installation import Installation, differing, said_by

ALERTS = dg.AssetKey(["alerts", "payments"])


@pytest.fixture
def paying(bank: Installation) -> Installation:
    """An installation that knows its users and currencies."""
    put(bank, "users", USERS)
    put(bank, "currencies", CURRENCIES)
    return bank


def alerts(site: Installation) -> dict[str, list[str]]:
    """By what each payment stands out, by the last digit of its id."""
    found = site.rows("SELECT transaction_id::VARCHAR, reasons FROM alerts.payments ORDER BY 1")
    return {id_[-1]: codes for id_, codes in found}


def test_a_run_of_payments_brings_the_mart_up_to_date(paying: Installation) -> None:
    put(paying, "payments", HEADER + payment(1) + payment(2))
    assert alerts(paying) == {}
    put(paying, "payments", HEADER + payment(3), "2025-01-04")
    assert {*alerts(paying)} == {"1", "2", "3"}


def test_what_is_released_counts_as_well(bank: Installation) -> None:
    put(bank, "currencies", CURRENCIES)
    put(bank, "payments", HEADER + payment(1, amount="9000.00"))
    put(bank, "users", USERS)
    assert alerts(bank) == {}
    load(bank, "payments")
    assert alerts(bank) == {"1": ["much_to_new_receiver"]}


def test_again_it_changes_nothing(paying: Installation) -> None:
    put(paying, "payments", HEADER + payment(1, amount="9000.00"))
    before = paying.everything()
    load(paying, "payments")
    assert differing(before, paying.everything()) == []


def test_it_can_be_materialized_alone_without_a_day(paying: Installation) -> None:
    put(paying, "payments", HEADER + payment(1, amount="9000.00"))
    paying.spoil("DELETE FROM alerts.payments")
    done = paying.run(
        "__ASSET_JOB",
        asset_selection=[ALERTS],
        run_config={"ops": {"alerts_payments": {"config": {"full_refresh": True}}}},
    )
    assert done.success
    (made,) = done.asset_materializations_for_node("alerts_payments")
    assert made.metadata["dagster/row_count"].value == 1
    assert made.metadata["entities updated"].value == 1
    assert alerts(paying) == {"1": ["much_to_new_receiver"]}


def test_its_rows_are_compared_with_a_recount_and_counted(paying: Installation) -> None:
    put(paying, "payments", HEADER + payment(1, amount="9000.00"))
    assert failed_checks(paying) == {}
    paying.spoil("INSERT INTO alerts.payments SELECT * FROM alerts.payments")
    assert failed_checks(paying) == {"nothing_told_twice": 1}
    paying.spoil("DELETE FROM alerts.payments")
    assert failed_checks(paying) == {"rows_equal_a_recount": 1}
    paying.spoil(NOTE_SENDER)  # then it is known to be out of date, and not late yet
    assert failed_checks(paying) == {}
    hasty = paying.settings.model_copy(update={"pending_limit_hours": 1e-9})
    assert failed_checks(replace(paying, settings=hasty)) == {"nothing_left_behind": 1}
    load(paying, "payments")
    assert failed_checks(paying) == {}


NOTE_SENDER = (
    "INSERT INTO ledger.touched (dataset, watcher, entity, noted_at) SELECT 'payments', 'alerts', "
    "CAST(sender_id AS TEXT), (SELECT max(done_at) FROM ledger.stages) FROM validated.payments"
)


def failed_checks(site: Installation) -> dict[str, int]:
    """The checks of the mart that fail, and the number that it is about on the days."""
    days = {"ops": {"alerts_payments_checks": {"config": {"days": [DAY]}}}}
    done = site.run("check_payments", run_config=days)
    return {
        name: int(str(rows_of(found, "days that fail")[0]["number"]))
        for name, found in said_by(done).items()
        if found.asset_key == ALERTS and not found.passed
    }


def rows_of(found: dg.AssetCheckEvaluation, name: str) -> list[Mapping[str, object]]:
    """The rows of a table in what a check says."""
    shown = found.metadata[name]
    assert isinstance(shown, dg.TableMetadataValue)
    return [record.data for record in shown.records]


def test_payments_that_were_validated_alone_are_told_of_by_the_backlog(
    paying: Installation,
) -> None:
    paying.put(f"payments_{DAY}.csv", HEADER + payment(1, amount="9000.00"))
    picked = [dg.AssetKey([one, "payments"]) for one in ("raw", "validated", "scored")]
    assert paying.materialize(DAY, asset_selection=picked).success
    assert alerts(paying) == {}
    tick = paying.tick("backlog", dataset="payments")
    assert isinstance(tick, dg.SensorResult)
    assert [request.partition_key for request in tick.run_requests or []] == [DAY]
    load(paying, "payments")
    assert {*alerts(paying)} == {"1"}
