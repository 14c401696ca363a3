"""What the shop's marts should have, computed by polars from its records, and what they have.

Nothing of the models' SQL is used, and all of it is computed at once: no notes, no touched keys.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl

from txcat_assets.warehouse.databases.interface import Warehouse

MARTS = ("daily_sales", "customer_orders", "customer_lifetime_value", "product_performance")

Frames = dict[str, pl.DataFrame]
Rows = list[dict[str, Any]]


def current(warehouse: Warehouse) -> Frames:
    """The current records of the shop's datasets."""
    names = ("customers", "products", "orders", "order_lines")
    with warehouse.transaction() as tx:
        return {name: tx.frame(f"SELECT * FROM current.{name}") for name in names}


def stored(warehouse: Warehouse, marts: Sequence[str] = MARTS) -> dict[str, Rows]:
    """The rows of each mart, by their first columns."""
    with warehouse.transaction() as tx:
        found = {name: tx.frame(f"SELECT * FROM marts.{name}") for name in marts}
    return {name: plain(frame) for name, frame in found.items()}


def plain(frame: pl.DataFrame) -> Rows:
    """Rows in the order of the first two columns, whatever the database calls its numbers."""
    numbers = [
        pl.selectors.integer().cast(pl.Int64),
        pl.selectors.decimal().cast(pl.Decimal(38, 4)),
    ]
    return frame.with_columns(*numbers).sort(frame.columns[:2]).to_dicts()


def expected(shop: Frames, today: date) -> dict[str, Rows]:
    """The rows that each mart should have on a day."""
    customers = customer_orders(shop)
    found = {
        "daily_sales": daily_sales(shop),
        "customer_orders": customers,
        "customer_lifetime_value": lifetime_value(customers, today),
        "product_performance": product_performance(shop),
    }
    return {name: plain(frame) for name, frame in found.items()}


def daily_sales(shop: Frames) -> pl.DataFrame:
    def of(status: str, name: str, number: str) -> list[pl.Expr]:
        is_it = pl.col("status") == status
        return [
            pl.col("total_amount").filter(is_it).sum().alias(name),
            is_it.sum().alias(number),
        ]

    return (
        shop["orders"]
        .group_by(sales_date=pl.col("order_date").dt.date())
        .agg(
            *of("completed", "total_sales", "order_count"),
            *of("pending", "pending_sales", "pending_order_count"),
            *of("cancelled", "cancelled_sales", "cancelled_order_count"),
        )
        .with_columns(average_order_value=ratio("total_sales", pl.col("order_count")))
        .select(
            "sales_date",
            "total_sales",
            "order_count",
            "average_order_value",
            pl.selectors.starts_with("pending"),
            pl.selectors.starts_with("cancelled"),
        )
    )


def customer_orders(shop: Frames) -> pl.DataFrame:
    completed = shop["orders"].filter(pl.col("status") == "completed")
    orders = completed.group_by("customer_id").agg(
        first_order_at=pl.col("order_date").min(),
        last_order_at=pl.col("order_date").max(),
        order_count=pl.len(),
        total_spent=pl.col("total_amount").sum(),
    )
    return (
        shop["customers"]
        .select("customer_id", "name", "country")
        .join(orders, on="customer_id", how="left")
        .with_columns(average_order_value=ratio("total_spent", pl.col("order_count")))
        .with_columns(pl.col("order_count", "total_spent").fill_null(0))
    )


def lifetime_value(customers: pl.DataFrame, today: date) -> pl.DataFrame:
    def days(since: str) -> pl.Expr:
        return (pl.lit(today) - pl.col(since).dt.date()).dt.total_days()

    known = pl.max_horizontal(days("first_order_at"), 365)
    return customers.with_columns(
        recency_days=days("last_order_at"),
        tenure_days=days("first_order_at"),
        predicted_next_year=ratio("total_spent", known, times=365),
    )


def product_performance(shop: Frames) -> pl.DataFrame:
    completed = shop["orders"].filter(pl.col("status") == "completed")
    sold = (
        shop["order_lines"]
        .join(completed.select("order_id", "order_date"), on="order_id")
        .group_by("product_id")
        .agg(
            units_sold=pl.col("quantity").sum(),
            revenue=pl.col("line_amount").sum(),
            order_count=pl.col("order_id").n_unique(),
            first_sold_at=pl.col("order_date").min(),
            last_sold_at=pl.col("order_date").max(),
        )
    )
    first, last = pl.col("first_sold_at").dt.date(), pl.col("last_sold_at").dt.date()
    stock = pl.col("inventory_count").clip(lower_bound=0) * ((last - first).dt.total_days() + 1)
    return (
        shop["products"]
        .select("product_id", "name", "category", "price", "inventory_count")
        .join(sold, on="product_id", how="left")
        .with_columns(days_of_stock_left=stock // pl.col("units_sold"))
        .with_columns(pl.col("units_sold", "revenue", "order_count").fill_null(0))
    )


def ratio(amount: str, number: pl.Expr, times: int = 1) -> pl.Expr:
    """An amount by a number, half a cent up; null where the number is 0."""
    cents = (pl.col(amount) * 100).cast(pl.Int64) * times
    rounded = (2 * cents + number) // (2 * number)
    return pl.when(number > 0).then(rounded.cast(pl.Decimal(18, 2)) / 100).cast(pl.Decimal(18, 2))
