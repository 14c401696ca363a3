"""Few rows as a frame, from the values that psycopg fetched: COPY would take longer to begin."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from txcat_assets.warehouse.databases.postgres_copy import WRITTEN_AS, CopiedColumn


def read_fetched(rows: Sequence[tuple[Any, ...]], columns: Sequence[CopiedColumn]) -> pl.DataFrame:
    """The rows in the types in which `read_copied` gives them: ids as text, exact decimals."""
    series = zip(*rows, strict=True) if rows else [()] * len(columns)
    return pl.DataFrame(
        [_series(column, values) for column, values in zip(columns, series, strict=True)]
    )


def _series(column: CopiedColumn, values: Sequence[Any]) -> pl.Series:
    if column.type_name == "uuid":
        values = [None if value is None else str(value) for value in values]
    return pl.Series(column.name, values, _dtype(column, values), strict=True)


def _dtype(column: CopiedColumn, values: Sequence[Any]) -> pl.DataType:
    if column.type_name != "numeric":
        return WRITTEN_AS.get(column.type_name, pl.String())
    if column.precision is not None:
        return pl.Decimal(column.precision, column.scale or 0)
    # A sum has neither precision nor scale: it is given the places that its digits need.
    places = (-value.as_tuple().exponent for value in values if value is not None)
    return pl.Decimal(38, max(places, default=0))
