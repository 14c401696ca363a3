"""Verdicts: what a judged record has, what a rejected one has not, and what they depend on."""

import json
import subprocess
import sys

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.unit.pipeline.records import DAY, PAYMENTS, judged, raw_records
from txcat_assets.pipeline.judge import judge
from txcat_assets.pipeline.parse import typed_columns

RECORDS: list[dict[str, str | None]] = [
    {},
    {"id": "x", "amount": "1.005", "side": None},
    {"amount": "13"},
    {"amount": "666", "at": "2042-01-01T00:00:00"},
    {"_fault": "ragged_line", "id": None},
    {"note": "=1+1"},
]


def test_a_judged_record_has_its_address_its_values_and_its_verdict() -> None:
    verdicts = judge(PAYMENTS, raw_records(RECORDS), decimal_comma=False)
    address = {"_slice_id": pl.Int64, "_position": pl.Int64, "_day": pl.Date}
    verdict = {"_digest": pl.String, "_codes": pl.List(pl.String), "_is_valid": pl.Boolean}
    expected = [*address.items(), *typed_columns(PAYMENTS).items(), *verdict.items()]
    assert list(verdicts.schema.items()) == expected
    assert verdicts["_position"].to_list() == list(range(len(RECORDS)))
    assert verdicts["_is_valid"].to_list() == [True, False, True, False, False, True]


def test_every_error_is_named_in_the_order_of_the_rules() -> None:
    verdict = judged(side="x", amount="666", id=None, at="never", rate="1.23456")
    expected = ["id_missing", "rate_too_precise", "at_invalid", "side_unknown", "amount_cursed"]
    assert verdict["_codes"] == expected


def test_a_rejected_record_has_no_value_and_no_digest() -> None:
    verdict = judged(id="x", amount="13")
    assert {verdict[name] for name in [*PAYMENTS.column_names, "_digest"]} == {None}
    assert verdict["_codes"] == ["id_invalid"]


def test_a_warning_rejects_nothing() -> None:
    verdict = judged(amount="13")
    assert (verdict["_is_valid"], verdict["_codes"]) == (True, ["amount_odd"])


def test_a_sound_record_has_no_reasons() -> None:
    assert judged()["_codes"] is None


def test_a_fault_is_the_only_reason() -> None:
    verdict = judged(_fault="ragged_line", id=None)
    assert (verdict["_is_valid"], verdict["_codes"]) == (False, ["ragged_line"])


def test_a_fault_rejects_even_a_record_that_could_be_read() -> None:
    assert judged(_fault="nul_byte")["_codes"] == ["nul_byte"]


@pytest.mark.parametrize("cut", range(len(RECORDS) + 1))
def test_a_verdict_does_not_depend_on_the_records_beside_it(cut: int) -> None:
    raw = raw_records(RECORDS)
    parts = [judge(PAYMENTS, part, decimal_comma=False) for part in (raw[:cut], raw[cut:])]
    assert_frame_equal(pl.concat(parts), judge(PAYMENTS, raw, decimal_comma=False))


def test_the_day_decides_what_is_in_the_future() -> None:
    raw = raw_records([{"at": "2025-02-02T00:00:00"}, {"at": "2025-02-02T00:00:00"}])
    days = pl.Series("_day", [DAY, DAY.replace(month=3, day=1)])
    verdicts = judge(PAYMENTS, raw.with_columns(days), decimal_comma=False)
    assert verdicts["_is_valid"].to_list() == [False, True]


@pytest.mark.parametrize(
    ("extra", "value"),
    [
        ('{"note": "late"}', "late"),
        ('{"note": 1.10}', "1.10"),
        ('{"other": 1}', None),
        (None, None),
    ],
)
def test_a_column_gained_after_landing_is_taken_from_the_extra_fields(
    extra: str | None, value: str | None
) -> None:
    raw = raw_records([{"_extra": extra}]).drop("note")
    assert judge(PAYMENTS, raw, decimal_comma=False)["note"].to_list() == [value]


def test_a_gained_number_keeps_all_its_digits() -> None:
    raw = raw_records([{"_extra": '{"amount": 9999999999999999.99}'}]).drop("amount")
    assert str(judge(PAYMENTS, raw, decimal_comma=False)["amount"][0]) == "9999999999999999.99"


@pytest.mark.parametrize(
    ("value", "reason"), [([1], "nested_value"), ("\0", "nul_byte"), ("\ud800", "bad_encoding")]
)
def test_a_gained_field_that_is_no_text_is_a_fault(value: object, reason: str) -> None:
    raw = raw_records([{"_extra": json.dumps({"note": value})}]).drop("note")
    assert judge(PAYMENTS, raw, decimal_comma=False)["_codes"].to_list() == [[reason]]


def test_pandera_is_not_imported_before_something_is_judged() -> None:
    code = "import sys, txcat_assets.pipeline.judge; sys.exit('pandera' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
