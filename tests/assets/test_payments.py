"""Payments with their users and currencies, by real runs.

What waits, what is released, and what is found suspicious.
"""

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import dagster as dg
import pytest

from data.make_samples import Sample, make_reference_data, make_samples, truth_of_all
from data.payment_oddities import PAYMENTS
from tests.assets.bank import CURRENCIES, DAY, HEADER, USERS, load, payment, put, scores
from tests.assets.installation import Installation, differing, said_by
from tests.warehouse.audit import audit
from txcat_assets.contracts.registry import all_contracts

CHECKS = "check_payments"
ABOVE: tuple[bool, list[str]] = (True, ["amount_above_limit"])
SOUND: tuple[bool, list[str]] = (False, [])


def reasons(site: Installation) -> dict[str, list[str]]:
    """Why payments are quarantined, by the last digit of their ids."""
    found = site.rows("SELECT transaction_id, reasons FROM quarantined.payments")
    return {id_[-1]: codes for id_, codes in found}


def test_a_payment_waits_for_what_it_names_and_is_released_by_the_next_run(
    bank: Installation,
) -> None:
    put(bank, "payments", HEADER + payment(1) + payment(2, receiver=9))
    unknown = ["unknown_sender", "unknown_receiver", "unknown_currency"]
    assert reasons(bank) == {"1": unknown, "2": unknown}
    put(bank, "users", USERS)
    put(bank, "currencies", CURRENCIES)
    load(bank, "payments")
    assert reasons(bank) == {"2": ["unknown_receiver"]}
    assert scores(bank) == {"1": SOUND}


def test_above_its_currencys_limit_a_payment_is_suspicious(bank: Installation) -> None:
    limits = {"payment_limits": {"JPY": Decimal(1_000_000), "BHD": Decimal("3800.5")}}
    bank = replace(bank, settings=bank.settings.model_copy(update=limits))
    put(bank, "users", USERS)
    put(bank, "currencies", CURRENCIES)
    amounts = [("10000", "USD"), ("10000.01", "USD"), ("15000", "JPY"), ("3800.501", "BHD")]
    lines = [payment(n, amount=a, currency=c) for n, (a, c) in enumerate(amounts, 1)]
    put(bank, "payments", HEADER + "".join(lines))
    assert scores(bank) == {"1": SOUND, "2": ABOVE, "3": SOUND, "4": ABOVE}


def test_the_days_materialization_tells_how_many_are_suspicious(bank: Installation) -> None:
    put(bank, "users", USERS)
    put(bank, "currencies", CURRENCIES)
    lines = [payment(n, amount=amount) for n, amount in enumerate(("10001.00", "20000.00", "5"))]
    bank.put(f"payments_{DAY}.csv", HEADER + "".join(lines))
    done = bank.load_days("payments", DAY)
    (told,) = done.asset_materializations_for_node("scored_payments")
    shown = ("dagster/row_count", "is_suspicious: true", "reasons: amount_above_limit")
    assert [told.metadata[name].value for name in shown] == [3, 2, 2]
    (judged,) = [
        one
        for one in done.asset_materializations_for_node("validated_payments")
        if one.asset_key.path[0] == "validated"
    ]
    assert judged.metadata["sum of amount: USD, completed"].value == 30006.0


def test_payments_that_wait_are_no_breach_and_say_what_to_do(bank: Installation) -> None:
    put(bank, "payments", HEADER + payment(1) + payment(2, receiver=9))
    nodes = bank.definitions.resolve_job_def(CHECKS).nodes
    ops: dict[str, object] = {node.name: {"config": {}} for node in nodes}
    done = bank.run(CHECKS, run_config={"ops": ops})
    said = said_by(done)
    assert done.success
    waiting = {"unknown_sender", "unknown_receiver", "unknown_currency"}
    assert {name for name, one in said.items() if not one.passed} == waiting
    assert {said[name].severity.value for name in waiting} == {"WARN"}
    words = said["unknown_sender"].description or ""
    assert "2 of 2 records wait for users that sender_id names." in words
    assert "txcat load --dataset users PATH" in words
    assert said["share_quarantined"].metadata["largest share of a day"].value == 0


def test_users_and_currencies_are_upstream_of_payments(bank: Installation) -> None:
    graph = bank.definitions.resolve_asset_graph()
    for schema in ("validated", "quarantined"):
        parents = {
            key.to_user_string() for key in graph.get(dg.AssetKey([schema, "payments"])).parent_keys
        }
        assert parents == {"raw/payments", "validated/users", "validated/currencies"}


def test_a_new_limit_scores_a_day_anew_and_keeps_what_was_said_before(bank: Installation) -> None:
    put(bank, "users", USERS)
    put(bank, "currencies", CURRENCIES)
    put(bank, "payments", HEADER + payment(1, amount="900.00") + payment(2))
    lower = bank.settings.model_copy(update={"payment_limit": Decimal(500)})
    stricter = replace(bank, settings=lower)
    load(stricter, "payments")
    assert scores(bank) == {"1": ABOVE, "2": SOUND}
    before = "SELECT DISTINCT _previous_is_suspicious, model_version = _previous_model_version"
    assert bank.rows(f"{before} FROM scored.payments") == [(False, False)]
    scored = bank.everything()
    load(stricter, "payments")
    assert differing(scored, bank.everything()) == []


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Sample]]:
    folder = tmp_path_factory.mktemp("samples")
    references = {one: make_reference_data(folder, one) for one in ("users", "currencies")}
    return {"payments": make_samples(folder, PAYMENTS, rows=200), **references}


def take_in(site: Installation, samples: dict[str, list[Sample]], *datasets: str) -> None:
    for dataset in datasets:
        for sample in samples[dataset]:
            site.put(sample.path.name, sample.path.read_bytes())
        first, last = (f"{samples[dataset][number].day}" for number in (0, -1))
        assert site.load_days(dataset, first, last).success


@pytest.mark.parametrize(
    "payments_first", [False, True], ids=["references first", "payments first"]
)
def test_every_record_of_the_samples_meets_the_fate_it_was_made_for(
    bank: Installation, samples: dict[str, list[Sample]], payments_first: bool
) -> None:
    order = ["payments"] * payments_first + ["users", "currencies", "payments"]
    take_in(bank, samples, *order)
    for dataset, made in samples.items():
        truth = truth_of_all(made)
        counts = "SELECT sum(landed), sum(validated), sum(duplicate) FROM ledger.slices"
        (found,) = bank.rows(f"{counts} WHERE dataset = '{dataset}'")
        assert tuple(map(int, found)) == (truth.landed, truth.validated, truth.duplicate)
        quarantined = bank.rows(f"SELECT unnest(reasons) FROM quarantined.{dataset}")
        assert Counter(code for (code,) in quarantined) == truth.quarantined
        audit(bank.warehouse, all_contracts()[dataset])
    suspicious = bank.rows("SELECT count(*) FILTER (WHERE is_suspicious) FROM scored.payments")
    assert suspicious == [(truth_of_all(samples["payments"]).suspicious,)]
