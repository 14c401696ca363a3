"""What becomes of each way to write a time: docs/values.md, line by line.

The other values are in `test_values`.
"""

from datetime import datetime

import pytest

from tests.unit.pipeline.records import judged


@pytest.mark.parametrize("text", ["2025-01-03T10:00:00", "2025-01-03 10:00:00.5"])
def test_a_time_without_an_offset_is_rejected_where_the_contract_needs_one(text: str) -> None:
    assert judged(due=text)["_codes"] == ["due_without_offset"]


@pytest.mark.parametrize("zone", ["Z", "+00:00", "-0000", "+00"])
@pytest.mark.parametrize("text", ["2025-01-03T10:00:00", "2025-01-03 10:00:00.0"])
def test_with_any_offset_it_is_that_instant(text: str, zone: str) -> None:
    assert judged(due=text + zone)["due"] == datetime(2025, 1, 3, 10)  # noqa: DTZ001


@pytest.mark.parametrize("text", ["2025-02-30T10:00:00", "2025-01-03", "10:00:00Z", "soon+01:00"])
def test_what_is_no_time_lacks_more_than_an_offset(text: str) -> None:
    assert judged(due=text)["_codes"] == ["due_invalid"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2025-01-03T10:00:00", "2025-01-03 10:00:00"),
        ("2025-01-03 10:00:00", "2025-01-03 10:00:00"),
        ("2025-01-03T10:00:00Z", "2025-01-03 10:00:00"),
        ("2025-01-03T10:00:00.5", "2025-01-03 10:00:00.500000"),
        ("2025-01-03 10:00:00.000001Z", "2025-01-03 10:00:00.000001"),
        ("2025-01-03T10:00:00.123456789", "2025-01-03 10:00:00.123456"),
        ("2025-01-03T10:00:00+02:00", "2025-01-03 08:00:00"),
        ("2025-01-03T10:00:00.25-0530", "2025-01-03 15:30:00.250000"),
        ("2025-01-03 10:00:00+00", "2025-01-03 10:00:00"),
        ("2024-02-29T23:59:59", "2024-02-29 23:59:59"),
        ("0001-01-02T00:00:00", "0001-01-02 00:00:00"),
        ("1970-01-01T00:00:01", "1970-01-01 00:00:01"),
        ("\u200b2025-01-03T10:00:00", "2025-01-03 10:00:00"),
        ("1582-10-10T12:00:00", "1582-10-10 12:00:00"),
        ("2025-02-02T01:59:59+02:00", "2025-02-01 23:59:59"),
    ],
)
def test_an_iso_time_becomes_utc(text: str, value: str) -> None:
    assert str(judged(at=text)["at"]) == value


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-30T10:00:00",
        "2023-02-29 10:00:00.5Z",
        "2025-13-01T00:00:00",
        "2025-01-03T24:00:00",
        "2025-01-03T10:60:00",
        "2025-01-03T10:00:60",
        "2025-01-03",
        "2025-01-03T10:00",
        "20250103T100000",
        "03/01/2025 10:00:00",
        "2025-01-03T10:00:00.",
        "2025-01-03T10:00:00,5",
        "2025-01-03T10:00:00.1234567890",
        "2025-01-03T10:00:00 +02:00",
        "2025-01-03T10:00:00+24:00",
        "2025-01-03T10:00:00+2",
        "2025-01-03T10:00:00 CET",
        "2025-01-03t10:00:00z",
        "0000-01-01T00:00:00",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "1735898400",
        "now",
    ],
)
def test_anything_else_is_no_time(text: str) -> None:
    assert judged(at=text)["_codes"] == ["at_invalid"]


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00",
        "0001-01-01 10:00:00Z",
        "1753-01-01T00:00:00",
        "1899-12-30 00:00:00",
        "1899-12-30T13:45:00",
        "1900-01-01T00:00:00.000",
        "1970-01-01T00:00:00Z",
        "1970-01-01 00:00:00+01:00",
    ],
)
def test_what_other_programs_write_for_no_time_is_none(text: str) -> None:
    assert judged(at=text)["_codes"] == ["at_placeholder"]
    assert judged(due=text)["_codes"] == ["due_placeholder"]


def test_a_time_may_lie_in_the_day_after_arrival_and_no_later() -> None:
    assert judged(at="2025-02-01T23:59:59.999999")["_is_valid"]
    assert judged(at="2025-02-02T00:00:00")["_codes"] == ["at_in_future"]
    assert judged(at="2042-01-01T00:00:00")["_codes"] == ["at_in_future"]
    assert judged(at="9999-12-31T23:59:59")["_codes"] == ["at_in_future"]
