"""Frames as PostgreSQL's COPY reads and writes them, by the fastest ways that keep every value.

What goes in is binary, encoded by pgpq: the server then parses no text, which is half of its work.
What comes out is CSV, which polars reads faster than anything reads the binary form. It handles the
types that the tables have and no others: text, ids, integers, decimals, days and times, flags,
bytes, and lists of codes, in which nothing needs quoting.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl
from pgpq import ArrowToPostgresBinaryEncoder


@dataclass(frozen=True)
class CopiedColumn:
    """A column of a query as PostgreSQL describes it: `type_name` as in pg_type."""

    name: str
    type_name: str
    precision: int | None = None
    scale: int | None = None


READ_FROM_CSV: dict[str, pl.DataType] = {
    "int2": pl.Int16(),
    "int4": pl.Int32(),
    "int8": pl.Int64(),
    "float4": pl.Float32(),
    "float8": pl.Float64(),
}
"""The types that polars reads from CSV by itself; all others are read as text and then cast."""

WRITTEN_AS = READ_FROM_CSV | {
    "date": pl.Date(),
    "timestamp": pl.Datetime("us"),
    "bool": pl.Boolean(),
    "bytea": pl.Binary(),
    "_text": pl.List(pl.String()),
    "_varchar": pl.List(pl.String()),
}
"""By a column's type, the polars type that is written into it; text where it is not listed."""

PART_ROWS = 50_000
"""Rows that are encoded at a time, while the server takes in the part before."""


def _codes(text: pl.Series) -> pl.Series:
    """An array of codes, in which PostgreSQL quotes nothing."""
    inside = text.str.strip_chars("{}")
    return inside.str.split(",").list.filter(pl.element() != "")


FROM_TEXT: dict[str, Callable[[pl.Series], pl.Series]] = {
    "date": lambda text: text.str.to_date("%Y-%m-%d"),
    "timestamp": lambda text: text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us"),
    "bool": lambda text: text == "t",
    "bytea": lambda text: text.str.slice(2).str.decode("hex"),
    "_text": _codes,
    "_varchar": _codes,
}
"""How the text of COPY is read, by type; that of other types stays text."""


def read_copied(data: bytes | bytearray, columns: Sequence[CopiedColumn]) -> pl.DataFrame:
    """The rows that COPY ... TO wrote as CSV; ids and types that are not listed stay text."""
    schema = {column.name: READ_FROM_CSV.get(column.type_name, pl.String()) for column in columns}
    if data:
        texts = pl.read_csv(io.BytesIO(data), has_header=False, schema=schema)
    else:
        texts = pl.DataFrame(schema=schema)
    return texts.with_columns(_typed(column, texts[column.name]) for column in columns)


def _typed(column: CopiedColumn, text: pl.Series) -> pl.Series:
    if column.type_name == "numeric":
        return _decimal(column, text)
    read = FROM_TEXT.get(column.type_name)
    return read(text) if read else text


def _decimal(column: CopiedColumn, text: pl.Series) -> pl.Series:
    """A sum has neither precision nor scale: it is given the places that its digits need."""
    if column.precision is not None:
        return text.cast(pl.Decimal(column.precision, column.scale or 0))
    places = text.str.extract(r"\.(\d+)").str.len_chars().max()
    return text.cast(pl.Decimal(38, places if isinstance(places, int) else 0))


def written_copy(frame: pl.DataFrame, columns: Sequence[CopiedColumn]) -> Iterator[bytes]:
    """The rows as COPY ... FROM reads them in binary, for the columns of a table, part by part."""
    cast = [_as_stored(column, frame[column.name]) for column in columns]
    # The oldest form of Arrow: pgpq does not take string views.
    table = pl.DataFrame(cast).rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    encoder = ArrowToPostgresBinaryEncoder(table.schema)
    yield encoder.write_header()
    for part in table.to_batches(max_chunksize=PART_ROWS):
        yield encoder.write_batch(part)
    yield encoder.finish()


def _as_stored(column: CopiedColumn, values: pl.Series) -> pl.Series:
    """The values in the type that the binary form of their column takes."""
    if column.type_name == "uuid":
        digits = values.cast(pl.String()).str.replace_all("-", "", literal=True)
        return digits.str.decode("hex")
    if column.type_name == "numeric":
        return values.cast(pl.Decimal(column.precision or 38, column.scale or 0))
    return values.cast(WRITTEN_AS.get(column.type_name, pl.String()))


def sql_types(frame: pl.DataFrame) -> list[tuple[str, str]]:
    """The columns of a temporary table that can take the frame, by name and SQL type."""
    return [(name, _sql_type(dtype)) for name, dtype in frame.schema.items()]


def _sql_type(dtype: pl.DataType) -> str:
    match dtype:
        case pl.Decimal(precision=precision, scale=scale):
            return f"NUMERIC({precision},{scale})"
        case pl.List():
            return "TEXT[]"
    return {
        pl.Int16: "SMALLINT",
        pl.Int32: "INTEGER",
        pl.Int64: "BIGINT",
        pl.UInt32: "BIGINT",
        pl.Date: "DATE",
        pl.Datetime: "TIMESTAMP",
        pl.Boolean: "BOOLEAN",
        pl.Binary: "BYTEA",
        pl.String: "TEXT",
    }[type(dtype)]
