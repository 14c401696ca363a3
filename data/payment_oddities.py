"""What is odd about some payments of the sample data, and what must become of each.

What can be odd about any record, and how a line is broken, is in `data.oddities`.
"""

from datetime import timedelta
from uuid import UUID

from data.dialects import Fields
from data.oddities import BROKEN_LINES, Defect, Guise, Recipe, has_comma, instead
from data.payments import FIELDS, Payment, make_payment
from data.reference_data import NEWCOMERS

NOBODY = str(UUID(int=99))
"""An id that no file of users has."""


def to_himself(fields: Fields) -> Fields:
    """Who pays is paid."""
    return fields | {"receiver_id": fields["sender_id"]}


def in_manila(one: Payment) -> Fields:
    """The same instant on a clock in Manila, to the microsecond."""
    local = one.at + timedelta(hours=8)
    return one.fields() | {"timestamp": f"{local.isoformat()}.000000+08:00"}


def from_a_newcomer(one: Payment) -> Fields:
    """The sender's own record comes days later; the payment waits for it."""
    return one.fields() | {"sender_id": str(NEWCOMERS[one.id.int % len(NEWCOMERS)][0])}


DEFECTS = (
    Defect("no id", "transaction_id_missing", instead(transaction_id="")),
    Defect("id that is none", "transaction_id_invalid", instead(transaction_id="invalid-uuid")),
    Defect("integer id", "transaction_id_invalid", instead(transaction_id="17")),
    Defect("no sender", "sender_id_missing", instead(sender_id="")),
    Defect("sender by name", "sender_id_invalid", instead(sender_id="alice")),
    Defect("unknown sender", "unknown_sender", instead(sender_id=NOBODY)),
    Defect("no receiver", "receiver_id_missing", instead(receiver_id="")),
    Defect("receiver by number", "receiver_id_invalid", instead(receiver_id="2")),
    Defect("unknown receiver", "unknown_receiver", instead(receiver_id=NOBODY)),
    Defect("to himself", "sender_is_receiver", to_himself),
    Defect("no amount", "amount_missing", instead(amount="")),
    Defect("amount with its currency", "amount_invalid", instead(amount="5 USD")),
    Defect("amount of nothing", "amount_not_positive", instead(amount="0.00")),
    Defect("negative amount", "amount_not_positive", instead(amount="-5.00", currency="USD")),
    Defect("amount of 30 digits", "amount_out_of_range", instead(amount="1234567890" * 3)),
    Defect("five decimal places", "amount_too_precise", instead(amount="1.00001")),
    Defect(
        "tenths of a cent",
        "amount_finer_than_currency",
        instead(amount="10.005", currency="USD"),
        fits=lambda dialect: not has_comma(dialect),
    ),
    Defect("half a yen", "amount_finer_than_currency", instead(amount="100.50", currency="JPY")),
    Defect("no currency", "currency_missing", instead(currency="")),
    Defect("gold", "currency_unknown", instead(amount="5.00", currency="XAU")),
    Defect("no row of it", "unknown_currency", instead(amount="5.00", currency="CHF")),
    Defect("no time", "timestamp_missing", instead(timestamp="")),
    Defect("time that is none", "timestamp_invalid", instead(timestamp="not-a-time")),
    Defect("no time of Unix", "timestamp_placeholder", instead(timestamp="1970-01-01T00:00:00Z")),
    Defect("no offset", "timestamp_without_offset", instead(timestamp="2025-01-03T10:00:00")),
    Defect("year 2042", "timestamp_in_future", instead(timestamp="2042-01-01T00:00:00Z")),
    Defect("no status", "status_missing", instead(status="")),
    Defect("unknown status", "status_unknown", instead(status="oops")),
    *BROKEN_LINES,
)

GUISES = (
    Guise("in other words", Payment.in_other_words),
    Guise("time with an offset", in_manila),
    Guise("from a newcomer", from_a_newcomer),
)

PAYMENTS = Recipe("payments", FIELDS, make_payment, DEFECTS, GUISES)
