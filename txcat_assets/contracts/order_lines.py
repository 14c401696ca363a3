"""What was ordered: the products of an order, and what each costs there. A change is a version."""

import polars as pl

from txcat_assets.contracts.model import (
    Column,
    Contract,
    Integer,
    Money,
    Policy,
    Reference,
    Rule,
)
from txcat_assets.contracts.orders import CONTRACT as ORDERS
from txcat_assets.contracts.products import CONTRACT as PRODUCTS

# What is too large for the product is left to the columns' own rules: null counts as holding.
TIMES = pl.col("quantity").cast(pl.Decimal(9, 0), strict=False)

CONTRACT = Contract(
    dataset="order_lines",
    version=1,
    description="One row is one version of a line of an order; the last is current.",
    owner="team:data-platform",
    key="order_line_id",
    event_time="",
    files="order_lines*",
    policy=Policy.LATEST,
    columns=(
        Column("order_line_id", Integer(), "The line's unique number."),
        Column("order_id", Integer(), "The order that it stands in."),
        Column("product_id", Integer(), "What was ordered."),
        Column("quantity", Integer(), "How many."),
        Column("unit_price", Money(18, 2), "What one cost then, in the shop's money."),
        Column("line_amount", Money(18, 2), "What all of the line cost."),
    ),
    rules=(
        Rule("quantity_not_positive", "The quantity must be 1 or more.", pl.col("quantity") >= 1),
        Rule(
            "unit_price_negative", "The unit price must be zero or more.", pl.col("unit_price") >= 0
        ),
        Rule(
            "amount_disagrees",
            "The amount must be the quantity times the unit price.",
            pl.col("line_amount") == TIMES * pl.col("unit_price"),
        ),
    ),
    references=(
        Reference("order", "order_id", ORDERS),
        Reference("product", "product_id", PRODUCTS),
    ),
)
