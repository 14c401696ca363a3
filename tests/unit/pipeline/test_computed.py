"""Answers that txcat computes itself: what they are, and what makes old ones stale."""

from typing import Any

import polars as pl
import pytest

from txcat_assets.contracts.model import Answer, Codes, Flag, Function, Stage
from txcat_assets.pipeline.computed import ComputedStage

CODES = Codes((("big", "Above the limit."), ("odd", "Not even.")))


def expressions(limit: int) -> dict[str, pl.Expr]:
    is_big, is_odd = pl.col("n") > limit, pl.col("n") % 2 == 1
    codes = [pl.when(is_big).then(pl.lit("big")), pl.when(is_odd).then(pl.lit("odd"))]
    return {"codes": pl.concat_list(codes).list.drop_nulls(), "is_big": is_big}


def computed(limit: int, **others: pl.Expr) -> ComputedStage:
    columns = (Answer("is_big", Flag(), "Big."), Answer("codes", CODES, "Why."))
    stage = Stage("marked", Function(expressions), "Marked.", columns)
    return ComputedStage(stage, expressions(limit) | others)


def test_each_row_has_typed_answers_and_none_is_refused() -> None:
    (answers,) = computed(5).answers(pl.DataFrame({"n": [7, 4, 6]}))
    assert answers.schema == {
        "row": pl.UInt32,
        "is_big": pl.Boolean,
        "codes": pl.List(pl.String),
        "refusal": pl.String,
    }
    assert answers.rows() == [
        (0, True, ["big", "odd"], None),
        (1, False, [], None),
        (2, True, ["big"], None),
    ]


def test_nothing_has_no_answers() -> None:
    (answers,) = computed(5).answers(pl.DataFrame({"n": []}, schema={"n": pl.Int64}))
    assert answers.is_empty()


def test_the_same_rules_have_the_same_version() -> None:
    assert computed(5).version() == computed(5).version()


@pytest.mark.parametrize(
    "other",
    [computed(6), computed(5, is_big=pl.col("n") >= 5), computed(5, is_big=pl.col("n") > 5.0)],
    ids=["limit", "rule", "type"],
)
def test_another_limit_or_rule_has_another_version(other: ComputedStage) -> None:
    assert other.version() != computed(5).version()


def test_a_limit_deep_in_a_long_list_counts() -> None:
    """How polars shows an expression leaves out the middle of a list; its version must not."""

    def of_many(odd_one: int) -> Any:
        limits = dict.fromkeys(range(1_000), 5) | {500: odd_one}
        return computed(5, is_big=pl.col("n") > pl.col("n").replace_strict(limits, default=5))

    assert of_many(5).version() != of_many(6).version()
