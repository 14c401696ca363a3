"""How a number may be written: texts that mean one number, and those that may mean two.

Here texts become plainer texts; `parse` reads them, and rejects what is left. docs/values.md tells
users the same as a table.
"""

import polars as pl

from txcat_assets.contracts.model import Contract, Number

_NO_BREAKS = "[\u00a0\u2009\u202f]"
"""Blanks that group digits and keep them on one line; none of them is ever a decimal mark."""

_GROUPED = rf"^[+-]?[0-9]{{1,3}}(?:{_NO_BREAKS}[0-9]{{3}})+(?:[.,][0-9]+)?$"

_DOUBTFUL = "^[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}$"
"""1.234 and 1,234: one and a bit, or more than a thousand."""

_DECIMAL_COMMA = "^[+-]?[0-9]+,[0-9]+$"


def may_mean_thousands(text: pl.Series) -> pl.Series:
    """Which texts have one mark that may as well group thousands."""
    return text.str.contains(_DOUBTFUL)


def stripped(text: pl.Series) -> pl.Series:
    """Texts without blanks at their ends and without signs of no width; null where none is left."""
    seen = text.str.replace_all(r"\p{Cf}", "").str.strip_chars()
    return seen.set(seen == "", None)


def plain_numbers(text: pl.Series, *, decimal_comma: bool) -> pl.Series:
    """Stripped texts with a hyphen for the minus sign, no grouping and a decimal point.

    `decimal_comma` says that a comma may be the decimal mark. Then what may mean thousands is left
    with, or given, a comma: no reader takes that for a number, here or behind Kafka.
    """
    text = text.str.replace("^\u2212", "-")
    text = text.str.replace_all(_NO_BREAKS, "").zip_with(text.str.contains(_GROUPED), text)
    if not decimal_comma:
        return text
    is_doubtful = may_mean_thousands(text)
    has_comma = text.str.contains(_DECIMAL_COMMA)
    pointed = text.str.replace(",", ".", literal=True).zip_with(has_comma, text)
    return text.str.replace(".", ",", literal=True).zip_with(is_doubtful, pointed)


def without_idle_zeros(text: pl.Series, scale: int) -> pl.Series:
    """Plain numbers without the zeros that a column of this scale has no place for.

    Three digits behind the point that may be thousands keep theirs, and are too precise.
    """
    idle = rf"^([+-]?[0-9]+\.[0-9]{{{scale}}})0+$" if scale else r"^([+-]?[0-9]+)\.0+$"
    return text.zip_with(may_mean_thousands(text), text.str.replace(idle, "${1}"))


def with_decimal_points(contract: Contract, raw: pl.DataFrame) -> pl.DataFrame:
    """`raw` of a file with decimal commas, its numbers written with points; all else as it was."""
    numbers = [column.name for column in contract.columns if isinstance(column.type, Number)]
    return raw.with_columns(
        plain_numbers(stripped(raw[name]), decimal_comma=True) for name in numbers
    )
