"""A small dataset with a key that is a number, times and days.

It has no stage and refers to nothing: for those see `tiny` and `pair`.
"""

import polars as pl

from txcat_assets.contracts.model import Column, Contract, Date, Instant, Integer, Rule, Text

BILLS = Contract(
    dataset="bills",
    version=1,
    description="One row is one bill.",
    owner="team:tests",
    key="id",
    event_time="at",
    files="bills*",
    columns=(
        Column("id", Integer(), "The key."),
        Column("at", Instant(), "When."),
        Column("due", Date(), "Until when.", is_required=False),
        Column("who", Text(), "Who pays."),
    ),
    rules=(Rule("nobody", "Somebody.", pl.col("who") != "nobody"),),
)
