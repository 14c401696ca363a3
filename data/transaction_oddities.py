"""What is odd about some transactions of the sample data, and what must become of each.

What can be odd about any record, and how a line is broken, is in `data.oddities`.
"""

from collections.abc import Callable
from datetime import timedelta

from data.dialects import Fields
from data.oddities import (
    BROKEN_LINES,
    Defect,
    Guise,
    Recipe,
    has_comma,
    instead,
    is_json,
    is_plain,
    is_separated,
)
from data.transactions import FIELDS, Transaction, fitting_id, make_transaction


def with_integer_id(one: Transaction) -> Fields:
    """A bank that counts its transactions."""
    return one.fields() | {"id": str(fitting_id(one.id.int >> 96, one.merchant.category).int)}


def with_offset(one: Transaction) -> Fields:
    """The same instant on a clock in Paris in winter."""
    return one.fields() | {"timestamp": f"{(one.at + timedelta(hours=1)).isoformat()}+01:00"}


def with_other_sign(one: Transaction) -> Fields:
    """A debit that adds, or a credit that takes away."""
    return one.fields() | {"amount": str(-one.amount)}


def saying(text: str) -> Callable[[Transaction], Fields]:
    """Puts this text before the description."""
    return lambda one: one.fields() | {"description": f"{text}{one.description}"}


DEFECTS = (
    Defect("no id", "id_missing", instead(id="")),
    Defect("id that is none", "id_invalid", instead(id="TX-2025-00017")),
    Defect("no description", "description_missing", instead(description="")),
    Defect("no amount", "amount_missing", instead(amount="")),
    Defect("amount NaN", "amount_invalid", instead(amount="NaN")),
    Defect("amount Infinity", "amount_invalid", instead(amount="-Infinity")),
    Defect("amount 1e5", "amount_invalid", instead(amount="1e5")),
    Defect("amount of 30 digits", "amount_out_of_range", instead(amount="1234567890" * 3)),
    Defect(
        "amount 1.005",
        "amount_too_precise",
        instead(amount="1.005"),
        fits=lambda dialect: not has_comma(dialect),
    ),
    # Three digits behind a comma could as well be thousands.
    Defect("amount 1,234", "amount_invalid", instead(amount="1,234"), fits=has_comma),
    Defect("30 February", "timestamp_invalid", instead(timestamp="2023-02-30T10:00:00")),
    Defect("no time of .NET", "timestamp_placeholder", instead(timestamp="0001-01-01T00:00:00")),
    Defect("year 2042", "timestamp_in_future", instead(timestamp="2042-01-01T00:00:00")),
    Defect("no operation type", "operation_type_missing", instead(operation_type="")),
    Defect("unknown side", "side_unknown", instead(side="sideways")),
    Defect("NUL byte", "nul_byte", instead(description="Paiement CB\0Monoprix")),
    *BROKEN_LINES,
    Defect(
        "object in a field",
        "nested_value",
        line=lambda line, _: line.replace(b'"merchant": ', b'"merchant": {"name": 0}, "was": ', 1),
        fits=is_json,
    ),
)

GUISES = (
    Guise("id in braces and upper case", lambda one: one.in_other_words()),
    Guise("integer id", with_integer_id),
    Guise("time with an offset", with_offset),
    Guise("sign that disagrees with the side", with_other_sign, is_warned=True),
    Guise("no merchant", lambda one: one.fields() | {"merchant": ""}),
    Guise("formula", saying("=1+cmd|' /C calc'!A0 ")),
    Guise("quotes in quotes", saying('Librairie "Le Pavé", rayon jeunesse: ')),
    Guise(
        "newline in quotes",
        saying("Avis d'opération\n"),
        fits=lambda dialect: is_separated(dialect) and not is_plain(dialect),
    ),
)

TRANSACTIONS = Recipe("transactions", FIELDS, make_transaction, DEFECTS, GUISES)
