"""One sound payment of the sample data, and how it reads as the text of its fields.

What goes wrong with it is in `data.payment_oddities`, who pays in `data.reference_data`.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

from data.dialects import Fields
from data.reference_data import LATE_CURRENCY, USERS

FIELDS = (
    "transaction_id",
    "sender_id",
    "receiver_id",
    "amount",
    "currency",
    "timestamp",
    "status",
)
"""The header of every file, in order."""

LIMIT = 10_000
"""Above it a payment is suspicious in any currency, where no setting says otherwise."""

MONEY = {
    "USD": (2, 900),
    "PHP": (2, 9_000),
    "EUR": (2, 800),
    LATE_CURRENCY: (0, 9_900),
    "BHD": (3, 400),
}
"""Decimal places of a currency, and how much most payments in it do not exceed."""


@dataclass(frozen=True)
class Payment:
    """A sound payment; `at` is UTC."""

    id: UUID
    sender: UUID
    receiver: UUID
    amount: Decimal
    currency: str
    at: datetime
    status: str

    @property
    def is_suspicious(self) -> bool:
        """Whether a rule finds it worth a look."""
        return self.amount > LIMIT

    def fields(self) -> Fields:
        """The record as text: a decimal point, a time that ends with Z."""
        people = (str(self.id), str(self.sender), str(self.receiver))
        rest = (str(self.amount), self.currency, f"{self.at.isoformat()}Z", self.status)
        return dict(zip(FIELDS, (*people, *rest), strict=True))

    def in_other_words(self) -> Fields:
        """The same id in braces, currency and status in the other case."""
        odd = {
            "transaction_id": f"{{{self.id}}}".upper(),
            "currency": self.currency.lower(),
            "status": self.status.upper(),
        }
        return self.fields() | odd

    def with_other_content(self) -> "Payment":
        """A correction under the same id."""
        return replace(self, amount=self.amount * 2)


def make_payment(random: Random, day: date) -> Payment:
    """A payment of this day; the same state of `random` gives the same one."""
    (sender, _), (receiver, _) = random.sample(USERS, 2)
    currency = random.choice(list(MONEY))
    places, usual = MONEY[currency]
    most = usual if random.random() < 0.97 else 40_000
    amount = Decimal(1 + int(most * 10**places * random.random() ** 2)).scaleb(-places)
    at = datetime.combine(day, time()) + timedelta(seconds=random.randrange(86_400))
    return Payment(
        id=UUID(int=random.getrandbits(128), version=4),
        sender=sender,
        receiver=receiver,
        amount=amount,
        currency=currency,
        at=at,
        status=random.choices(["completed", "pending", "failed"], [90, 7, 3])[0],
    )
