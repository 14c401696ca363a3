"""The digest of a record's content: equal content, equal digest, whatever brought the record.

How values are written here is a promise to every warehouse that holds digests already: a change
makes each stored record look changed. tests/unit/pipeline/test_digest.py pins some of them.
"""

import polars as pl
from xxhash import xxh3_128_hexdigest

from txcat_assets.contracts.model import (
    Column,
    ColumnType,
    Contract,
    Date,
    Instant,
    Integer,
    Money,
    Text,
)

_END = "\x1f"
"""Ends each pair; within a text it is doubled, so that no text can imitate the next pair."""

_MAX_SCALE = 38
"""No decimal of polars, DuckDB or this code has more digits behind its point."""


def digests(contract: Contract, typed: pl.DataFrame) -> pl.Series:
    """32 hex digits per row: xxh3_128 of its name=value pairs by name, without the null ones.

    A text is written as it is, an id in its canonical form, money with all the digits that any
    decimal can have behind its point, a date as 2025-01-31 and time as microseconds since 1970, so
    that a wider column or a new empty one changes no digest. Null where a required value is.
    """
    columns = sorted(contract.columns, key=lambda column: column.name)
    template = "".join(_template(column) for column in columns)
    content = typed.select(
        pl.format(template, *(_written(column, typed[column.name]) for column in columns))
    )
    return (
        content.to_series()
        .cast(pl.Binary)
        .map_elements(xxh3_128_hexdigest, return_dtype=pl.String)
        .alias("_digest")
    )


def _template(column: Column) -> str:
    return _pair(column) if column.is_required else "{}"


def _pair(column: Column) -> str:
    return f"{column.name}={{}}{_zeros(column.type)}{_END}"


def _zeros(kind: ColumnType) -> str:
    match kind:
        case Money(_, scale):
            return ("" if scale else ".") + "0" * (_MAX_SCALE - scale)
        case _:
            return ""


def _written(column: Column, values: pl.Series) -> pl.Expr:
    value = pl.col(column.name)
    match column.type:
        case Money() | Integer() | Date():
            value = value.cast(pl.String)
        case Instant():
            value = value.to_physical().cast(pl.String)
        case Text() if values.str.contains(_END, literal=True).any():
            value = value.str.replace_all(_END, _END * 2, literal=True)
    return value if column.is_required else pl.format(_pair(column), value).fill_null("")
