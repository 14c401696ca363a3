"""What a contract may say of other datasets and of versions, and what tells two contracts apart."""

from dataclasses import replace

import pytest

from txcat_assets.contracts.model import (
    Answer,
    Choice,
    Column,
    Contract,
    Id,
    Money,
    Policy,
    Reference,
    Service,
    Stage,
    Text,
)
from txcat_assets.contracts.reasons import CONFLICT
from txcat_assets.contracts.rules import reason_texts
from txcat_assets.contracts.transactions import CONTRACT as TRANSACTIONS
from txcat_assets.errors import ContractRefused

SHOPS = Contract(
    dataset="shops",
    version=1,
    description="One row is one shop.",
    owner="team:tests",
    key="code",
    event_time="",
    columns=(Column("code", Text(max_chars=3), "The key."),),
    policy=Policy.LATEST,
)
SALES = Contract(
    dataset="sales",
    version=1,
    description="One row is one sale.",
    owner="team:tests",
    key="id",
    event_time="",
    columns=(
        Column("id", Id(), "The key."),
        Column("shop", Choice(("a", "b")), "Where."),
        Column("sum", Money(9, 2), "How much."),
    ),
    references=(Reference("shop", "shop", SHOPS),),
)


def test_a_reference_gives_a_reason_code() -> None:
    assert reason_texts(SALES)["unknown_shop"] == (
        "shop must be the code of a validated record of shops."
    )


def test_versions_never_conflict() -> None:
    assert CONFLICT in reason_texts(SALES)
    assert CONFLICT not in reason_texts(SHOPS)


def test_a_warehouse_keeps_the_fingerprints_of_contracts_without_references() -> None:
    """A warehouse of before would otherwise be refused, though nothing has changed."""
    assert TRANSACTIONS.fingerprint == "81073ec01f82bec004a541543a0a6397"


def test_references_and_policy_tell_contracts_apart() -> None:
    without = replace(SALES, references=())
    elsewhere = replace(SALES, references=(Reference("shop", "shop", replace(SHOPS, dataset="x")),))
    latest = replace(without, policy=Policy.LATEST)
    found = {one.fingerprint for one in (SALES, without, elsewhere, latest)}
    assert len(found) == 4


def test_stages_of_versions_are_refused() -> None:
    stage = Stage("scored", Service("scores"), "Scored.", (Answer("score", Text(), "The score."),))
    with pytest.raises(ContractRefused, match="shops has stages or marts and the policy latest"):
        replace(SHOPS, stages=(stage,))


@pytest.mark.parametrize("column", ["sum", "id", "absent"])
def test_a_reference_by_a_column_that_cannot_hold_the_key_is_refused(column: str) -> None:
    with pytest.raises(ContractRefused, match=f"of sales is by the column {column} "):
        replace(SALES, references=(Reference("shop", column, SHOPS),))


def test_an_answer_named_like_a_column_is_refused() -> None:
    stage = Stage("scored", Service("scores"), "Scored.", (Answer("sum", Text(), "The score."),))
    with pytest.raises(ContractRefused, match="sales has columns and answers of one name: sum"):
        replace(SALES, stages=(stage,))
