"""Makes one big CSV file of transactions to measure with: mostly sound, quick to write.

    python -m data.make_big_file ROWS OUT.csv

One record in 100 has a defect, one in 200 is a repeat, one in 1,000 a conflict. The same number
always gives the same file. Prints what must become of the records as a line of JSON.
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from random import Random

import polars as pl
import pyarrow as pa

from data.merchants import MERCHANTS
from data.transactions import FIELDS

PART_ROWS = 1_000_000
"""Rows are made and written part by part, so memory does not grow with the file."""

YEAR_SECONDS = 365 * 86_400
DEFECT, REPEAT, CONFLICT, ORIGINAL = 57, 131, 877, 13
"""Where the odd rows stand in each 100, 200 and 1,000: none is odd twice. Copies repeat rows that
stand 13th in their 100, which are never odd themselves."""

TEXTS = pl.DataFrame(
    [
        (phrase.format(merchant.name), merchant.name, operation_type, side)
        for merchant in MERCHANTS
        for operation_type, side, phrases in [merchant.habit.value]
        for phrase in phrases
    ],
    schema=["phrase", "merchant", "operation_type", "side"],
    orient="row",
)


def make_big_file(path: Path, rows: int) -> dict[str, int]:
    """Write `rows` records to `path`; answers how many must meet each fate."""
    truth: Counter[str] = Counter()
    with path.open("wb") as file:
        file.write(",".join(FIELDS).encode() + b"\n")
        for start in range(0, rows, PART_ROWS):
            oddities = _oddities(min(PART_ROWS, rows - start), Random(start))
            sound = _sound(oddities.height, Random(start + 1))[oddities["source"]]
            _lines(sound.hstack(oddities)).write_csv(
                file, include_header=False, quote_style="never"
            )
            truth += _truth(oddities)
    return dict(truth)


def _oddities(rows: int, random: Random) -> pl.DataFrame:
    """For each row the row that it says again (itself, mostly), and what is odd about it."""
    row = pl.int_range(rows, dtype=pl.UInt64)
    is_repeat, is_conflict = row % 200 == REPEAT, row % 1_000 == CONFLICT
    hundred = row // 100
    earlier = row.hash(random.getrandbits(32)) % pl.max_horizontal(hundred, 1) * 100 + ORIGINAL
    return pl.select(
        source=pl.when(is_repeat | is_conflict).then(earlier).otherwise(row),
        is_repeat=is_repeat,
        is_conflict=is_conflict,
        defect=pl.when(row % 100 == DEFECT).then(hundred % 5),
    )


def _truth(oddities: pl.DataFrame) -> Counter[str]:
    duplicate = int(oddities["is_repeat"].sum())
    quarantined = int(oddities["is_conflict"].sum()) + oddities["defect"].count()
    landed = oddities.height
    validated = landed - duplicate - quarantined
    return Counter(landed=landed, validated=validated, duplicate=duplicate, quarantined=quarantined)


def _sound(rows: int, random: Random) -> pl.DataFrame:
    """Sound records as values, still without the form of a file."""
    row = pl.int_range(rows, dtype=pl.UInt64)
    text, number, cents, second = (
        row.hash(random.getrandbits(32)) % below
        for below in (TEXTS.height, 100_000, 200_000, YEAR_SECONDS)
    )
    drawn = pl.select(text=text, number=number, cents=cents, second=second)
    return drawn.hstack(TEXTS[drawn["text"]]).with_columns(_ids(rows, random))


def _ids(rows: int, random: Random) -> pl.Series:
    """Random UUIDs of version 4, straight from bytes."""
    data = pa.py_buffer(random.randbytes(16 * rows))
    numbers = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), rows, [None, data])
    digits = pl.Series(numbers).bin.encode("hex")
    parts = [digits.str.slice(*part) for part in ((0, 8), (8, 4), (13, 3), (17, 3), (20, 12))]
    return pl.select(id=pl.format("{}-{}-4{}-a{}-{}", *parts)).to_series()


def _lines(rows: pl.DataFrame) -> pl.DataFrame:
    """The lines of the file as one column, each defect in its row."""
    cents = 1 + pl.col("cents") + pl.col("is_conflict")
    sign = pl.when(side="debit").then(pl.lit("-")).otherwise(pl.lit(""))
    amount = pl.format("{}{}.{}", sign, cents // 100, (cents % 100).cast(pl.String).str.zfill(2))
    time = pl.datetime(2023, 1, 1) + pl.duration(seconds="second")
    timestamp = time.dt.strftime("%Y-%m-%dT%H:%M:%S")
    first = pl.concat_str(
        _unless(0, pl.col("id"), ""),
        pl.format("{} {}", "phrase", "number"),
        _unless(1, amount, "12.5O EUR"),
        _unless(2, timestamp, "2023-02-30T25:61:00"),
        "merchant",
        separator=",",
    )
    last = pl.format(",{},{}", "operation_type", _unless(3, pl.col("side"), "sideways"))
    return rows.select(first + _unless(4, last, ""))


def _unless(defect: int, sound: pl.Expr, text: str) -> pl.Expr:
    return pl.when(defect=defect).then(pl.lit(text)).otherwise(sound)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", type=int)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    print(json.dumps(make_big_file(args.out, args.rows)))


if __name__ == "__main__":
    main()
