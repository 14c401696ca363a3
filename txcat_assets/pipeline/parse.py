"""Reads the text of records into typed columns, never guessing and never losing a digit of money.

What cannot be read is null beside a complaint, which `txcat_assets.contracts.rules` turns into a
reason. docs/values.md tells users the same as a table.
"""

import re
from datetime import date, datetime
from functools import cache
from typing import Any

import polars as pl

from txcat_assets.contracts.model import (
    AnswerType,
    Choice,
    Codes,
    Column,
    ColumnType,
    Contract,
    Date,
    Email,
    Flag,
    Id,
    Instant,
    Integer,
    Money,
    Number,
    Text,
)
from txcat_assets.contracts.rules import complaint_column
from txcat_assets.pipeline.number_text import (
    may_mean_thousands,
    plain_numbers,
    stripped,
    without_idle_zeros,
)

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_INTEGER = "^(0|[1-9][0-9]{0,38})$"
_NUMBER = r"^[+-]?[0-9]+(\.[0-9]+)?$"
"""A plain decimal number: no exponent, no grouping, a digit on both sides of the point."""

_SECOND = "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-5][0-9]"
_SECOND_CHARS = 19
_PLAIN_TIME = "(?:19[89][0-9]|2[0-9]{3})-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9]"
_OFFSET = "([+-])([01][0-9]|2[0-3])(?::?([0-5][0-9]))?"
_TIME = rf"^{_SECOND}(\.[0-9]{{1,9}})?(Z|{_OFFSET})?$"
_ENDS_WITH_OFFSET = rf"(Z|{_OFFSET})$"
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_NAME_CHARS = "[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+"
_HOST_PART = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_EMAIL = rf"^{_NAME_CHARS}@{_HOST_PART}(?:\.{_HOST_PART})+$"
"""What HTML takes for an address, where its host has a dot."""

_MAX_EMAIL_CHARS = 254
"""The longest that SMTP can deliver to."""

_PLACEHOLDER = (
    "^(?:(?:0001-01-01|1899-12-30)[T ]|"
    "(?:1753-01-01|1899-12-31|1900-01-01|1970-01-01)[T ]00:00:00(?:[.]0+)?(?:Z|[+-]|$))"
)
"""What other programs write where they have no time: the first moments of .NET, Excel and old
spreadsheets (which begin a time of day so, too), SQL Server and Unix."""

_DATES = (date.min, date.max)
_YEARS = (datetime.min, datetime.max)  # noqa: DTZ901
"""The years 0 and 10000 exist in polars, but in neither Python nor every database."""


@cache
def _hex_words() -> pl.Series:
    """Four hex digits at a time: 1M integers become UUIDs in half the time that Python takes."""
    return pl.Series([f"{number:04x}" for number in range(0x10000)])


def typed_columns(contract: Contract) -> dict[str, pl.DataType]:
    """The polars type in which each column of a validated record is kept, in contract order."""
    return {column.name: dtype_of(column.type) for column in contract.columns}


def parse(contract: Contract, raw: pl.DataFrame, *, decimal_comma: bool) -> pl.DataFrame:
    """One row per row of `raw`: each column's value, and its `complaint_column`.

    `raw` has every column of the contract as text. Blanks at the ends do not count, and a blank
    text is a missing one. `decimal_comma` says that a comma cannot be the separator of the file.
    """
    pairs = [_read(column, raw[column.name], decimal_comma) for column in contract.columns]
    return pl.DataFrame([series for pair in pairs for series in pair])


def parse_value(kind: ColumnType, text: str) -> Any:
    """The value of one text; None where it cannot be read."""
    if isinstance(kind, Id) and re.fullmatch(_UUID, text):
        return text  # as a request names a record or a user: a frame would take most of its time
    values, _ = _read(Column("value", kind, ""), pl.Series("value", [text]), decimal_comma=False)
    return values[0]


def _read(column: Column, text: pl.Series, decimal_comma: bool) -> tuple[pl.Series, pl.Series]:
    """Values and complaints: most texts are plain and quickly read, the odd ones with care."""
    kind = column.type
    values = _plain(kind, text)
    if decimal_comma and isinstance(kind, Number):
        values = _only(values, ~may_mean_thousands(text))
    complaints = pl.repeat(None, len(text), dtype=pl.String, eager=True).alias(
        complaint_column(column.name)
    )
    odd = (values.is_null() & text.is_not_null()).arg_true()
    if odd.is_empty():
        return values, complaints
    written = _written(kind, text.gather(odd), decimal_comma)
    read = _careful(kind, written)
    complaint = _only(_complaints(kind, written), read.is_null() & written.is_not_null())
    return values.scatter(odd, read), complaints.scatter(odd, complaint)


def dtype_of(kind: AnswerType) -> pl.DataType:  # noqa: PLR0911 - a case each
    """The polars type in which values of a column type are kept."""
    match kind:
        case Money(precision, scale):
            return pl.Decimal(precision, scale)
        case Integer():
            return pl.Int64()
        case Date():
            return pl.Date()
        case Instant():
            return pl.Datetime("us")
        case Flag():
            return pl.Boolean()
        case Codes():
            return pl.List(pl.String)
        case Id() | Text() | Email() | Choice():
            return pl.String()


def _written(kind: ColumnType, text: pl.Series, decimal_comma: bool) -> pl.Series:
    """Texts without what does not count: blanks at the ends and, but in words, unseen signs."""
    if isinstance(kind, Text):
        return _stripped(text)
    text = stripped(text)
    if isinstance(kind, Number):
        numbers = plain_numbers(text, decimal_comma=decimal_comma)
        return without_idle_zeros(numbers, _scale(kind))
    if isinstance(kind, Date | Instant):
        return _with_padded_days(text)
    return text


def _plain(kind: ColumnType, text: pl.Series) -> pl.Series:  # noqa: C901, PLR0911 - a case each
    """The values of texts that are written as txcat itself would write them, and maybe others."""
    match kind:
        case Id():
            return _only(text, text.str.contains(f"^{_UUID}$"))
        case Text():
            return _stripped(text)
        case Email():
            is_short = text.str.len_chars() <= _MAX_EMAIL_CHARS
            return _only(text, text.str.contains(_EMAIL) & is_short)
        case Integer() | Money():
            # Casting alone would cut 1.005 and take 1e3 for a number.
            exact = _only(text, text.str.contains(_exact(kind)))
            return exact.cast(dtype_of(kind), strict=False)
        case Date():
            is_placeholder = (text + "T00:00:00").str.contains(_PLACEHOLDER)
            return _date(_only(text, ~is_placeholder))
        case Instant(needs_offset):
            end = "Z" if needs_offset else ""
            plain = _only(text, text.str.contains(f"^{_PLAIN_TIME}{end}$"))
            return _seconds(plain.str.strip_suffix(end))
        case Choice(values):
            return _only(text, text.is_in(values))
        case Flag():
            return _flag(text)


def _careful(kind: ColumnType, text: pl.Series) -> pl.Series:
    """The values of stripped texts in every form that txcat takes."""
    match kind:
        case Id(takes_integers):
            return _id(text) if takes_integers else _uuid(text)
        case Instant(needs_offset):
            is_time_given = ~text.str.contains(_PLACEHOLDER)
            if needs_offset:
                is_time_given &= text.str.contains(_ENDS_WITH_OFFSET)
            return _instant(_only(text, is_time_given))
        case Choice(values):
            declared = {value.lower(): value for value in values}
            lower = text.str.to_lowercase()
            return lower.replace_strict(declared, default=None, return_dtype=pl.String)
        case Flag():
            return _flag(text.str.to_lowercase())
        case Text() | Email() | Integer() | Money() | Date():
            return _plain(kind, text)


def _complaints(kind: ColumnType, unread: pl.Series) -> pl.Series:
    frame = unread.alias("text").to_frame()
    match kind:
        case Integer() | Money():
            is_number = pl.col("text").str.contains(_NUMBER)
            is_exact = pl.col("text").str.contains(_exact(kind))
            number = pl.when(is_exact).then(pl.lit("out_of_range")).otherwise(pl.lit("too_precise"))
            found = pl.when(is_number).then(number).otherwise(pl.lit("invalid"))
        case Choice():
            found = pl.lit("unknown")
        case Date():
            is_date = pl.lit(_date(unread).is_not_null())
            found = pl.when(is_date).then(pl.lit("placeholder")).otherwise(pl.lit("invalid"))
        case Instant():
            is_time = pl.lit(_instant(unread).is_not_null())
            is_placeholder = pl.col("text").str.contains(_PLACEHOLDER)
            time = pl.when(is_placeholder).then(pl.lit("placeholder"))
            found = pl.when(is_time).then(time.otherwise(pl.lit("without_offset")))
            found = found.otherwise(pl.lit("invalid"))
        case _:
            found = pl.lit("invalid")
    return frame.with_columns(found.alias("why"))["why"]


def _only(series: pl.Series, where: pl.Series) -> pl.Series:
    return series.to_frame().select(pl.when(where).then(pl.first())).to_series()


def _stripped(text: pl.Series) -> pl.Series:
    stripped = text.str.strip_chars()
    return _only(stripped, stripped != "")


def _scale(kind: Number) -> int:
    """How many digits a number may have behind its point."""
    return kind.scale if isinstance(kind, Money) else 0


def _exact(kind: Number) -> str:
    """What a number looks like that keeps every digit behind its point."""
    scale = _scale(kind)
    places = rf"(\.[0-9]{{1,{scale}}})?" if scale else ""
    return rf"^[+-]?[0-9]+{places}$"


def _flag(text: pl.Series) -> pl.Series:
    return _only(text, text.is_in(["true", "false"])) == "true"


def _id(text: pl.Series) -> pl.Series:
    uuid = _uuid(text)
    return uuid.zip_with(uuid.is_not_null(), _integer_id(text))


def _uuid(text: pl.Series) -> pl.Series:
    is_uuid = text.str.contains(rf"(?i)^({_UUID}|\{{{_UUID}\}})$")
    return _only(text.str.strip_chars("{}").str.to_lowercase(), is_uuid)


def _integer_id(text: pl.Series) -> pl.Series:
    """An integer n below 2**128 as the text of UUID(int=n): the two have the same hash()."""
    number = pl.lit(_only(text, text.str.contains(_INTEGER)).cast(pl.UInt128, strict=False))
    digits = [(number // 2**bits % 2**16).cast(pl.UInt32) for bits in range(112, -1, -16)]
    words = [pl.lit(_hex_words()).gather(four) for four in digits]
    groups = [pl.concat_str(words[:2]), *words[2:5], pl.concat_str(words[5:])]
    return pl.select(pl.concat_str(groups, separator="-").alias(text.name)).to_series()


def _with_padded_days(text: pl.Series) -> pl.Series:
    """Texts that begin with a date in two digits for month and day, where one was left out."""
    padded = text.str.replace("^([0-9]{4})-([0-9])-", "${1}-0${2}-")
    return padded.str.replace("^([0-9]{4}-[0-9]{2})-([0-9])([T ]|$)", "${1}-0${2}${3}")


def _date(text: pl.Series) -> pl.Series:
    dates = _only(text, text.str.contains(f"^{_DAY}$")).str.to_date("%Y-%m-%d", strict=False)
    return _only(dates, dates.is_between(*_DATES))


def _instant(text: pl.Series) -> pl.Series:
    times = _only(text, text.str.contains(_TIME))
    local = _seconds(times.str.head(_SECOND_CHARS).str.replace(" ", "T", literal=True))
    rest = pl.lit(times.str.slice(_SECOND_CHARS))
    instant = pl.select(pl.lit(local) + _fraction(rest) - _offset(rest)).to_series()
    return _only(instant, instant.is_between(*_YEARS))


def _seconds(text: pl.Series) -> pl.Series:
    return text.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False)


def _fraction(rest: pl.Expr) -> pl.Expr:
    """Digits past the microsecond are cut: no table keeps them."""
    digits = rest.str.extract(r"^\.([0-9]{1,6})").str.pad_end(6, "0").fill_null("0")
    return pl.duration(microseconds=digits.cast(pl.Int64))


def _offset(rest: pl.Expr) -> pl.Expr:
    sign = pl.when(rest.str.extract(_OFFSET, 1) == "-").then(-1).otherwise(1)
    hours, minutes = (rest.str.extract(_OFFSET, n).cast(pl.Int64).fill_null(0) for n in (2, 3))
    return pl.duration(minutes=sign * (60 * hours + minutes))
