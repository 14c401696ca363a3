"""What is odd about some records of the sample data, and what must become of each.

A defect spoils a record, which must then be quarantined for its reason and for no other; a guise
only writes a sound record in another way. Neither knows where in a file its record will stand.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from data.dialects import JSON_LINES, PLAIN, SEMICOLON, UTF16_TAB, Dialect
from data.transactions import Fields, Transaction, fitting_id


def instead(**texts: str) -> Callable[[Fields], Fields]:
    """Puts these texts in place of the fields of a record."""
    return lambda fields: fields | texts


def anywhere(_: Dialect) -> bool:
    """Most oddities can stand in every file."""
    return True


def is_json(dialect: Dialect) -> bool:
    """JSON Lines have defects of their own."""
    return dialect is JSON_LINES


def is_separated(dialect: Dialect) -> bool:
    """Only separated fields can be too few or too many."""
    return dialect is not JSON_LINES


def is_utf8(dialect: Dialect) -> bool:
    """A byte that is wrong in UTF-8 may be right in UTF-16."""
    return dialect is not UTF16_TAB


def has_comma(dialect: Dialect) -> bool:
    """Whether amounts have a decimal comma."""
    return dialect is SEMICOLON


def is_plain(dialect: Dialect) -> bool:
    """Where a quote may stay open: quoted newlines beside it would leave its end to guesses."""
    return dialect is PLAIN


@dataclass(frozen=True)
class Defect:
    """Spoils the `fields` of a record, or its encoded `line`, so that it has this `reason`.

    `line` is called with the line and the encoded separator. `fits` tells which files can hold it.
    """

    name: str
    reason: str
    fields: Callable[[Fields], Fields] = lambda fields: fields
    line: Callable[[bytes, bytes], bytes] = lambda line, _: line
    fits: Callable[[Dialect], bool] = anywhere

    def line_of(self, transaction: Transaction, dialect: Dialect) -> bytes:
        """The spoiled record, encoded, without the end of the line."""
        line = dialect.line(self.fields(transaction.fields())).encode(dialect.encoding)
        return self.line(line, dialect.separator.encode(dialect.encoding))


@dataclass(frozen=True)
class Guise:
    """Writes a sound record in an unusual way; `is_warned` says that a rule only warns of it."""

    name: str
    written: Callable[[Transaction], Fields]
    fits: Callable[[Dialect], bool] = anywhere
    is_warned: bool = False


def with_id_in_braces(one: Transaction) -> Fields:
    """The same id as some Windows programs write it."""
    return one.fields() | {"id": f"{{{one.id}}}".upper()}


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
    Defect("year 2042", "timestamp_in_future", instead(timestamp="2042-01-01T00:00:00")),
    Defect("no operation type", "operation_type_missing", instead(operation_type="")),
    Defect("unknown side", "side_unknown", instead(side="sideways")),
    Defect("NUL byte", "nul_byte", instead(description="Paiement CB\0Monoprix")),
    Defect(
        "byte that is no UTF-8",
        "bad_encoding",
        line=lambda line, _: line.replace(b" ", b"\xff", 1),
        fits=is_utf8,
    ),
    Defect(
        "short line",
        "ragged_line",
        line=lambda line, separator: line[: line.rindex(separator)],
        fits=is_separated,
    ),
    Defect(
        "long line",
        "ragged_line",
        line=lambda line, separator: line + separator + line[:2],
        fits=is_separated,
    ),
    Defect(
        "unclosed quote",
        "unclosed_quote",
        line=lambda line, separator: line.replace(separator, separator + b'"', 1),
        fits=is_plain,
    ),
    Defect("half a line", "broken_json", line=lambda line, _: line[: len(line) // 2], fits=is_json),
    Defect("list", "not_an_object", line=lambda line, _: b"[%b]" % line, fits=is_json),
    Defect(
        "object in a field",
        "nested_value",
        line=lambda line, _: line.replace(b'"merchant": ', b'"merchant": {"name": 0}, "was": ', 1),
        fits=is_json,
    ),
)

GUISES = (
    Guise("id in braces and upper case", with_id_in_braces),
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
