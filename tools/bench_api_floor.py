"""What the reporting API is measured against: the same query by FastAPI and SQLAlchemy.

    python -m tools.bench_api_floor DATABASE_URL PORT

It asks for no key, counts nobody, notes nothing and knows no page or tag. Its rows go through a
model of pydantic, as is usual.
"""

import re
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from uuid import UUID

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import create_engine, text

from txcat_assets.warehouse.queries.of_user import OfUser, payments_of, totals_of
from txcat_assets.warehouse.queries.records import Question


class Payment(BaseModel):
    """One payment."""

    transaction_id: UUID
    sender_id: UUID
    receiver_id: UUID
    amount: Decimal
    currency: str
    timestamp: datetime
    status: str
    is_suspicious: bool | None


class Total(BaseModel):
    """The totals of a day in a currency."""

    day: date
    currency: str
    total_sent: Decimal
    total_received: Decimal
    payments: int


def floor(url: str) -> FastAPI:
    """The application on a database."""
    app = FastAPI()
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"), pool_size=8)

    def rows(question: Question) -> Iterator[dict[str, object]]:
        sql, values = question.bound
        with engine.connect() as connection:
            found = connection.execute(text(re.sub(r"\$(\w+)", r":\1", sql)), values)
            yield from (dict(row) for row in found.mappings())

    @app.get("/users/{user_id}/payments")
    def payments(user_id: UUID, start: date, end: date) -> dict[str, list[Payment]]:
        question = payments_of(_wanted(user_id, start, end), (), 1_001)
        return {"payments": [Payment.model_validate(row) for row in rows(question)]}

    @app.get("/users/{user_id}/daily-totals")
    def totals(user_id: UUID, start: date, end: date) -> dict[str, list[Total]]:
        wanted = _wanted(user_id, start, end, "completed")
        question = totals_of(wanted, None, (), 1_001)
        return {"daily_totals": [Total.model_validate(row) for row in rows(question)]}

    return app


def _wanted(user_id: UUID, start: date, end: date, *statuses: str) -> OfUser:
    first, last = (
        datetime.combine(day, at, UTC).replace(tzinfo=None)
        for day, at in ((start, time.min), (end, time.max))
    )
    return OfUser(user_id, None, first, last, statuses=statuses)


if __name__ == "__main__":
    uvicorn.run(floor(sys.argv[1]), port=int(sys.argv[2]), log_level="error")
