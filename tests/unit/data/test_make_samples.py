"""The sample data: the same each time, every oddity in it, and a truth that its files bear out."""

import csv
import gzip
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from random import Random

import pytest

from data.days import DUPLICATE, VALIDATED, Day, Record
from data.dialects import DIALECTS, PLAIN
from data.make_samples import (
    FEWEST_ROWS,
    RECIPES,
    WRITTEN_FILES,
    Sample,
    make_reference_data,
    make_samples,
    truth_of_all,
)
from data.merchants import MERCHANTS
from data.oddities import Defect, Guise, Recipe
from data.transaction_oddities import TRANSACTIONS
from data.transactions import fitting_id
from txcat_assets.contracts.model import Severity
from txcat_assets.contracts.reasons import CONFLICT
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.contracts.rules import reason_texts, rules_of
from txcat_assets.contracts.transactions import CATEGORIES

each_recipe = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)


@pytest.fixture(scope="module")
def samples_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Recipe], list[Sample]]:
    """A file of a dataset in each dialect."""

    @cache
    def made(dataset: str) -> list[Sample]:
        return make_samples(tmp_path_factory.mktemp("samples"), RECIPES[dataset], rows=400)

    return lambda recipe: made(recipe.dataset)


@pytest.fixture(scope="module")
def samples(samples_of: Callable[[Recipe], list[Sample]]) -> list[Sample]:
    """A file of transactions in each dialect."""
    return samples_of(TRANSACTIONS)


def texts_of(sample: Sample) -> str:
    """The text of a file; bytes that are none are replaced."""
    content = sample.path.read_bytes()
    if sample.path.suffix == ".gz":
        content = gzip.decompress(content)
    return content.decode("utf-16" if content[:2] == b"\xff\xfe" else "utf-8-sig", "replace")


def test_the_same_numbers_make_the_same_files(tmp_path: Path, samples: list[Sample]) -> None:
    again = make_samples(tmp_path, rows=400)
    assert [one.path.read_bytes() for one in again] == [one.path.read_bytes() for one in samples]


def test_every_dialect_is_written_under_the_name_of_its_day(samples: list[Sample]) -> None:
    assert [one.path.name for one in samples] == [
        "transactions_2025-01-03.csv",
        "transactions_2025-01-04.csv",
        "transactions_2025-01-05.csv",
        "transactions_2025-01-06.csv.gz",
        "transactions_2025-01-07.jsonl",
    ]


@each_recipe
def test_every_record_has_one_fate(
    samples_of: Callable[[Recipe], list[Sample]], recipe: Recipe
) -> None:
    for sample in samples_of(recipe):
        truth = sample.truth
        fates = truth.validated + truth.duplicate + sum(truth.quarantined.values())
        assert truth.landed == fates == 400


@each_recipe
def test_every_reason_of_a_defect_is_met_and_known_to_the_contract(
    samples_of: Callable[[Recipe], list[Sample]], recipe: Recipe
) -> None:
    reasons = {defect.reason for defect in recipe.defects} | {CONFLICT}
    assert truth_of_all(samples_of(recipe)).quarantined.keys() == reasons
    assert reasons <= reason_texts(all_contracts()[recipe.dataset]).keys()


LONG_TEXTS = {"description_too_long", "merchant_too_long", "operation_type_too_long"}
UNMADE = {*LONG_TEXTS, "timestamp_missing", "side_missing"}
"""What no transaction of the samples breaks; tests/assets/test_checks.py has one of each."""


@pytest.mark.parametrize("dataset", all_contracts())
def test_every_rule_of_every_contract_is_broken_by_some_record(dataset: str) -> None:
    contract = all_contracts()[dataset]
    rules = {rule.code for rule in rules_of(contract) if rule.severity is Severity.ERROR}
    rules |= {reference.code for reference in contract.references}
    made = {fate for file in WRITTEN_FILES if file.dataset == dataset for _, fate in file.lines}
    made |= {one.reason for one in RECIPES[dataset].defects} if dataset in RECIPES else set()
    assert rules - UNMADE <= made


@pytest.mark.parametrize(
    "oddity",
    [one for recipe in RECIPES.values() for one in (*recipe.defects, *recipe.guises)],
    ids=lambda oddity: str(oddity.name),
)
def test_every_oddity_fits_some_file(oddity: Defect | Guise) -> None:
    assert any(oddity.fits(dialect) for dialect in DIALECTS)


def test_a_file_without_quoted_newlines_has_a_line_for_each_record(samples: list[Sample]) -> None:
    plain, json_lines = texts_of(samples[0]), texts_of(samples[4])
    assert len(plain.splitlines()) == 1 + 400
    assert len(json_lines.splitlines()) == 400


def test_quoted_newlines_are_read_as_one_record_by_a_plain_reader(samples: list[Sample]) -> None:
    rows = list(csv.reader(texts_of(samples[2]).splitlines(keepends=True), delimiter="\t"))
    assert len(rows) == 1 + 400
    assert any("\n" in field for row in rows for field in row)


def test_the_first_record_of_an_id_is_the_sound_one() -> None:
    first: dict[bytes, str] = {}
    for record in plain_records():
        first.setdefault(record.line.split(b",")[0].strip(b"{}").lower(), record.fate)
    assert DUPLICATE not in first.values()
    assert CONFLICT not in first.values()


def plain_records() -> list[Record]:
    """The records of a day with nothing known before it."""
    return Day(TRANSACTIONS, Random(1), date(2025, 1, 3), PLAIN, 4_000).records([])


def test_a_repeat_says_what_its_original_says() -> None:
    lines = [record.line for record in plain_records() if record.fate in (VALIDATED, DUPLICATE)]
    rest = [line.split(b",", 1)[1] for line in lines]
    repeats = sum(record.fate == DUPLICATE for record in plain_records())
    assert len(rest) - len(set(rest)) == repeats == 20


@pytest.mark.parametrize("category", CATEGORIES)
def test_ids_are_such_that_the_sample_service_names_the_merchants_category(category: str) -> None:
    """The rule that the service is given: the hash of the id, by the number of categories."""
    assert any(merchant.category == category for merchant in MERCHANTS)
    for number in (0, 12_345, 2**61, 2**127):
        assert CATEGORIES[hash(fitting_id(number, category)) % len(CATEGORIES)] == category


def test_too_few_rows_are_refused_by_a_number_that_is_enough(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"take {FEWEST_ROWS} or more"):
        make_samples(tmp_path, rows=FEWEST_ROWS - 1)
    assert len(make_samples(tmp_path, rows=FEWEST_ROWS)) == 5


@pytest.mark.parametrize("dataset", sorted({file.dataset for file in WRITTEN_FILES}))
def test_reference_data_is_the_same_each_time(tmp_path: Path, dataset: str) -> None:
    first, again = (make_reference_data(tmp_path / n, dataset) for n in "ab")
    assert [one.path.read_text() for one in first] == [one.path.read_text() for one in again]
    assert [one.truth.landed for one in first] == [
        len(one.path.read_text().splitlines()) - 1 for one in first
    ]
