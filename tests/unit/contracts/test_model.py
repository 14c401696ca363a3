"""What a contract may say of other datasets and of versions, and what tells two contracts apart."""

from dataclasses import replace

from txcat_assets.contracts.model import (
    Choice,
    Column,
    Contract,
    Id,
    Money,
    Policy,
    Reference,
    Text,
)
from txcat_assets.contracts.reasons import CONFLICT
from txcat_assets.contracts.rules import reason_texts
from txcat_assets.contracts.transactions import CONTRACT as TRANSACTIONS

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


def test_a_reference_says_how_what_it_names_comes() -> None:
    (reference,) = SALES.references
    assert reference.remedy == "Load shops: txcat load --dataset shops PATH."
    named = replace(reference, to=replace(SHOPS, files="shops*"))
    assert "put files named shops* into the inbox" in named.remedy


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
