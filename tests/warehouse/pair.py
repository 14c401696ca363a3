"""Two small datasets of which one refers to the other: sales to shops, by two columns.

Shops have versions. Which of their names is forbidden changes with the contract's version, so that
a shop can go; a sale names a shop, and may name a second.
"""

from collections.abc import Callable, Iterable
from uuid import UUID

import polars as pl

from tests.oracle import Arrived, Expected, Verdict, places, versions
from tests.warehouse.tiny import CATEGORIZED
from txcat_assets.contracts.model import (
    Column,
    Contract,
    Id,
    Money,
    Policy,
    Reference,
    Rule,
    Text,
)


def shops(version: int) -> Contract:
    """The contract of a version: one name is forbidden in each."""
    return Contract(
        dataset="shops",
        version=version,
        description="One row is one version of a shop.",
        owner="team:tests",
        key="code",
        event_time="",
        files="shops*",
        policy=Policy.LATEST,
        columns=(
            Column("code", Text(max_chars=1), "The key."),
            Column("name", Text(max_chars=9), "What it is called."),
        ),
        rules=(Rule("closed", "This name is closed.", pl.col("name") != str(version % 4)),),
    )


def sales(version: int, shops_version: int = 1) -> Contract:
    """The contract of a version: one amount is forbidden in each."""
    return Contract(
        dataset="sales",
        version=version,
        description="One row is one sale.",
        owner="team:tests",
        key="id",
        event_time="",
        files="sales*",
        columns=(
            Column("id", Id(), "The key."),
            Column("amount", Money(9, 2), "How much."),
            Column("side", Text(max_chars=1), "The shop."),
            Column("via", Text(max_chars=1), "The shop between.", is_required=False),
        ),
        rules=(Rule("forbidden", "This amount is not allowed.", pl.col("amount") != version % 4),),
        stages=(CATEGORIZED,),
        references=(
            Reference("shop", "side", shops(shops_version)),
            Reference("between", "via", shops(shops_version)),
        ),
    )


def shop_verdict(version: int, record: Arrived) -> Verdict:
    """The plain judge of shops."""
    code, name = record.texts
    if code is None or name is None or name == str(version % 4):
        return Verdict(None, None, (record.fault or "closed",))
    return Verdict(code, (code, name))


def sale_verdict(version: int, record: Arrived) -> Verdict:
    """The plain judge of sales, as if all that they name were there."""
    id_, amount, side, via = record.texts
    if record.fault is not None or id_ is None:
        return Verdict(None, None, (str(record.fault),))
    needed = {"amount_missing": amount, "side_missing": side}
    reasons = [code for code, text in needed.items() if text is None]
    if amount == str(version % 4):
        reasons.append("forbidden")
    if reasons or side is None:
        return Verdict(None, None, tuple(reasons))
    key = str(UUID(int=int(id_)))
    return Verdict(key, (key, f"{amount}.00", side, via or ""))


def expected_shops(version: int, records: Iterable[Arrived]) -> Expected:
    """Where all shops must be."""
    return versions(records, lambda record: shop_verdict(version, record))


def expected_sales(version: int, records: Iterable[Arrived], shops_now: Expected) -> Expected:
    """Where all sales must be, once no work is left, by the shops that there are."""
    return places(records, lambda record: sale_verdict(version, record), unknown_in(shops_now))


def unknown_in(shops_now: Expected) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    """Which references of a sale name no validated shop."""
    there = {content[0] for content in shops_now.validated.values()}

    def unknown(content: tuple[str, ...]) -> tuple[str, ...]:
        named = {"unknown_shop": content[2], "unknown_between": content[3]}
        return tuple(code for code, shop in named.items() if shop and shop not in there)

    return unknown
