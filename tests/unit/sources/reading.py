"""Reading a file the way the graph does: its head first, then its records.

The files are written by the fixture `write`.
"""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from txcat_assets.sources.files.dialect import inspect
from txcat_assets.sources.files.records import BLOCK_BYTES, read

COLUMNS = ["id", "name", "amount"]

TEXTS = dict.fromkeys([*COLUMNS, "_extra", "_fault"], pl.String())
SCHEMA = {"_position": pl.Int64(), **TEXTS, "_bytes": pl.Binary()}

Write = Callable[..., Path]


def load(
    path: Path, *, start: int = 0, encoding: str | None = None, block_bytes: int = BLOCK_BYTES
) -> pl.DataFrame:
    dialect = inspect(path, COLUMNS, COLUMNS, encoding)
    frames = list(read(path, dialect, COLUMNS, start, block_bytes))
    return pl.concat([pl.DataFrame(schema=SCHEMA), *frames])
