"""The shape of what a source hands over: records as text, each with its fault if it has one.

CSV and JSON Lines both end here, so that a slice looks the same whatever it was read from.
"""

from collections.abc import Sequence
from typing import Protocol

import polars as pl

Cut = tuple[pl.DataFrame, int]
"""Records cut from the front of a buffer, and how many of its bytes they took."""


class Cutter(Protocol):
    """Knows one format: cuts records from the front of a buffer of UTF-8."""

    def cut(self, buffer: bytes, *, is_last: bool) -> Cut:
        """The records of the buffer that are surely whole, and how many bytes they took."""


Row = tuple[Sequence[str | None] | None, str | None, bytes]
"""One record: its fields or None, its fault or None, its bytes."""


def rows_frame(rows: Sequence[Row], names: Sequence[str]) -> pl.DataFrame:
    """One row per record: the named columns, `_fault`, and `_bytes` where there is a fault."""
    empty = (None,) * len(names)
    fields = zip(*(row[0] or empty for row in rows), strict=True) if rows else [()] * len(names)
    data = [
        *(
            pl.Series(name, [field or None for field in column], pl.String)
            for name, column in zip(names, fields, strict=True)
        ),
        pl.Series("_fault", [fault for _, fault, _ in rows], pl.String),
        pl.Series("_bytes", [raw if fault else None for _, fault, raw in rows], pl.Binary),
    ]
    return pl.DataFrame(data)


def contract_frame(
    frame: pl.DataFrame, header: Sequence[str], columns: Sequence[str]
) -> pl.DataFrame:
    """The contract's columns by name, all others as one JSON object in `_extra`.

    `frame` has a column per name of the header, called by its place ("0", "1" and so on, for a
    file may name its columns as it likes), then `_fault` and `_bytes`.
    """
    by_name = {name: pl.col(str(place)).alias(name) for place, name in enumerate(header)}
    others = [by_name[name] for name in header if name not in columns]
    wanted = [by_name.get(name, pl.lit(None, pl.String).alias(name)) for name in columns]
    return frame.select(*wanted, _extra(others), "_fault", "_bytes")


def _extra(others: Sequence[pl.Expr]) -> pl.Expr:
    if not others:
        return pl.lit(None, pl.String).alias("_extra")
    has_any = pl.any_horizontal([other.is_not_null() for other in others])
    return pl.when(has_any).then(pl.struct(others).struct.json_encode()).alias("_extra")
