"""A contract that could not work is refused when it is loaded, with all that is wrong, in words."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from txcat_assets.contracts.column_types import Choice, Codes, Flag, Id, Instant, Money, Text
from txcat_assets.contracts.expectations import Expectation
from txcat_assets.contracts.marts import Mart
from txcat_assets.contracts.model import (
    Answer,
    Column,
    Contract,
    Function,
    Policy,
    Reference,
    Rule,
    Service,
    Stage,
)
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.contracts.soundness import refuse_rivals
from txcat_assets.errors import ContractRefused

SHOPS = Contract(
    dataset="shops",
    version=1,
    description="One row is one version of a shop.",
    owner="team:tests",
    key="code",
    event_time="",
    policy=Policy.LATEST,
    columns=(Column("code", Text(), "The key."),),
)
SALES = Contract(
    dataset="sales",
    version=1,
    description="One row is one sale.",
    owner="team:tests",
    key="id",
    event_time="at",
    columns=(
        Column("id", Id(), "The key."),
        Column("shop", Text(), "Where."),
        Column("sum", Money(), "How much."),
        Column("at", Instant(), "When."),
    ),
)
SCORE = Answer("score", Text(), "The score.")
NO_EXPRESSIONS = Function(dict)


def columns(*more: Column) -> dict[str, Any]:
    return {"columns": (*SALES.columns, *more)}


def stage(name: str = "scored", *answers: Answer) -> Stage:
    return Stage(name, Service("scores"), "Scored.", answers or (SCORE,))


def mart(name: str = "odd", *answers: Answer) -> Mart:
    return Mart(
        name=name,
        entity="shop",
        answered_by=NO_EXPRESSIONS,
        description="Odd.",
        columns=answers or (SCORE,),
    )


def rule(code: str, holds: pl.Expr | None = None) -> Rule:
    return Rule(code, "Positive.", pl.col("sum") > 0 if holds is None else holds)


def expects(code: str, *names: str) -> dict[str, Any]:
    """What expects these columns, its own or of others, to be filled."""
    holds = pl.all_horizontal(pl.col(name).is_not_null() for name in names)
    return {"references": (TO_SHOPS,), "expectations": (Expectation(code, "Filled.", holds),)}


TO_SHOPS = Reference("shop", "shop", SHOPS)
UNSOUND: dict[str, tuple[Mapping[str, Any], str]] = {
    "expectation of what is not there": (expects("a", "shop.name"), "reads shop.name, which is no"),
    "expectation of the record alone": (expects("a", "sum"), "make it a rule"),
    "expectation called like a rule": (expects("sum_invalid", "shop.code"), "has two meanings"),
    "expectation with a blank": (expects("a b", "shop.code"), "must be named by"),
    "version": ({"version": 0}, "must be 1 or more"),
    "dataset's name": ({"dataset": "my sales"}, "'my sales' must be named by a-z"),
    "dataset's length": ({"dataset": "s" * 29}, "more than 28 characters"),
    "stage called like a schema": ({"stages": (stage("raw"),)}, "stage 'raw' .* there already"),
    "mart called like a schema": ({"marts": (mart("ledger"),)}, "mart 'ledger' .* there already"),
    "stage called like a word of SQL": ({"stages": (stage("order"),)}, "SQL keeps for itself"),
    "stage and mart of one name": ({"stages": (stage("odd"),), "marts": (mart(),)}, "Two stages"),
    "two stages of one name": ({"stages": (stage(), stage())}, "are called 'scored'"),
    "column begins with _": (columns(Column("_day", Text(), "?")), "begins with _"),
    "column with a quote": (columns(Column('a"b', Text(), "?")), "must be named by letters"),
    "column with braces": (columns(Column("{a}", Text(), "?")), "must be named by letters"),
    "column with blanks around": (columns(Column("a ", Text(), "?")), "must be named by letters"),
    "column without a name": (columns(Column("", Text(), "?")), "must be named by letters"),
    "column's length": (columns(Column("é" * 26, Text(), "?")), "more than 50 bytes"),
    "column of quarantined": (columns(Column("stage", Text(), "?")), "adds to quarantined"),
    "columns that differ by case": (columns(Column("SUM", Text(), "?")), "Two columns .* 'sum'"),
    "no key": ({"key": "absent"}, "'absent' must be a required column"),
    "key that may be empty": (
        {"key": "note", **columns(Column("note", Text(), "?", is_required=False))},
        "'note' must be a required column",
    ),
    "key that cannot be compared": ({"key": "sum"}, "'sum' is a column of type Money; one of Id"),
    "event time that is no time": ({"event_time": "sum"}, "'sum' must be a column of type Instant"),
    "text of no characters": (columns(Column("a", Text(0), "?")), "at least 1 must fit"),
    "money of more digits behind": (columns(Column("a", Money(2, 3), "?")), "2 digits, 3 of them"),
    "money of too many digits": (columns(Column("a", Money(39, 2), "?")), "1 to 38"),
    "nothing to choose": (columns(Column("a", Choice(()), "?")), "at least one value"),
    "choices that differ by case": (columns(Column("a", Choice(("x", "X")), "?")), "by case alone"),
    "choice with blanks": (columns(Column("a", Choice((" x",)), "?")), "without blanks"),
    "codes of one name": (
        {"stages": (stage("scored", Answer("a", Codes((("x", "1"), ("x", "2"))), "?")),)},
        "two codes x",
    ),
    "two rules of one code": ({"rules": (rule("a"), rule("a"))}, "'a' has two meanings"),
    "rule and column of one code": ({"rules": (rule("sum_missing"),)}, "'sum_missing' has two"),
    "rule and txcat of one code": ({"rules": (rule("conflict"),)}, "'conflict' has two meanings"),
    "rule and reference of one code": (
        {"rules": (rule("unknown_shop"),), "references": (TO_SHOPS,)},
        "'unknown_shop' has two meanings",
    ),
    "rule of no column": ({"rules": (rule("a", pl.col("tip") > 0),)}, "'a' reads tip"),
    "rule's code": ({"rules": (rule("Not, good"),)}, "'Not, good' must be named by a-z"),
    "two references of one name": (
        {"references": (TO_SHOPS, TO_SHOPS)},
        "Two references .* 'shop'",
    ),
    "reference of another type": ({"references": (Reference("a", "sum", SHOPS),)}, "both words"),
    "reference by no column": ({"references": (Reference("a", "b", SHOPS),)}, "by the column b"),
    "answer begins with _": ({"stages": (stage("x", Answer("_a", Flag(), "?")),)}, "begins with _"),
    "answer called like a column": (
        {"stages": (stage("x", Answer("sum", Flag(), "?")),)},
        "one name: sum",
    ),
    "answer called like what txcat adds": (
        {"marts": (mart("odd", Answer("odd_at", Flag(), "?")),)},
        "one name: odd_at",
    ),
    "two answers of one name": ({"marts": (mart("odd", SCORE, SCORE),)}, "one name: score"),
    "stage without an answer": (
        {"stages": (Stage("x", NO_EXPRESSIONS, "?", ()),)},
        "x has no answer",
    ),
    "mart of no column": ({"marts": (replace(mart(), entity="who"),)}, "goes by who"),
}


@pytest.mark.parametrize(("changes", "words"), UNSOUND.values(), ids=UNSOUND)
def test_a_contract_that_could_not_work_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ContractRefused, match=f"^The contract of .* cannot be used[.] .*{words}"):
        replace(SALES, **changes)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ContractRefused, match=r"SQL keeps for itself.* 'sum' must be"):
        replace(SALES, event_time="sum", stages=(stage("table"),))


@pytest.mark.parametrize("name", ["Betrag in EUR", "Währung", "order", "a-b", "x1"])
def test_a_column_may_have_any_words(name: str) -> None:
    assert replace(SALES, **columns(Column(name, Text(), "?"))).column_names[-1] == name


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "dataset 'sales'"),
        ({"dataset": "x", "files": "sales*"}, "pattern of files 'sales[*]'"),
        ({"dataset": "x", "topic": "sales"}, "topic 'sales'"),
    ],
)
def test_two_contracts_that_claim_the_same_are_refused(changes: dict[str, Any], words: str) -> None:
    one = replace(SALES, files="sales*", topic="sales")
    other = replace(SALES, **{"files": "", "topic": "", **changes})
    with pytest.raises(ContractRefused, match=f"Two contracts have the {words}"):
        refuse_rivals([one, other])


def test_the_contracts_of_the_folder_are_no_rivals() -> None:
    refuse_rivals(list(all_contracts().values()))
