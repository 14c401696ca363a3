"""Payments between users: what one is, when it is wrong, and when it is suspicious."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

import polars as pl

from txcat_assets.contracts.currencies import CONTRACT as CURRENCIES
from txcat_assets.contracts.iso4217 import CURRENCY_CODES, MINOR_UNITS
from txcat_assets.contracts.marts import Mart
from txcat_assets.contracts.model import (
    Answer,
    Choice,
    Codes,
    Column,
    Contract,
    Flag,
    Function,
    Id,
    Instant,
    Money,
    Reference,
    Rule,
    Stage,
)
from txcat_assets.contracts.rules import broken_codes
from txcat_assets.contracts.users import CONTRACT as USERS

AMOUNT = Money(18, max(MINOR_UNITS.values()))

MANY, SHORT = 5, timedelta(minutes=10)
"""More payments of one sender than this within so short a time stand out."""

OFTEN, LONG = 3, timedelta(days=1)
"""So many payments of one sender with the same amount and currency within this time stand out."""

SHARE = Decimal("0.5")
"""A first payment to a receiver stands out above this share of the limit."""


def by_currency(values: Mapping[str, Decimal], otherwise: Decimal | None = None) -> pl.Expr:
    """What is said of the payment's currency."""
    kept_as = pl.Decimal(AMOUNT.precision, AMOUNT.scale)
    return pl.col("currency").replace_strict(
        dict(sorted(values.items())), default=otherwise, return_dtype=kept_as
    )


SMALLEST = by_currency({code: Decimal(1).scaleb(-places) for code, places in MINOR_UNITS.items()})
"""The smallest amount of a currency: 1 yen, 0.01 dollars, 0.001 dinars."""


def signs(limit: Decimal, limits: Mapping[str, Decimal]) -> tuple[Rule, ...]:
    """What makes a payment suspicious when it does not hold."""
    return (
        Rule(
            code="amount_above_limit",
            description="The amount is above the limit of its currency.",
            holds=pl.col("amount") <= by_currency(limits, limit),
        ),
    )


def scores(payment_limit: Decimal, payment_limits: Mapping[str, Decimal]) -> dict[str, pl.Expr]:
    """What the stage `scored` says of a payment, by the settings of these names."""
    reasons = broken_codes(signs(payment_limit, payment_limits))
    return {"is_suspicious": reasons.list.len() > 0, "reasons": reasons}


def odd_among_others(limit: Decimal, limits: Mapping[str, Decimal]) -> tuple[Rule, ...]:
    """What makes a payment stand out among all of its sender when it does not hold.

    Payments that are pending or have failed count: who tries is as telling. Each looks back from
    the payment, so what comes later changes nothing that was said of earlier ones.
    """
    each = pl.col("transaction_id").is_not_null().cast(pl.Int64)
    in_short = each.rolling_sum_by("timestamp", SHORT).over("sender_id")
    in_long = each.rolling_sum_by("timestamp", LONG).over("sender_id", "amount", "currency")
    shares = {code: SHARE * of for code, of in limits.items()}
    is_known = ~pl.col("receiver_id").is_first_distinct().over("sender_id")
    return (
        Rule(
            code="many_payments",
            description=f"It is one of more than {MANY} payments of its sender within {SHORT}.",
            holds=in_short <= MANY,
        ),
        Rule(
            code="amount_repeated",
            description=f"Its sender paid the same amount {OFTEN} times or more within {LONG}.",
            holds=in_long < OFTEN,
        ),
        Rule(
            code="much_to_new_receiver",
            description=f"It is the first to its receiver, and above {SHARE:.0%} of the limit.",
            holds=is_known | (pl.col("amount") <= by_currency(shares, SHARE * limit)),
        ),
    )


def alerts(payment_limit: Decimal, payment_limits: Mapping[str, Decimal]) -> dict[str, pl.Expr]:
    """What the mart `alerts` says of a payment, by the settings of these names."""
    reasons = broken_codes(odd_among_others(payment_limit, payment_limits))
    return {"reasons": pl.when(reasons.list.len() > 0).then(reasons)}


CONTRACT = Contract(
    dataset="payments",
    version=1,
    description="One row is one payment from a user to another.",
    owner="team:data-platform",
    key="transaction_id",
    event_time="timestamp",
    files="payments*",
    topic="payments",
    columns=(
        Column("transaction_id", Id(takes_integers=False), "What tells payments apart."),
        Column("sender_id", Id(takes_integers=False), "The user who pays."),
        Column("receiver_id", Id(takes_integers=False), "The user who is paid."),
        Column("amount", AMOUNT, "What is paid, in the payment's currency."),
        Column("currency", Choice(CURRENCY_CODES, called="the codes of ISO 4217"), "Its currency."),
        Column("timestamp", Instant(needs_offset=True), "When it was made, UTC."),
        Column("status", Choice(("completed", "pending", "failed")), "How far it has come."),
    ),
    rules=(
        Rule(
            code="amount_not_positive",
            description="A payment is more than nothing.",
            holds=pl.col("amount") > 0,
        ),
        Rule(
            code="amount_finer_than_currency",
            description="An amount has no more decimal places than its currency: JPY none, BHD 3.",
            holds=pl.col("amount") % SMALLEST == 0,
        ),
        Rule(
            code="sender_is_receiver",
            description="Nobody pays himself.",
            holds=pl.col("sender_id") != pl.col("receiver_id"),
        ),
    ),
    references=(
        Reference("sender", "sender_id", USERS),
        Reference("receiver", "receiver_id", USERS),
        Reference("currency", "currency", CURRENCIES),
    ),
    stages=(
        Stage(
            name="scored",
            answered_by=Function(scores, settings=("payment_limit", "payment_limits")),
            description="Every validated payment, and whether it is suspicious.",
            columns=(
                Answer("is_suspicious", Flag(), "Whether there is any reason to look at it."),
                Answer(
                    "reasons",
                    Codes(tuple((s.code, s.description) for s in signs(Decimal(0), {}))),
                    "Each reason to look at it; none for most.",
                ),
            ),
        ),
    ),
    marts=(
        Mart(
            name="alerts",
            entity="sender_id",
            answered_by=Function(alerts, settings=("payment_limit", "payment_limits")),
            description="Every validated payment that stands out among all of its sender.",
            columns=(
                Answer(
                    "reasons",
                    Codes(tuple((s.code, s.description) for s in odd_among_others(Decimal(0), {}))),
                    "By what it stands out.",
                ),
            ),
        ),
    ),
)
