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
    Date,
    Flag,
    Function,
    Id,
    Instant,
    Money,
    Reference,
    Rule,
    Stage,
)
from txcat_assets.contracts.reports import MonthlyReport
from txcat_assets.contracts.rules import broken_codes
from txcat_assets.contracts.users import CONTRACT as USERS

AMOUNT = Money(18, max(MINOR_UNITS.values()))

BURST_PAYMENTS, BURST_TIME = 5, timedelta(minutes=10)
"""More payments of one sender than this, within this time, raise an alert."""

REPEATED_PAYMENTS, REPEATED_TIME = 3, timedelta(days=1)
"""So many payments of one sender with the same amount and currency, within this time, do too."""

NEW_RECEIVER_SHARE_OF_LIMIT = Decimal("0.5")
"""The first payment to a receiver raises an alert above this share of the limit."""


def by_currency(values: Mapping[str, Decimal], otherwise: Decimal | None = None) -> pl.Expr:
    """Lookup by the payment's currency; `otherwise` for a currency without a value."""
    amount_type = pl.Decimal(AMOUNT.precision, AMOUNT.scale)
    return pl.col("currency").replace_strict(
        dict(sorted(values.items())), default=otherwise, return_dtype=amount_type
    )


SMALLEST_AMOUNT = by_currency(
    {code: Decimal(1).scaleb(-places) for code, places in MINOR_UNITS.items()}
)
"""The smallest amount of a currency: 1 yen, 0.01 dollars, 0.001 dinars."""


def suspicion_rules(limit: Decimal, limits: Mapping[str, Decimal]) -> tuple[Rule, ...]:
    """The rules whose breach makes a payment suspicious."""
    return (
        Rule(
            code="amount_above_limit",
            description="The amount is above the limit of its currency.",
            holds=pl.col("amount") <= by_currency(limits, limit),
        ),
    )


def scores(payment_limit: Decimal, payment_limits: Mapping[str, Decimal]) -> dict[str, pl.Expr]:
    """The answers of the stage `scored`, by the settings of these names."""
    reasons = broken_codes(suspicion_rules(payment_limit, payment_limits))
    return {"is_suspicious": reasons.list.len() > 0, "reasons": reasons}


def alert_rules(limit: Decimal, limits: Mapping[str, Decimal]) -> tuple[Rule, ...]:
    """The rules whose breach raises an alert; each compares a payment with others of its sender.

    Payments of the status pending or failed count too: an attempt tells as much. Each rule looks
    back in time from the payment, so a later payment changes no alert of an earlier one.
    """
    each = pl.col("transaction_id").is_not_null().cast(pl.Int64)
    in_burst = each.rolling_sum_by("timestamp", BURST_TIME).over("sender_id")
    same = each.rolling_sum_by("timestamp", REPEATED_TIME).over("sender_id", "amount", "currency")
    share = NEW_RECEIVER_SHARE_OF_LIMIT
    shares = {code: share * of for code, of in limits.items()}
    is_known = ~pl.col("receiver_id").is_first_distinct().over("sender_id")
    return (
        Rule(
            code="many_payments",
            description=f"Its sender made more than {BURST_PAYMENTS} payments within {BURST_TIME}.",
            holds=in_burst <= BURST_PAYMENTS,
        ),
        Rule(
            code="amount_repeated",
            description=f"Its sender paid the same amount {REPEATED_PAYMENTS} times or more within "
            f"{REPEATED_TIME}.",
            holds=same < REPEATED_PAYMENTS,
        ),
        Rule(
            code="much_to_new_receiver",
            description=f"It is the first to its receiver, and above {share:.0%} of the limit.",
            holds=is_known | (pl.col("amount") <= by_currency(shares, share * limit)),
        ),
    )


def alerts(payment_limit: Decimal, payment_limits: Mapping[str, Decimal]) -> dict[str, pl.Expr]:
    """The answers of the mart `alerts`, by the settings of these names."""
    reasons = broken_codes(alert_rules(payment_limit, payment_limits))
    return {"reasons": pl.when(reasons.list.len() > 0).then(reasons)}


def totals_by_user_and_day(payments: pl.DataFrame) -> pl.DataFrame:
    """The rows of the report `monthly`: completed payments alone, each currency by itself."""
    completed = payments.filter(status="completed").with_columns(
        day=pl.col("timestamp").cast(pl.Date)
    )
    by = ("user_id", "currency", "day")
    sent, received = (
        completed.rename({side: "user_id"}).group_by(by).agg(pl.col("amount").sum().alias(total))
        for side, total in (("sender_id", "total_sent"), ("receiver_id", "total_received"))
    )
    return sent.join(received, on=by, how="full", coalesce=True).with_columns(
        pl.col("total_sent", "total_received").fill_null(0)
    )


SUM = Money(38, AMOUNT.scale)

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
        Column("transaction_id", Id(takes_integers=False), "The payment's unique id."),
        Column("sender_id", Id(takes_integers=False), "The user who pays."),
        Column("receiver_id", Id(takes_integers=False), "The user who is paid."),
        Column("amount", AMOUNT, "The amount paid, in the payment's currency."),
        Column(
            "currency",
            Choice(CURRENCY_CODES, described_as="the codes of ISO 4217"),
            "The currency of the amount.",
        ),
        Column("timestamp", Instant(needs_offset=True), "When the payment was made, UTC."),
        Column(
            "status",
            Choice(("completed", "pending", "failed")),
            "The payment's status.",
        ),
    ),
    rules=(
        Rule(
            code="amount_not_positive",
            description="The amount must be greater than zero.",
            holds=pl.col("amount") > 0,
        ),
        Rule(
            code="amount_finer_than_currency",
            description="The amount must have no more decimal places than its currency: JPY has "
            "none, BHD 3.",
            holds=pl.col("amount") % SMALLEST_AMOUNT == 0,
        ),
        Rule(
            code="sender_is_receiver",
            description="Sender and receiver must be different users.",
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
                Answer(
                    "is_suspicious", Flag(), "Whether it breaks any rule for suspicious payments."
                ),
                Answer(
                    "reasons",
                    Codes(tuple((s.code, s.description) for s in suspicion_rules(Decimal(0), {}))),
                    "The codes of the rules that it breaks; empty for most.",
                ),
            ),
        ),
    ),
    marts=(
        Mart(
            name="alerts",
            entity="sender_id",
            answered_by=Function(alerts, settings=("payment_limit", "payment_limits")),
            description="Every validated payment that raises an alert beside all of its sender.",
            columns=(
                Answer(
                    "reasons",
                    Codes(tuple((s.code, s.description) for s in alert_rules(Decimal(0), {}))),
                    "The codes of the alerts that it raises.",
                ),
            ),
        ),
    ),
    reports=(
        MonthlyReport(
            name="monthly",
            version=1,
            description="What each user sent and received on each day of the month, by currency.",
            reads=("sender_id", "receiver_id", "amount", "currency", "timestamp", "status"),
            rows=totals_by_user_and_day,
            columns=(
                Answer("user_id", Id(takes_integers=False), "The user."),
                Answer("currency", Choice(CURRENCY_CODES), "The currency of both totals."),
                Answer("day", Date(), "The day of the payments, UTC."),
                Answer("total_sent", SUM, "The sum of what the user sent, completed only."),
                Answer("total_received", SUM, "The sum of what the user received, likewise."),
            ),
            key=("user_id", "currency", "day"),
        ),
    ),
)
