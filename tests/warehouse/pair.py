"""Two small datasets of which one refers to the other: sales to shops, by two columns.

Shops have versions. Which of their names is forbidden changes with the contract's version, so that
a shop can go; a sale names a shop, and may name a second. A mart tells the total of each shop that
has several sales, beside each of them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

import polars as pl

from tests.oracle import (
    NOTHING_CLOSED,
    Arrived,
    Expected,
    Position,
    Verdict,
    places,
    versions,
)
from tests.warehouse.tiny import CATEGORIZED
from txcat_assets.contracts.marts import Mart
from txcat_assets.contracts.model import (
    Answer,
    Column,
    Contract,
    Function,
    Id,
    Money,
    Policy,
    Reference,
    Rule,
    Text,
)
from txcat_assets.pipeline.computed import ComputedMart
from txcat_assets.stages.marts import MartOutcome, update_mart
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse


def totals() -> dict[str, pl.Expr]:
    """The total of a shop, where it has several sales."""
    total = pl.col("amount").sum().over("side")
    return {"total": pl.when(pl.len().over("side") > 1).then(total)}


TOTALS = Mart(
    name="totals",
    entity="side",
    answered_by=Function(totals),
    description="Sales of shops that have several.",
    columns=(Answer("total", Money(18, 2), "The total of its shop."),),
)


def update_totals(work: Work, *, full_refresh: bool = False) -> MartOutcome:
    """Bring the mart up to date."""
    return update_mart(
        work, TOTALS, ComputedMart(work.contract, TOTALS, totals()), full_refresh=full_refresh
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
        marts=(TOTALS,),
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


def expected_shops(
    version: int,
    records: Iterable[Arrived],
    closed: Mapping[Position, str] = NOTHING_CLOSED,
) -> Expected:
    """Where all shops must be."""
    return versions(records, lambda record: shop_verdict(version, record), closed=closed)


def expected_sales(
    version: int,
    records: Iterable[Arrived],
    shops_now: Expected,
    closed: Mapping[Position, str] = NOTHING_CLOSED,
) -> Expected:
    """Where all sales must be, once no work is left, by the shops that there are."""
    unknown = unknown_in(shops_now)
    return places(records, lambda record: sale_verdict(version, record), unknown, closed)


def unknown_in(shops_now: Expected) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    """Which references of a sale name no validated shop."""
    there = {content[0] for content in shops_now.validated.values()}

    def unknown(content: tuple[str, ...]) -> tuple[str, ...]:
        named = {"unknown_shop": content[2], "unknown_between": content[3]}
        return tuple(code for code, shop in named.items() if shop and shop not in there)

    return unknown


def audit_totals(warehouse: Warehouse) -> None:
    """Raise AssertionError where the mart tells of a shop otherwise than it must, unless noted."""
    with warehouse.transaction() as tx:
        if warehouse.kind == "postgres":  # others may commit between two of these queries
            tx.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        noted = {
            entity
            for (entity,) in tx.rows("SELECT entity FROM ledger.touched WHERE watcher = 'totals'")
        }
        sold = tx.rows("SELECT side, _slice_id, _position, amount FROM validated.sales")
        told = tx.rows("SELECT side, _slice_id, _position, total FROM totals.sales")
    amounts = defaultdict(list)
    for shop, *_, amount in sold:
        amounts[shop].append(amount)
    expected = {(shop, *at, sum(amounts[shop])) for shop, *at, _ in sold if len(amounts[shop]) > 1}
    assert {row for row in expected if row[0] not in noted} == {
        row for row in told if row[0] not in noted
    }
    assert len(told) == len(set(told)), "a record is told of once"
