"""Orders of the shop. They change: what is pending becomes completed or cancelled, as a version.

Of 5,000 real orders 4,128 precede the day on which their customer joined. They are taken as they
are: the day tells when the account was made, and one can order without one. A check counts them, as
a warning. Digits of a time behind
the microsecond are cut, so files that write six of them and nine say the same.
"""

import polars as pl

from txcat_assets.contracts.customers import CONTRACT as CUSTOMERS
from txcat_assets.contracts.expectations import Expectation
from txcat_assets.contracts.model import (
    Choice,
    Column,
    Contract,
    Instant,
    Integer,
    Money,
    Policy,
    Reference,
    Rule,
)

CONTRACT = Contract(
    dataset="orders",
    version=1,
    description="One row is one version of an order; the last is current.",
    owner="team:data-platform",
    key="order_id",
    event_time="order_date",
    files="orders*",
    topic="orders",
    policy=Policy.LATEST,
    columns=(
        Column("order_id", Integer(), "The order's unique number."),
        Column("customer_id", Integer(), "Who orders."),
        Column("order_date", Instant(), "When it was ordered, UTC."),
        Column("total_amount", Money(18, 2), "What all of it costs, in the shop's money."),
        Column("status", Choice(("pending", "completed", "cancelled")), "How far it is."),
    ),
    rules=(Rule("total_negative", "The total must be zero or more.", pl.col("total_amount") >= 0),),
    references=(Reference("customer", "customer_id", CUSTOMERS),),
    expectations=(
        Expectation(
            "before_customer_joined",
            "An order is not made before the day on which its customer joined.",
            pl.col("order_date").cast(pl.Date) >= pl.col("customer.join_date"),
        ),
    ),
)
