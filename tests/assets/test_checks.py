"""Each asset check says what is so: it passes on sound days and fails when it should."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

import dagster as dg
import pytest

from tests.assets.bank import put
from tests.assets.installation import Installation, said_by
from tests.assets.records import file_of, line, sound
from tests.fakes import FakeModel
from txcat_assets.clock import utc_now

DAY = "2025-01-03"
ERROR = dg.AssetCheckSeverity.ERROR


def failed(said: dict[str, dg.AssetCheckEvaluation]) -> dict[str, str]:
    """The failed checks with their severity."""
    return {name: found.severity.value for name, found in said.items() if not found.passed}


def with_limits(site: Installation, **settings: object) -> Installation:
    """The same installation under other settings."""
    return replace(site, settings=site.settings.model_copy(update=settings))


def test_a_sound_day_passes_every_check(site: Installation) -> None:
    site.put(f"transactions_{DAY}.csv", sound(*range(1, 30)))
    site.load(DAY)
    said = site.check(DAY)
    assert len(said) == 27
    assert failed(said) == {}
    assert said["description_too_long"].description == (
        "description must have at most 1,000 characters."
    )


SPOILED = {
    "amount_invalid": line(90, amount="x"),
    "amount_missing": line(90, amount=""),
    "amount_too_precise": line(90, amount="-1.005"),
    "amount_out_of_range": line(90, amount="-" + "9" * 30),
    "id_invalid": line(90, key="{oops"),
    "id_missing": line(90, key=""),
    "side_unknown": line(90, side="sideways"),
    "side_missing": line(90, side=""),
    "timestamp_invalid": line(90, at="2023-02-30T00:00:00"),
    "timestamp_placeholder": line(90, at="1899-12-30T00:00:00"),
    "timestamp_in_future": line(90, at="2042-01-01T00:00:00"),
    "timestamp_missing": line(90, at=""),
    "description_missing": line(90).replace("Paiement CB 90", ""),
    "description_too_long": line(90).replace("Paiement", "P" * 1_001),
    "merchant_too_long": line(90).replace("Carrefour", "C" * 201),
    "operation_type_missing": line(90).replace("card_payment", ""),
    "operation_type_too_long": line(90).replace("card_payment", "c" * 101),
    "sign_disagrees_with_side": line(90, amount="7.00"),
    "unreadable_records": line(90) + ",one,two",
    "conflicts": line(107, amount="-123.45"),
}


def test_each_check_of_records_fails_for_its_own_reason_alone(site: Installation) -> None:
    padding = map(line, range(100, 500))
    site.put(f"transactions_{DAY}.csv", file_of(*padding, *SPOILED.values()))
    site.load(DAY)
    said = site.check(DAY)
    assert failed(said) == dict.fromkeys(SPOILED, "WARN")
    assert {name: said[name].metadata["records"].value for name in SPOILED} == dict.fromkeys(
        SPOILED, 1
    )


def test_every_rule_of_the_contract_is_spoiled_above(site: Installation) -> None:
    doors = {"no_file_set_aside", "topic_is_whole"}
    records = {"conservation", "meets_contract", "share_quarantined"} | doors
    stages = {"nothing_pending_too_long", "none_refused"}
    graph = site.definitions.resolve_asset_graph()
    assert {key.name for key in graph.asset_check_keys} - records - stages == set(SPOILED)


def test_a_broken_rule_says_how_many_what_share_and_which(site: Installation) -> None:
    records = [line(number) for number in range(1, 39)]
    site.put(
        f"transactions_{DAY}.csv", file_of(*records, line(90, amount="a"), line(91, amount="b"))
    )
    site.load(DAY)
    found = site.check(DAY)["amount_invalid"]
    shown = {name: entry.value for name, entry in found.metadata.items()}
    assert (shown["records"], shown["share"]) == (2, 0.05)
    assert (shown["days"], shown["number of days"]) == (f"{DAY} to {DAY}", 1)
    assert "Paiement CB 90" in str(shown["sample"])
    assert "Paiement CB 91" in str(shown["sample"])


@pytest.mark.parametrize(("threshold", "severity"), [(0.05, "WARN"), (0.04, "ERROR")])
def test_rules_are_warnings_up_to_the_threshold(
    site: Installation, threshold: float, severity: str
) -> None:
    records = [line(number) for number in range(1, 20)]
    site.put(f"transactions_{DAY}.csv", file_of(*records, line(90, amount="x")))
    site.load(DAY)
    said = failed(with_limits(site, quarantine_threshold=threshold).check(DAY))
    assert said.pop("amount_invalid") == severity
    assert said == ({"share_quarantined": "ERROR"} if severity == "ERROR" else {})


def test_good_days_do_not_hide_a_bad_one(site: Installation) -> None:
    site.put("transactions_2025-01-03.csv", file_of(line(1), line(2, amount="x")))
    site.put("transactions_2025-01-04.csv", sound(*range(100, 200)))
    site.load("2025-01-03", "2025-01-04")
    said = site.check("2025-01-03", "2025-01-04")
    assert failed(said) == {"share_quarantined": "ERROR", "amount_invalid": "ERROR"}
    assert "On 2025-01-03; not on" in (said["share_quarantined"].description or "")


@pytest.mark.parametrize(
    "spoiling",
    [
        "DELETE FROM raw.transactions WHERE _position = 1",
        "INSERT INTO raw.transactions SELECT * FROM raw.transactions WHERE _position = 1",
        "DELETE FROM judged.transactions WHERE _position = 1",
        "UPDATE judged.transactions SET _place = 3 WHERE _position = 1",
    ],
    ids=["lost_from_raw", "twice_in_raw", "lost_when_judged", "moved_by_hand"],
)
def test_conservation_sees_what_is_lost_or_doubled_by_hand(
    site: Installation, spoiling: str
) -> None:
    site.put(f"transactions_{DAY}.csv", sound(1, 2, 3))
    site.load(DAY)
    site.spoil(spoiling)
    found = site.check(DAY)["conservation"]
    assert (found.passed, found.severity) == (False, ERROR)
    assert found.metadata["broken slices"].value == 1
    assert "slice 1000000: 3 landed" in (found.description or "")


@pytest.mark.parametrize(
    ("spoiling", "code"),
    [
        ("description = NULL", "description_missing"),
        ("side = 'sideways'", "side_unknown"),
        ("\"timestamp\" = TIMESTAMP '2042-01-01'", "timestamp_in_future"),
        ("merchant = repeat('m', 300)", "merchant_too_long"),
    ],
)
def test_the_stored_table_is_read_anew(site: Installation, spoiling: str, code: str) -> None:
    site.put(f"transactions_{DAY}.csv", sound(1, 2, 3))
    site.load(DAY)
    site.spoil(f"UPDATE judged.transactions SET {spoiling} WHERE _position = 1")
    found = site.check(DAY)["meets_contract"]
    assert (found.passed, found.severity) == (False, ERROR)
    assert f"{code}: 1 row" in (found.description or "")


def test_a_stored_warning_is_no_broken_table(site: Installation) -> None:
    site.put(f"transactions_{DAY}.csv", file_of(line(1, amount="7.00")))
    site.load(DAY)
    assert site.check(DAY)["meets_contract"].passed


@pytest.mark.parametrize(
    "content",
    [b"PK\x03\x04\x00\x00", b"", b"id,amount\n1,2\n"],
    ids=["binary", "empty", "columns_missing"],
)
def test_a_refused_file_is_an_error_and_the_others_land(site: Installation, content: bytes) -> None:
    site.put(f"transactions_{DAY}_a.csv", content)
    site.put(f"transactions_{DAY}_b.csv", sound(1))
    assert site.load(DAY).success
    found = site.check(DAY)["no_file_set_aside"]
    assert (found.passed, found.severity) == (False, ERROR)
    assert "1 of 2 files were set aside" in (found.description or "")
    assert f"transactions_{DAY}_a.csv" in str(found.metadata["details"].value)
    assert site.rows("SELECT count(*) FROM categorized.transactions") == [(1,)]


@pytest.mark.parametrize(("limit_hours", "passed"), [(24.0, True), (1.0, False)])
def test_pending_records_may_wait_for_a_while(
    site: Installation, limit_hours: float, passed: bool
) -> None:
    site.put(f"transactions_{DAY}.csv", sound(1, 2))
    site = with_limits(site, pending_limit_hours=limit_hours)
    site.resources = {"enrichers": lambda *_: nullcontext(FakeModel("down", lasts=0))}
    assert not site.load(DAY).success
    earlier = utc_now() - timedelta(hours=3)
    site.spoil(f"UPDATE ledger.slices SET landed_at = TIMESTAMP '{earlier}'")
    found = site.check(DAY)["nothing_pending_too_long"]
    assert (found.passed, found.metadata["pending records"].value) == (passed, 2)
    assert str(found.metadata["oldest has waited, hours"].value).startswith(("3.0", "2.9"))


def test_what_the_service_refuses_is_a_warning(site: Installation) -> None:
    site.put(f"transactions_{DAY}.csv", sound(1, 2))
    site.resources = {"enrichers": lambda *_: nullcontext(FakeModel("m", is_picky=True))}
    site.put(f"transactions_{DAY}.csv", file_of(line(1), line(2, amount="3.00", side="credit")))
    assert site.load(DAY).success
    said = site.check(DAY)
    assert failed(said) == {"none_refused": "WARN"}
    assert said["none_refused"].metadata["refused records"].value == 1


def test_what_is_expected_of_two_records_is_a_check_that_only_warns(bank: Installation) -> None:
    customer = "customer_id,name,email,country,join_date\n1,Ann,a@example.com,DE,2025-01-02\n"
    orders = "order_id,customer_id,order_date,total_amount,status\n" + "".join(
        f"{number},1,{day} 23:59:59,1.00,completed\n"
        for number, day in enumerate(("2025-01-01", "2025-01-02"), 1)
    )
    put(bank, "customers", customer)
    put(bank, "orders", orders)
    done = bank.run("check_orders")
    assert done.success
    said = said_by(done)
    assert failed(said) == {"before_customer_joined": "WARN"}
    found = said["before_customer_joined"]
    assert (found.description or "").startswith("1 of 2 current records do not meet: An order is")
    assert "2025-01-01 23:59:59" in str(found.metadata["sample"])
