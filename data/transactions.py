"""One sound transaction of the sample data, and how it reads as the text of its fields.

What goes wrong with it is in `data.transaction_oddities`, how a file is written in `data.dialects`.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

from data.dialects import Fields
from data.merchants import MERCHANTS, Merchant
from txcat_assets.contracts.transactions import CATEGORIES

FIELDS = ("id", "description", "amount", "timestamp", "merchant", "operation_type", "side")
"""The header of every file, in order."""

WEIGHTS = [merchant.weight for merchant in MERCHANTS]


@dataclass(frozen=True)
class Transaction:
    """A sound transaction; `at` is UTC, `amount` is negative where money leaves."""

    id: UUID
    description: str
    amount: Decimal
    at: datetime
    merchant: Merchant
    is_suspicious: bool = False

    def fields(self) -> Fields:
        """The record as text: a decimal point, an ISO time without an offset."""
        operation_type, side, _ = self.merchant.habit.value
        texts = (str(self.id), self.description, str(self.amount), self.at.isoformat())
        return dict(zip(FIELDS, (*texts, self.merchant.name, operation_type, side), strict=True))

    def in_other_words(self) -> Fields:
        """The same id as some Windows programs write it."""
        return self.fields() | {"id": f"{{{self.id}}}".upper()}

    def with_other_content(self) -> "Transaction":
        """A correction under the same id."""
        return replace(self, amount=self.amount * 2)


def make_transaction(random: Random, day: date) -> Transaction:
    """A transaction of this day; the same state of `random` gives the same one."""
    merchant = random.choices(MERCHANTS, WEIGHTS)[0]
    _, side, phrases = merchant.habit.value
    description = (
        f"{random.choice(phrases).format(merchant.name)} {random.randrange(1_000, 100_000)}"
    )
    # Small amounts are many and big ones few, as on a real account.
    amount = (
        Decimal(round(100 * (merchant.low + (merchant.high - merchant.low) * random.random() ** 2)))
        / 100
    )
    at = datetime.combine(day, time(6)) + timedelta(seconds=random.randrange(17 * 3_600))
    return Transaction(
        id=fitting_id(UUID(int=random.getrandbits(128), version=4).int, merchant.category),
        description=description,
        amount=(-amount if side == "debit" else amount).quantize(Decimal("0.01")),
        at=at,
        merchant=merchant,
    )


def fitting_id(number: int, category: str) -> UUID:
    """The id next to `number` for which the sample ML service answers this category.

    The service's rule looks at nothing but the hash of the id, so only ids picked by that rule make
    spending by category look like spending.
    """
    return UUID(int=number + (CATEGORIES.index(category) - hash(number)) % len(CATEGORIES))
