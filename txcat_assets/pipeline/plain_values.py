"""Values as text that any program reads, and any spreadsheet shows: exact, and never a formula.

What the frames hold, and where they are written, is the callers' matter.
"""

import re

import polars as pl

from txcat_assets.text import FORMULA_STARTS

FORMULA = f"^[{re.escape(FORMULA_STARTS)}]"

INSTANT = "%Y-%m-%dT%H:%M:%S%.fZ"


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Values as programs in any language read them without losing a digit or an offset."""
    return frame.with_columns(
        pl.selectors.decimal().cast(pl.String),
        pl.selectors.datetime().dt.strftime(INSTANT),
        pl.selectors.date().dt.strftime("%Y-%m-%d"),
    )


def plain_for_spreadsheets(frame: pl.DataFrame) -> pl.DataFrame:
    """The same for CSV: a text that a spreadsheet would run has an apostrophe before it."""
    texts = pl.col(pl.String)
    defused = pl.when(texts.str.contains(FORMULA)).then("'" + texts).otherwise(texts)
    return plain(frame.with_columns(defused.name.keep(), pl.col(pl.List(pl.String)).list.join("|")))
