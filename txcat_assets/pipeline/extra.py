"""Columns that a contract gained after a record had landed, taken from the record's `_extra`.

So a record is judged alike whether it landed before its contract knew the column or after.
What `_extra` is and how it is written belongs to the sources.
"""

import json

import polars as pl

from txcat_assets.contracts.model import Contract


def with_gained_columns(contract: Contract, raw: pl.DataFrame) -> pl.DataFrame:
    """`raw` with every column of the contract as text; numbers keep the digits they came with.

    A field that no column of text can hold becomes the record's `_fault`, as it would at landing.
    """
    gained = [name for name in contract.column_names if name not in raw.columns]
    if not gained:
        return raw
    fields = [_fields(text) for text in raw["_extra"]]
    columns = [pl.Series(n, [_text(f.get(n)) for f in fields], pl.String) for n in gained]
    faults = [_first_fault([f.get(n) for n in gained]) for f in fields]
    fault = pl.coalesce("_fault", pl.Series("_fault", faults, pl.String))
    return raw.with_columns(*columns, fault.alias("_fault"))


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
