"""What the sample files were made to be, and what reading and judging make of them, are the same.

Duplicates and conflicts meet where records are stored; here they are told by key and digest.
"""

from collections import Counter

import polars as pl
import pytest

from data.days import CONFLICT, DUPLICATE
from data.make_samples import Sample, make_samples
from txcat_assets.contracts.transactions import CONTRACT
from txcat_assets.pipeline.judge import judge
from txcat_assets.sources.files.dialect import inspect
from txcat_assets.sources.files.records import read

NAMES = CONTRACT.column_names
REQUIRED = [column.name for column in CONTRACT.columns if column.is_required]


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    return make_samples(tmp_path_factory.mktemp("samples"), rows=1_000)


def judged(sample: Sample) -> pl.DataFrame:
    dialect = inspect(sample.path, NAMES, REQUIRED)
    raw = pl.concat(read(sample.path, dialect, NAMES)).with_columns(
        _slice_id=pl.lit(1, pl.Int64), _day=pl.lit(sample.day)
    )
    return judge(CONTRACT, raw, decimal_comma=dialect.decimal_comma)


def fates(sample: Sample, known: dict[str, object]) -> Counter[str]:
    """How many records of the file met each fate, those in `known` having arrived before."""
    met: Counter[str] = Counter()
    for record in judged(sample).iter_rows(named=True):
        if not record["_is_valid"]:
            assert len(record["_codes"]) == 1, record
            met[record["_codes"][0]] += 1
        elif (first := known.setdefault(record["id"], record["_digest"])) is not record["_digest"]:
            met[DUPLICATE if first == record["_digest"] else CONFLICT] += 1
        else:
            met["validated"] += 1
            met["warned"] += bool(record["_codes"])
    return met


def test_every_record_meets_the_fate_it_was_made_for(samples: list[Sample]) -> None:
    known: dict[str, object] = {}
    for sample in samples:
        truth = sample.truth
        counts = {"validated": truth.validated, "warned": truth.warned, DUPLICATE: truth.duplicate}
        assert fates(sample, known) == Counter(counts | truth.quarantined), sample.path.name
