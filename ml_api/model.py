"""The model: what a transaction and a prediction are, and the rule that predicts one by the other.

The rule stands in for a trained model: to serve a real one, rewrite `predict` and nothing else.
Reading of requests lives in `ml_api.reading`, HTTP in `ml_api.app`.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

import msgspec

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


MAX_ID = 2**128 - 1
MAX_EXACT_FLOAT = 2**53

# What the OpenAPI page cannot see in a type; Litestar reads it under "extra".
ID_SCHEMA = {
    "one_of": [
        {"type": "string", "format": "uuid"},
        {"type": "integer", "minimum": 0, "maximum": MAX_ID},
    ]
}
AMOUNT_SCHEMA = {
    "type": ["number", "string"],
    "format": None,
    "pattern": r"^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,9})?$",
}
Id = Annotated[UUID | int | float, msgspec.Meta(extra_json_schema={"extra": ID_SCHEMA})]
Amount = Annotated[Decimal, msgspec.Meta(extra_json_schema={"extra": AMOUNT_SCHEMA})]


class BadField(ValueError):
    """A field has the right type and an impossible value."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Transaction(msgspec.Struct, gc=False):
    """One movement on an account; an integer id n is kept as UUID(int=n)."""

    id: Id
    description: str
    amount: Amount
    timestamp: datetime
    operation_type: str
    side: Literal["debit", "credit"]
    merchant: str | None = None

    def __post_init__(self) -> None:
        """Check what a type cannot say."""
        if isinstance(self.id, float):  # to JSON, 7.0 is an integer too
            if not self.id.is_integer() or abs(self.id) > MAX_EXACT_FLOAT:
                raise BadField("id", "Expected an integer, exact to its last digit")
            self.id = int(self.id)
        if isinstance(self.id, int):
            if not 0 <= self.id <= MAX_ID:
                raise BadField("id", "Expected an integer of 128 bits without sign")
            self.id = UUID(int=self.id)
        if not self.amount.is_finite():
            raise BadField("amount", "Expected a finite number")


class Prediction(msgspec.Struct, gc=False):
    """The category of the transaction with this id."""

    transaction_id: UUID
    category: str


def predict(transactions: Sequence[Transaction]) -> list[Prediction]:
    """One prediction for each transaction, in the same order; the same id has the same category."""
    return [
        Prediction(transaction.id, CATEGORIES[hash(transaction.id) % len(CATEGORIES)])  # type: ignore[arg-type]  # ids are UUIDs once read
        for transaction in transactions
    ]
