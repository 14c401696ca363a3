"""Columns that a contract gained after a record had landed, taken from the record's `_extra`.

So a record is judged alike whether it landed before its contract knew the column or after.
What `_extra` is and how it is written belongs to the sources.
"""

import json
from collections.abc import Sequence

import polars as pl

from txcat_assets.contracts.model import Contract


def with_gained_columns(contract: Contract, raw: pl.DataFrame) -> pl.DataFrame:
    """`raw` with every column of the contract as text; numbers keep the digits they came with.

    A field that no column of text can hold becomes the record's `_fault`, as it would at landing.
    """
    names = contract.column_names
    absent = [name for name in names if name not in raw.columns]
    raw = raw.with_columns(pl.lit(None, pl.String).alias(name) for name in absent)
    rows = raw.select(pl.arg_where(_has_gained(names))).to_series()
    if rows.is_empty():
        return raw
    fields = [_fields(text) for text in raw["_extra"].gather(rows)]
    columns = [pl.Series(n, [_text(f.get(n)) for f in fields], pl.String) for n in names]
    faults = [_first_fault([f.get(n) for n in names]) for f in fields]
    gained = pl.DataFrame([rows.alias("row"), *columns, pl.Series("_fault", faults, pl.String)])
    return raw.with_row_index("row").update(gained, on="row").drop("row")


def _has_gained(names: Sequence[str]) -> pl.Expr:
    """Whether a sound record's `_extra` may name a column that it lacks: a quick look."""
    extra = pl.col("_extra")
    named = [pl.col(n).is_null() & extra.str.contains(f'"{n}"', literal=True) for n in names]
    return pl.col("_fault").is_null() & pl.any_horizontal(named)


def _fields(extra: str | None) -> dict[str, object]:
    if extra is None:
        return {}
    fields: dict[str, object] = json.loads(
        extra, parse_float=str, parse_int=str, parse_constant=str
    )
    return fields


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) and not _fault(value) else None


def _first_fault(values: list[object]) -> str | None:
    return next(filter(None, map(_fault, values)), None)


def _fault(value: object) -> str | None:
    match value:
        case dict() | list():
            return "nested_value"
        case str() if "\0" in value:
            return "nul_byte"
        case str() if any("\ud800" <= char <= "\udfff" for char in value):
            return "bad_encoding"
        case _:
            return None
