"""Makes the sample data: several daily files of a dataset with every kind of defect in them.

    python -m data.make_samples OUT_DIR [--dataset NAME] [--rows N] [--days K] [--first-day DAY]

The same numbers and first day always give the same files. What must become of every record is known
from how it was made: each sample carries its truth, and the command prints the sum as a line of
JSON. The truth of payments is that which holds once the users and currencies of the sample data are
there too.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from itertools import cycle
from pathlib import Path
from random import Random

from data.commerce import COMMERCE_FILES
from data.days import DUPLICATE, VALIDATED, Day, Record
from data.dialects import DIALECTS
from data.oddities import Original, Recipe
from data.payment_oddities import PAYMENTS
from data.reference_data import REFERENCE_FILES
from data.transaction_oddities import TRANSACTIONS

WRITTEN_FILES = (*REFERENCE_FILES, *COMMERCE_FILES)
"""What is written line by line, and does not follow from a recipe."""

RECIPES = {recipe.dataset: recipe for recipe in (PAYMENTS, TRANSACTIONS)}
FIRST_DAY = date(2025, 1, 3)
"""Of the first file, unless another is named."""

FEWEST_ROWS = 200
"""Enough for every defect and every guise to stand among sound records."""


@dataclass(frozen=True)
class Truth:
    """How many records must meet each fate; of the validated, some are warned or suspicious."""

    landed: int
    validated: int
    warned: int
    suspicious: int
    duplicate: int
    quarantined: dict[str, int]
    """By reason code, `conflict` among them. Every record has one reason only."""


@dataclass(frozen=True)
class Sample:
    """One file, the day in its name, and what must become of its records."""

    path: Path
    day: date
    truth: Truth


def make_samples(
    out: Path,
    recipe: Recipe = TRANSACTIONS,
    *,
    rows: int = 2_000,
    days: int = 5,
    first_day: date = FIRST_DAY,
) -> list[Sample]:
    """Write a file of `rows` records for each of `days` days from `first_day` on into `out`.

    Records are repeated in the files after theirs, so the truth is that of files which are landed
    in the order of their days.
    """
    if rows < FEWEST_ROWS:
        raise ValueError(f"{rows} rows have no room for every defect: take {FEWEST_ROWS} or more")
    out.mkdir(parents=True, exist_ok=True)
    random, known, samples = Random(7), list[Original](), list[Sample]()
    for number, dialect in zip(range(days), cycle(DIALECTS), strict=False):
        day = first_day + timedelta(days=number)
        records = Day(recipe, random, day, dialect, rows).records(known)
        path = out / f"{recipe.dataset}_{day}{dialect.suffix}"
        path.write_bytes(dialect.file(recipe.fields, (record.line for record in records)))
        samples.append(Sample(path, day, truth_of(records)))
    return samples


def make_reference_data(out: Path, dataset: str, *, first_day: date = FIRST_DAY) -> list[Sample]:
    """Write the files of a dataset that has no recipe, from `first_day` on, into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    samples = []
    for file in WRITTEN_FILES:
        if file.dataset == dataset:
            day = first_day + timedelta(days=file.days_later)
            path = out / f"{dataset}_{day}.csv"
            path.write_text(file.text)
            samples.append(Sample(path, day, truth_of(Record(0, b"", f) for _, f in file.lines)))
    return samples


def truth_of(records: Iterable[Record]) -> Truth:
    """The fates of these records, counted."""
    records = list(records)
    fates = Counter(record.fate for record in records)
    return Truth(
        landed=len(records),
        validated=fates.pop(VALIDATED, 0),
        warned=sum(record.is_warned for record in records),
        suspicious=sum(record.is_suspicious for record in records),
        duplicate=fates.pop(DUPLICATE, 0),
        quarantined=dict(sorted(fates.items())),
    )


def truth_of_all(samples: Iterable[Sample]) -> Truth:
    """The truth of several files together."""
    truths = [sample.truth for sample in samples]
    reasons = sum((Counter(truth.quarantined) for truth in truths), Counter[str]())
    return Truth(
        landed=sum(truth.landed for truth in truths),
        validated=sum(truth.validated for truth in truths),
        warned=sum(truth.warned for truth in truths),
        suspicious=sum(truth.suspicious for truth in truths),
        duplicate=sum(truth.duplicate for truth in truths),
        quarantined=dict(sorted(reasons.items())),
    )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    datasets = sorted({*RECIPES, *(file.dataset for file in WRITTEN_FILES)})
    parser.add_argument("--dataset", choices=datasets, default=TRANSACTIONS.dataset)
    parser.add_argument("--rows", type=int, default=2_000, help="records in each file")
    parser.add_argument("--days", type=int, default=5, help="files")
    parser.add_argument("--first-day", type=date.fromisoformat, default=FIRST_DAY, metavar="DAY")
    args = parser.parse_args()
    day = args.first_day
    if recipe := RECIPES.get(args.dataset):
        samples = make_samples(args.out, recipe, rows=args.rows, days=args.days, first_day=day)
    else:
        samples = make_reference_data(args.out, args.dataset, first_day=day)
    print(json.dumps(asdict(truth_of_all(samples))))


if __name__ == "__main__":
    main()
