"""A small dataset with every type of column, and raw records of it as the warehouse gives them.

What is expected of them stands in the tests.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

import polars as pl

from txcat_assets.contracts.model import (
    Choice,
    Column,
    Contract,
    Date,
    Email,
    Flag,
    Id,
    Instant,
    Integer,
    Money,
    Rule,
    Severity,
    Text,
)
from txcat_assets.pipeline.judge import judge

DAY = date(2025, 1, 31)

PAYMENTS = Contract(
    dataset="payments",
    version=1,
    description="One row is one payment.",
    owner="team:tests",
    key="id",
    event_time="at",
    columns=(
        Column("id", Id(), "The key."),
        Column("note", Text(max_chars=10), "Any words.", is_required=False),
        Column("amount", Money(18, 2), "What was paid."),
        Column("rate", Money(9, 4), "Four decimal places.", is_required=False),
        Column("units", Money(3, 0), "None at all.", is_required=False),
        Column("at", Instant(), "When."),
        Column("side", Choice(("Debit", "credit")), "Which way."),
        Column("payer", Id(takes_integers=False), "Who.", is_required=False),
        Column("due", Instant(needs_offset=True), "Until when.", is_required=False),
        Column("is_urgent", Flag(), "In a hurry.", is_required=False),
        Column("number", Integer(), "How many.", is_required=False),
        Column("born", Date(), "Since when.", is_required=False),
        Column("mail", Email(), "Where to.", is_required=False),
    ),
    rules=(
        Rule("amount_odd", "The amount is 13.", pl.col("amount") != 13, Severity.WARNING),
        Rule("amount_cursed", "The amount is 666.", pl.col("amount") != 666),
    ),
)

SOUND = {
    "id": "7",
    "note": None,
    "amount": "1.25",
    "rate": None,
    "units": None,
    "at": "2025-01-03T10:00:00",
    "side": "Debit",
    "payer": None,
    "due": None,
    "is_urgent": None,
    "number": None,
    "born": None,
    "mail": None,
}


def raw_records(records: Iterable[dict[str, str | None]]) -> pl.DataFrame:
    """Raw records of payments; what a record does not say is as in a sound one."""
    rows = [
        {"_slice_id": 1_000_000, "_position": position, "_day": DAY}
        | SOUND
        | {"_extra": None, "_fault": None}
        | record
        for position, record in enumerate(records)
    ]
    texts = dict.fromkeys([*SOUND, "_extra", "_fault"], pl.String)
    address = {"_slice_id": pl.Int64, "_position": pl.Int64, "_day": pl.Date}
    return pl.DataFrame(rows, schema={**address, **texts})


def judged(
    changes: dict[str, str | None] | None = None,
    *,
    decimal_comma: bool = False,
    **fields: str | None,
) -> dict[str, Any]:
    """What becomes of one record that is sound but for these fields."""
    raw = raw_records([(changes or {}) | fields])
    return judge(PAYMENTS, raw, decimal_comma=decimal_comma).row(0, named=True)
