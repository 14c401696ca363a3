"""The rules that follow from a contract, and the texts of every reason code."""

import subprocess
import sys

import polars as pl

from txcat_assets.contracts.model import Rule
from txcat_assets.contracts.reasons import CONFLICT, FAULTS, REFUSED
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.contracts.rules import broken_codes, reason_texts, requires, rules_of
from txcat_assets.contracts.transactions import CONTRACT


def test_rules_follow_from_the_types_of_the_columns() -> None:
    assert [rule.code for rule in rules_of(CONTRACT)] == [
        "id_missing",
        "id_invalid",
        "description_missing",
        "description_too_long",
        "amount_missing",
        "amount_invalid",
        "amount_too_precise",
        "amount_out_of_range",
        "timestamp_missing",
        "timestamp_invalid",
        "timestamp_placeholder",
        "timestamp_in_future",
        "merchant_too_long",
        "operation_type_missing",
        "operation_type_too_long",
        "side_missing",
        "side_unknown",
        "sign_disagrees_with_side",
    ]


def test_no_code_of_any_dataset_means_two_things() -> None:
    for contract in all_contracts().values():
        codes = [*FAULTS, *(rule.code for rule in rules_of(contract)), CONFLICT, REFUSED]
        assert len(codes) == len(set(codes))


def test_every_reason_code_has_a_text() -> None:
    texts = reason_texts(CONTRACT)
    assert {*FAULTS, CONFLICT, REFUSED, *(rule.code for rule in rules_of(CONTRACT))} == set(texts)
    assert texts["amount_out_of_range"] == "amount must have at most 16 digits before the point."
    assert all(text.endswith(".") for text in texts.values())


def test_rules_are_read_without_pandera() -> None:
    code = "import sys, txcat_assets.contracts.rules; sys.exit('pandera' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_record_has_the_codes_of_the_rules_that_it_breaks_in_their_order() -> None:
    rules = [
        Rule("big", "At most 5.", pl.col("n") <= 5),
        Rule("odd", "Even.", pl.col("n") % 2 == 0),
        Rule("seven", "Not 7.", pl.col("n") != 7),
    ]
    records = pl.DataFrame({"n": [7, 8, 3, 2, None]})
    found = records.select(codes=broken_codes(rules))["codes"].to_list()
    assert found == [["big", "odd", "seven"], ["big"], ["odd"], [], []]
    assert records.clear().select(codes=broken_codes(rules)).rows() == []


def test_any_number_of_rules_is_looked_up_in_order() -> None:
    rules = [Rule(f"not_{n}", "Not n.", pl.col("n") % (n + 1) != 0) for n in range(25)]
    records = pl.DataFrame({"n": [0, 24, 29, None]})
    found = records.select(codes=broken_codes(rules))["codes"].to_list()
    plain = [
        [] if n is None else [f"not_{by}" for by in range(25) if n % (by + 1) == 0]
        for n in records["n"]
    ]
    assert found == plain


def test_some_columns_require_another_and_what_cannot_be_read_is_there() -> None:
    rule = requires("paid_without_id", "?", where=pl.col("status") == "paid", column="id")
    rows = [("paid", 1, None), ("paid", None, None), ("paid", None, "invalid"), (None, None, None)]
    frame = pl.DataFrame(rows, schema=["status", "id", "_complaint_id"], orient="row")
    assert frame.select(rule.holds).to_series().to_list() == [True, False, True, None]
