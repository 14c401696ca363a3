"""Payments between users: what one is, when it is wrong, and when it is suspicious."""

from collections.abc import Mapping
from decimal import Decimal

import polars as pl

from txcat_assets.contracts.currencies import CONTRACT as CURRENCIES
from txcat_assets.contracts.iso4217 import CURRENCY_CODES, MINOR_UNITS
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
)
