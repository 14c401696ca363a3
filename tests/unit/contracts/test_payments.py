"""What a payment must be: each rule alone, by the judge."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from iso4217 import Currency

from txcat_assets.contracts.iso4217 import MINOR_UNITS
from txcat_assets.contracts.payments import CONTRACT, scores
from txcat_assets.pipeline.computed import ComputedStage
from txcat_assets.pipeline.judge import judge

A, B = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
SOUND = {
    "transaction_id": "a1b2c3d4-e5f6-7a8b-9c0d-111111111111",
    "sender_id": A,
    "receiver_id": B,
    "amount": "250.00",
    "currency": "USD",
    "timestamp": "2025-05-01T12:00:00Z",
    "status": "completed",
}


def judged(*changes: dict[str, str | None]) -> list[dict[str, Any]]:
    """What becomes of payments that are sound but for some fields."""
    address = {"_slice_id": 1, "_day": date(2025, 5, 2), "_extra": None, "_fault": None}
    rows = [address | {"_position": n} | SOUND | change for n, change in enumerate(changes)]
    texts = dict.fromkeys([*SOUND, "_extra", "_fault"], pl.String)
    raw = pl.DataFrame(rows, schema_overrides=texts)
    return judge(CONTRACT, raw, decimal_comma=False).rows(named=True)


def reasons(**fields: str | None) -> list[str] | None:
    """Why a payment with these fields is rejected."""
    (found,) = judged(fields)
    codes: list[str] | None = found["_codes"]
    return codes


def test_a_sound_payment_is_typed() -> None:
    (found,) = judged({"currency": "usd", "timestamp": "2025-05-01T20:00:00+08:00"})
    assert found["amount"] == Decimal("250.0000")
    assert found["currency"] == "USD"
    assert found["timestamp"] == datetime(2025, 5, 1, 12)  # noqa: DTZ001 - kept as UTC
    assert (found["_is_valid"], found["_codes"]) == (True, None)


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({"transaction_id": "invalid-uuid"}, ["transaction_id_invalid"]),
        ({"sender_id": "17"}, ["sender_id_invalid"]),
        ({"receiver_id": None}, ["receiver_id_missing"]),
        ({"amount": "0"}, ["amount_not_positive"]),
        ({"amount": "-5.00"}, ["amount_not_positive"]),
        ({"amount": "0.001"}, ["amount_finer_than_currency"]),
        ({"amount": "-0.001"}, ["amount_not_positive", "amount_finer_than_currency"]),
        ({"amount": "0.00001"}, ["amount_too_precise"]),
        ({"currency": "XAU"}, ["currency_unknown"]),
        ({"currency": "US Dollar"}, ["currency_unknown"]),
        ({"timestamp": "2025-05-01T12:00:00"}, ["timestamp_without_offset"]),
        ({"timestamp": "not-a-time"}, ["timestamp_invalid"]),
        ({"timestamp": "2025-05-04T00:00:00Z"}, ["timestamp_in_future"]),
        ({"status": "oops"}, ["status_unknown"]),
        ({"receiver_id": A}, ["sender_is_receiver"]),
        ({"receiver_id": f"{{{A}}}".upper()}, ["sender_is_receiver"]),
        ({"sender_id": "x", "receiver_id": "x"}, ["sender_id_invalid", "receiver_id_invalid"]),
    ],
    ids=json.dumps,
)
def test_each_rule_speaks_for_itself(fields: dict[str, str | None], codes: list[str]) -> None:
    assert reasons(**fields) == codes


@pytest.mark.parametrize("currency", MINOR_UNITS)
def test_an_amount_has_at_most_the_decimal_places_of_its_currency(currency: str) -> None:
    places = MINOR_UNITS[currency]
    smallest, finer = Decimal(1).scaleb(-places), Decimal(1).scaleb(-places - 1)
    assert reasons(amount=f"{smallest:f}", currency=currency) is None
    too_fine = "amount_too_precise" if places == 4 else "amount_finer_than_currency"
    assert reasons(amount=f"{finer:f}", currency=currency) == [too_fine]
    assert reasons(amount="12.0", currency=currency) is None


def test_the_currencies_are_those_of_iso_4217() -> None:
    """Red after `make pins ARGS=--upgrade`: mend the list, raise the contracts' versions."""
    known = {one.code: one.exponent for one in Currency if one.exponent is not None}
    assert known == MINOR_UNITS


def score(amount: str, currency: str, **limits: Decimal) -> tuple[bool, list[str]]:
    """What the stage `scored` says of an amount, where only dollars have the usual limit."""
    expressions = scores(Decimal(10_000), limits)
    payment = pl.DataFrame(judged({"amount": amount, "currency": currency}))
    (answers,) = ComputedStage(CONTRACT.stages[0], expressions).answers(payment)
    (found,) = answers.select("is_suspicious", "reasons").rows()
    return found


@pytest.mark.parametrize(
    ("amount", "currency", "is_suspicious"),
    [
        ("10000.00", "USD", False),
        ("10000.01", "USD", True),
        ("10001", "JPY", False),
        ("1000001", "JPY", True),
        ("3800.000", "BHD", False),
        ("3800.001", "BHD", True),
    ],
)
def test_above_the_limit_of_its_currency_a_payment_is_suspicious(
    amount: str, currency: str, is_suspicious: bool
) -> None:
    found = score(amount, currency, JPY=Decimal(1_000_000), BHD=Decimal(3_800))
    assert found == (is_suspicious, ["amount_above_limit"] * is_suspicious)


def test_another_limit_of_any_currency_is_another_version() -> None:
    def version(limit: int, **limits: Decimal) -> str:
        return ComputedStage(CONTRACT.stages[0], scores(Decimal(limit), limits)).version()

    found = {version(1), version(2), version(1, USD=Decimal(2)), version(1, EUR=Decimal(2))}
    assert len(found) == 4
    assert version(1, USD=Decimal(2), EUR=Decimal(3)) == version(1, EUR=Decimal(3), USD=Decimal(2))
