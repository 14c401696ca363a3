"""How records are written for people to correct, and how what they wrote is read again: pure parts.

A record is addressed so that no spreadsheet can change the address unseen. Texts that a spreadsheet
would take for formulas are defused, and come back as they were. Files are read and written in
`stages.corrections`.
"""

import re
from collections.abc import Sequence

import polars as pl
from xxhash import xxh3_64_hexdigest

from txcat_assets.text import FORMULA_STARTS

EMPTY = "(empty)"
"""What stands in the place of a correction that makes a field empty."""

_BEGINS = re.escape(FORMULA_STARTS)
_NUMBER = r"^[+-]?[0-9]+([.,][0-9]+)?$"
_QUOTED = f"^'['{_BEGINS}]"
_ADDRESS = r"^([a-z0-9_]+)/([0-9]+)/([0-9]+)/([0-9a-f]{16})$"


def defused(text: pl.Expr) -> pl.Expr:
    """The text with a quote before it where a spreadsheet would run it; `restored` undoes it."""
    is_formula = text.str.contains(f"^[{_BEGINS}]") & ~text.str.contains(_NUMBER)
    is_run = is_formula | text.str.contains(_QUOTED)
    return pl.when(~is_run).then(text).otherwise("'" + text)


def restored(text: pl.Expr) -> pl.Expr:
    """The text as it was before `defused`; what people type without a quote stays as it is."""
    return pl.when(text.str.contains(_QUOTED)).then(text.str.slice(1)).otherwise(text)


def addresses(dataset: str, names: Sequence[str], records: pl.DataFrame) -> pl.Series:
    """Which record each is, and a digest of it as it came, so that no other is taken for it.

    `records` has `_slice_id`, `_position`, `_bytes` and the columns `names` as text.
    """
    parts = [
        pl.lit(dataset),
        pl.col("_slice_id", "_position"),
        digests_as_they_came(names, records),
    ]
    return records.select(pl.concat_str(parts, separator="/").alias("_address")).to_series()


def address_parts(address: pl.Expr) -> list[pl.Expr]:
    """What an address says: dataset, `_slice_id`, `_position` and digest; null where it is none."""
    found = address.str.strip_chars().str.extract_groups(_ADDRESS).struct
    numbers = [found[n].cast(pl.Int64, strict=False) for n in (1, 2)]
    is_one = pl.all_horizontal(one.is_not_null() for one in numbers)
    return [
        pl.when(is_one).then(part).alias(name)
        for name, part in zip(ADDRESS_PARTS, [found[0], *numbers, found[3]], strict=True)
    ]


ADDRESS_PARTS = ("_dataset", "_slice_id", "_position", "_came_as")


def digests_as_they_came(names: Sequence[str], records: pl.DataFrame) -> pl.Series:
    """A digest of each record's texts by column, and of its bytes where it could not be cut.

    Columns without text are left out, so that a contract that gains columns changes no digest.
    """
    pairs = [f"{name}=" + pl.col(name) for name in sorted(names)]
    texts = records.select(pl.concat_str(pairs, separator="\x1f", ignore_nulls=True)).to_series()
    both = zip(texts, records["_bytes"], strict=True)
    digests = [xxh3_64_hexdigest(f"{text}\x1f".encode() + (raw or b"")) for text, raw in both]
    return pl.Series("_came_as", digests, pl.String)
