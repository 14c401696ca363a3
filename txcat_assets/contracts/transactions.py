"""Bank transactions: columns, one rule, and a stage answered by the ML service.

The shortest contract with a stage: copy it to begin a new dataset.
"""

import polars as pl

from txcat_assets.contracts.model import (
    Answer,
    Choice,
    Column,
    Contract,
    Id,
    Instant,
    Money,
    Rule,
    Service,
    Severity,
    Stage,
    Text,
)

CATEGORIES = (
    "Rent",
    "Salary Income",
    "Food",
    "Restaurant",
    "Client Expenses",
    "Transportation",
    "Utilities",
    "Entertainment",
    "Healthcare",
    "Shopping",
    "Travel",
    "Education",
    "Insurance",
    "Investment",
    "Subscriptions",
)

CONTRACT = Contract(
    dataset="transactions",
    version=1,
    description="One row is one movement on a bank account, as the bank reported it.",
    owner="team:data-platform",
    key="id",
    event_time="timestamp",
    files="transactions*",
    topic="transactions",
    columns=(
        Column("id", Id(), "The transaction's unique id: a UUID, or an integer n as UUID(int=n)."),
        Column("description", Text(max_chars=1_000), "The bank's own words for the movement."),
        Column("amount", Money(18, 2), "Signed amount in the account's currency."),
        Column("timestamp", Instant(), "When the movement happened, UTC."),
        Column(
            "merchant", Text(max_chars=200), "The other party: payer or payee.", is_required=False
        ),
        Column("operation_type", Text(max_chars=100), "How it was made, such as card_payment."),
        Column("side", Choice(("debit", "credit")), "debit: money leaves; credit: money comes."),
    ),
    rules=(
        Rule(
            code="sign_disagrees_with_side",
            description="A debit must be zero or less, a credit zero or more.",
            holds=pl.when(pl.col("side") == "debit")
            .then(pl.col("amount") <= 0)
            .otherwise(pl.col("amount") >= 0),
            severity=Severity.WARNING,
        ),
    ),
    stages=(
        Stage(
            name="categorized",
            answered_by=Service("ml"),
            description="Every validated transaction with the category that the ML service gave.",
            columns=(
                Answer("category", Choice(CATEGORIES), "The spending category, by the model."),
            ),
        ),
    ),
)
