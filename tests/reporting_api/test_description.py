"""The OpenAPI description is true: the API keeps it, and takes what it says that a filter takes."""

import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reporting_api.catalog import catalog
from reporting_api.columns import schema_of
from tests.reporting_api.running import Api
from txcat_assets.contracts.model import Codes
from txcat_assets.pipeline.parse import parse_value

EXAMPLES = 2

EARLY = datetime(1971, 1, 1)  # noqa: DTZ001 - an offset is said behind it

LEFT_OUT = "positive_data_acceptance"
"""What a description cannot say: that `end` is not before `start`, or where a page has ended."""


@pytest.mark.slow
def test_schemathesis_has_no_finding(on_duckdb: Api, tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", "--phases=fuzzing"]
    options = [f"--max-examples={EXAMPLES}", "--seed=1", f"--exclude-checks={LEFT_OUT}"]
    options += ["--header", f"Authorization: Bearer {on_duckdb.keys['admin']}"]
    url = f"{on_duckdb.url}/schema/openapi.json"
    ended = subprocess.run(
        [*command, *options, url], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout[-6_000:]


BY_FORMAT: dict[str, st.SearchStrategy[object]] = {
    "uuid": st.uuids(),
    "date": st.dates(min_value=date(1971, 1, 1)),
    "date-time": st.builds("{}Z".format, st.datetimes(min_value=EARLY).map(datetime.isoformat)),
    "email": st.emails(),
}


def values_of(described: dict[str, Any]) -> st.SearchStrategy[object]:  # noqa: PLR0911 - a case each
    """Values that are as a schema says."""
    match described:
        case {"anyOf": others}:
            return st.one_of(*map(values_of, others))
        case {"enum": words}:
            return st.sampled_from(words)
        case {"format": name}:
            return BY_FORMAT[name]
        case {"pattern": pattern}:
            return st.from_regex(pattern, fullmatch=True, alphabet=st.characters(codec="ascii"))
        case {"type": "integer"}:
            return st.integers(described["minimum"], described.get("maximum", 2**31))
        case {"type": "boolean"}:
            return st.booleans()
    letters = st.characters(categories=["L", "N", "P"])
    return st.text(letters, min_size=described["minLength"], max_size=described["maxLength"])


TYPES = {
    repr(field.type): field.type
    for table in catalog()
    for field in table.fields
    if not isinstance(field.type, Codes)
}


@pytest.mark.parametrize("kind", TYPES.values(), ids=lambda kind: type(kind).__name__)
def test_a_filter_takes_what_is_described_of_it(kind: object) -> None:
    described = schema_of(kind).to_schema()  # type: ignore[arg-type]

    @settings(max_examples=25, deadline=None)
    @given(values_of(described))
    def holds(value: object) -> None:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        assert parse_value(kind, text) is not None, text  # type: ignore[arg-type]

    holds()
