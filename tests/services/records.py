"""Transactions to ask about: as JSON for the service, as a frame for its client."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

import polars as pl

from txcat_assets.contracts.transactions import CATEGORIES, CONTRACT
from txcat_assets.services.ml import MlConfig, MlService

SCHEMA = {name: pl.String() for name in CONTRACT.column_names} | {
    "amount": pl.Decimal(18, 2),
    "timestamp": pl.Datetime("us"),
}


def transaction(**fields: object) -> dict[str, object]:
    """One good transaction as JSON, but for `fields`."""
    return {
        "id": "8826d916-cdfb-41c6-a1ff-91a761565a70",
        "description": "Règlement Fnac",
        "amount": -178.69,
        "timestamp": "2023-03-08T03:34:54Z",
        "merchant": None,
        "operation_type": "refund",
        "side": "debit",
    } | fields


def validated(numbers: range | list[int], **fields: object) -> pl.DataFrame:
    """Validated transactions with the ids UUID(int=n), all alike but for their ids."""
    typed = transaction(amount=Decimal("-178.69"), timestamp=datetime(2023, 3, 8, 3, 34, 54))  # noqa: DTZ001
    rows = [typed | {"id": str(UUID(int=number))} | fields for number in numbers]
    return pl.DataFrame(rows, schema=SCHEMA)


def category_of(number: int) -> str:
    """What the rule gives to the transaction with this number."""
    return CATEGORIES[hash(number) % len(CATEGORIES)]


def client(url: str, **config: object) -> MlService:
    """A client that loses patience soon."""
    patience: dict[str, object] = {"attempts": 3, "total_seconds": 10} | config
    return MlService(
        MlConfig(url, **patience),  # type: ignore[arg-type]
        labels=CATEGORIES,
        columns=CONTRACT.column_names,
        answer="answer",
    )
