"""Transactions at random, a model that answers them, and what `monthly_spending` should have.

It is computed by polars: nothing of the mart's SQL is used.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random
from uuid import UUID

import polars as pl

from tests.warehouse.shop import take
from tests.warehouse.shop_marts import ratio
from tests.warehouse.tiny import Clock
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.contracts.transactions import CATEGORIES
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse

HEAD = "id,description,amount,timestamp,merchant,operation_type,side"
MERCHANTS = ("Le Coin", "Metro", "")


class Model:
    """Another version answers otherwise, and refuses other merchants."""

    def __init__(self, number: int) -> None:
        self._number = number

    def version(self) -> str:
        """Its version."""
        return str(self._number)

    def answers(self, records: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """All at once."""
        chosen = pl.col("description").str.len_chars() + self._number
        is_refused = pl.col("merchant").eq_missing(pl.lit("Metro")) & (self._number == 2)
        category = pl.lit(pl.Series([[*CATEGORIES[:3]]])).list.get(chosen % 3)
        yield records.with_row_index("row").select(
            "row",
            category=pl.when(~is_refused).then(category),
            refusal=pl.when(is_refused).then(pl.lit("Not there.")),
        )


def take_transactions(
    warehouse: Warehouse, random: Random, folder: Path, day: date, number: int
) -> None:
    """Some more come, some of them again and otherwise, on a day."""
    lines = [
        f"{UUID(int=random.randint(1, 40), version=4)},{'x' * random.randint(1, 3)},"
        f"-{random.randint(0, 9_999)}.35,2024-{random.randint(10, 12)}-{random.randint(10, 28)}"
        f"T10:00:00Z,{random.choice(MERCHANTS)},card,debit"
        for _ in range(15)
    ]
    salary = f"{UUID(int=100 + number, version=4)},Pay,10.00,2024-11-01T10:00:00Z,Work,wire,credit"
    path = folder / f"transactions_{number}.csv"
    path.write_text("\n".join([HEAD, *lines, salary, ""]))
    take(warehouse, "transactions", [path], day)


def answer(warehouse: Warehouse, day: date, number: int) -> None:
    """The model of this number answers what is to be answered."""
    contract = all_contracts()["transactions"]
    work = Work(warehouse, contract, [day], "run", Clock())
    assert enrich(work, contract.stages[0], Model(number)).problems == []


def expected_spending(warehouse: Warehouse) -> pl.DataFrame:
    """The rows that the mart should have."""
    with warehouse.transaction() as tx:
        answered = tx.frame("SELECT * FROM categorized.transactions")
    return (
        answered.filter(pl.col("side") == "debit")
        .group_by(
            spending_month=pl.col("timestamp").dt.month_start().dt.date(),
            category=pl.col("category"),
            merchant=pl.col("merchant").fill_null(""),
        )
        .agg(total_spent=-pl.col("amount").sum(), transaction_count=pl.len())
        .with_columns(average_spent=ratio("total_spent", pl.col("transaction_count")))
    )
