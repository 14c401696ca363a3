"""The Pandera schema: it is really asked, and it tells when a stored table breaks its contract."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from pandera.config import config_context
from pandera.errors import SchemaErrors

from tests.unit.pipeline.records import PAYMENTS, judged, raw_records
from txcat_assets.contracts.model import Rule
from txcat_assets.contracts.rules import rules_of
from txcat_assets.pipeline.judge import judge
from txcat_assets.pipeline.schema import broken_rules, pandera_schema


def stored(**changes: Any) -> pl.DataFrame:
    """Two validated records, the second of which somebody changed in the table."""
    frame = judge(PAYMENTS, raw_records([{"id": "1"}, {"id": "2"}]), decimal_comma=False)
    new = [pl.Series(name, [frame[name][0], value]) for name, value in changes.items()]
    return frame.with_columns(series.cast(frame.schema[series.name]) for series in new)


def test_every_rule_is_a_check_of_its_own() -> None:
    checks = [check.name for check in pandera_schema(PAYMENTS).checks]
    assert checks == [rule.code for rule in rules_of(PAYMENTS)]


@pytest.mark.parametrize(
    "setting", [{"validation_enabled": False}, {"validation_depth": "SCHEMA_ONLY"}]
)
def test_panderas_own_settings_cannot_switch_judging_off(setting: dict[str, Any]) -> None:
    with config_context(**setting):
        assert judged(id="x")["_codes"] == ["id_invalid"]


def test_a_rule_that_cannot_be_asked_is_no_verdict() -> None:
    wrong = Rule("wrong", "Asks money for its letters.", pl.col("amount").str.len_chars() > 0)
    with pytest.raises(SchemaErrors, match="wrong"):
        judge(replace(PAYMENTS, rules=(wrong,)), raw_records([{}]), decimal_comma=False)


def test_a_stored_table_of_valid_records_breaks_no_rule() -> None:
    assert broken_rules(PAYMENTS, stored()).is_empty()
    assert broken_rules(PAYMENTS, stored()[:0]).is_empty()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": None}, "amount_missing"),
        ({"amount": Decimal(666)}, "amount_cursed"),
        ({"side": "sideways"}, "side_unknown"),
        ({"note": "x" * 11}, "note_too_long"),
        ({"at": datetime.fromisoformat("2042-01-01")}, "at_in_future"),
    ],
    ids=str,
)
def test_a_stored_record_that_breaks_a_rule_is_found(change: dict[str, Any], code: str) -> None:
    report = broken_rules(PAYMENTS, stored(**change))
    key = "00000000-0000-0000-0000-000000000002"
    assert report.rows() == [(code, 1, [key])]


def test_a_stored_warning_breaks_nothing() -> None:
    assert broken_rules(PAYMENTS, stored(amount=Decimal(13))).is_empty()


def test_a_stored_column_of_another_type_is_told() -> None:
    table = stored().with_columns(pl.col("amount").cast(pl.Float64)).drop("note")
    report = broken_rules(PAYMENTS, table)
    assert report["code"].to_list() == ["note_mistyped", "amount_mistyped"]
    assert report["sample"].to_list()[1] == [
        "expected Decimal(precision=18, scale=2), found Float64"
    ]
