"""Products: what the shop sells. A change, such as a new price, is a version, all are kept."""

import polars as pl

from txcat_assets.contracts.model import (
    Column,
    Contract,
    Integer,
    Money,
    Policy,
    Rule,
    Severity,
    Text,
)
from txcat_assets.contracts.rules import requires

CONTRACT = Contract(
    dataset="products",
    version=1,
    description="One row is one version of what is known of a product; the last is current.",
    owner="team:data-platform",
    key="product_id",
    event_time="",
    files="products*",
    policy=Policy.LATEST,
    columns=(
        Column("product_id", Integer(), "The product's unique number."),
        Column("name", Text(max_chars=200), "What it is called."),
        Column("category", Text(max_chars=100), "Where it stands in the shop."),
        Column(
            "price", Money(18, 2), "What one costs now, in the shop's money.", is_required=False
        ),
        Column("inventory_count", Integer(), "How many are in stock."),
    ),
    rules=(
        Rule("price_negative", "The price must be zero or more.", pl.col("price") >= 0),
        requires(
            "without_price",
            "A product that is sold has a price.",
            where=pl.lit(value=True),
            column="price",
            severity=Severity.WARNING,
        ),
        Rule(
            "oversold",
            "There cannot be fewer than none in stock.",
            pl.col("inventory_count") >= 0,
            Severity.WARNING,
        ),
    ),
)
