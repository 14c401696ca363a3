"""What stands out among all payments of a sender, against a plain look at one after the other.

The order in which payments came, and who else paid meanwhile, must not show.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from txcat_assets.contracts.payments import CONTRACT
from txcat_assets.pipeline.computed import ComputedMart
from txcat_assets.pipeline.parse import typed_columns

(MART,) = CONTRACT.marts
START = datetime(2025, 1, 1, tzinfo=UTC).replace(tzinfo=None)
LIMIT, LIMITS = Decimal(100), {"JPY": Decimal("1000.5")}


@dataclass(frozen=True)
class Payment:
    """A validated payment, so many seconds after the start."""

    id: int
    sender: str = "a"
    receiver: str = "b"
    amount: Decimal = Decimal(1)
    currency: str = "USD"
    seconds: int = 0

    @property
    def order(self) -> tuple[int, str]:
        """By time, then by key as text."""
        return self.seconds, f"{self.id:03}"


def alerts(payments: Sequence[Payment], limit: Decimal = LIMIT) -> dict[int, list[str]]:
    """By what each payment stands out, as txcat says."""
    columns = {
        "transaction_id": [f"{one.id:03}" for one in payments],
        "sender_id": [one.sender for one in payments],
        "receiver_id": [one.receiver for one in payments],
        "amount": [one.amount for one in payments],
        "currency": [one.currency for one in payments],
        "timestamp": [START + timedelta(seconds=one.seconds) for one in payments],
    }
    schema = {name: typed_columns(CONTRACT)[name] for name in columns}
    said = MART.answered_by.of(payment_limit=limit, payment_limits=LIMITS)
    rows = ComputedMart(CONTRACT, MART, said).rows(pl.DataFrame(columns, schema))
    return {int(id_): codes for id_, codes in rows.select("transaction_id", "reasons").rows()}


def plain_alerts(payments: Sequence[Payment]) -> dict[int, list[str]]:
    """The same, by looking back from each payment over all of its sender."""
    found = {}
    for one in payments:
        own = [p for p in payments if p.sender == one.sender]
        short = [p for p in own if 0 <= one.seconds - p.seconds < 600]
        alike = [p for p in own if (p.amount, p.currency) == (one.amount, one.currency)]
        long = [p for p in alike if 0 <= one.seconds - p.seconds < 86_400]
        known = any(p.receiver == one.receiver and p.order < one.order for p in own)
        is_much = one.amount > LIMITS.get(one.currency, LIMIT) / 2
        reasons = {
            "many_payments": len(short) > 5,
            "amount_repeated": len(long) >= 3,
            "much_to_new_receiver": is_much and not known,
        }
        if any(reasons.values()):
            found[one.id] = [code for code, is_so in reasons.items() if is_so]
    return found


some_payments = st.lists(
    st.builds(
        Payment,
        id=st.integers(0, 999),
        sender=st.sampled_from("aab"),
        receiver=st.sampled_from("cde"),
        amount=st.sampled_from([Decimal(text) for text in ("1", "50", "50.0001", "500.25", "501")]),
        currency=st.sampled_from(["USD", "USD", "JPY"]),
        seconds=st.sampled_from([0, 1, 300, 599, 600, 601, 86_399, 86_400, 86_700]),
    ),
    max_size=14,
    unique_by=lambda one: one.id,
)


@given(some_payments)
def test_what_stands_out_is_what_a_plain_look_finds(payments: list[Payment]) -> None:
    assert alerts(payments) == plain_alerts(payments)


@given(some_payments, st.randoms(use_true_random=False))
def test_the_order_in_which_payments_came_does_not_show(
    payments: list[Payment], random: Random
) -> None:
    shuffled = random.sample(payments, len(payments))
    assert alerts(shuffled) == alerts(payments)


@given(some_payments)
def test_what_others_paid_does_not_show(payments: list[Payment]) -> None:
    alone = [one for one in payments if one.sender == "a"]
    of_all = alerts(payments)
    assert alerts(alone) == {one.id: of_all[one.id] for one in alone if one.id in of_all}


def test_more_than_five_payments_in_ten_minutes_stand_out_from_the_sixth_on() -> None:
    payments = [Payment(n, amount=Decimal(n + 1), seconds=n * 100) for n in range(7)]
    assert alerts(payments) == {5: ["many_payments"], 6: ["many_payments"]}


def test_the_same_amount_stands_out_the_third_time_in_a_day() -> None:
    payments = [Payment(n, seconds=n * 1000) for n in range(3)]
    assert alerts(payments) == {2: ["amount_repeated"]}


def test_the_first_payment_to_a_receiver_stands_out_above_half_of_the_limit() -> None:
    payments = [
        Payment(1, amount=Decimal(50)),
        Payment(2, receiver="c", amount=Decimal("50.0001")),
        Payment(3, receiver="c", amount=Decimal(90), seconds=1),
        Payment(4, receiver="d", amount=Decimal("500.25"), currency="JPY"),
    ]
    assert alerts(payments) == {2: ["much_to_new_receiver"]}


def test_another_limit_is_another_version() -> None:
    versions = {
        ComputedMart(
            CONTRACT, MART, MART.answered_by.of(payment_limit=limit, payment_limits={})
        ).version()
        for limit in (Decimal(1), Decimal(2))
    }
    assert len(versions) == 2
