"""Files of users, currencies and payments as they may come: at random, late and changed.

Orders are in `shop`; what the marts shall make of payments is in `payment_marts`.
"""

from datetime import date, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

from data.make_samples import FIRST_DAY

CURRENCIES = ("EUR", "JPY", "USD")
HEADS = {
    "users": "id,name",
    "currencies": "code,name,symbol",
    "payments": "transaction_id,sender_id,receiver_id,amount,currency,timestamp,status",
}


def payment_files(random: Random, folder: Path, number: int) -> list[tuple[str, Path, date]]:
    """Files with their days: versions of some users and a currency, and payments between users."""
    found = []
    for dataset, times in (("users", 2), ("currencies", 1), ("payments", 1)):
        for day in random.sample(range(4), times):
            path = folder / f"{dataset}_{number}_{day}.csv"
            path.write_text("\n".join([HEADS[dataset], *_lines(random, dataset, number), ""]))
            found.append((dataset, path, FIRST_DAY + timedelta(days=day)))
    return found


def _lines(random: Random, dataset: str, number: int) -> list[str]:
    match dataset:
        case "users":
            them = [1, 2, 3, 4, 5, 6] if number == 0 else random.sample(range(1, 10), 3)
            # A user who is named twice in a file has two versions of one day.
            return [f"{_id(n)},Name {random.randint(1, 99)}" for n in [*them, them[0]]]
        case "currencies":
            codes = CURRENCIES if number == 0 else random.sample(CURRENCIES, 1)
            return [f"{code},Money {number},{number}" for code in codes]
        case _:
            return [_payment(random, number * 100 + n) for n in range(40 if number == 0 else 6)]


def _payment(random: Random, number: int) -> str:
    sender, receiver = random.sample(range(1, 10), 2)
    # From weeks before the users' first versions to weeks after their last ones.
    day = FIRST_DAY + timedelta(days=random.choice([-70, -40, -8, 0, 1, 2, 3, 20, 45]))
    status = random.choice(("completed", "completed", "pending", "failed"))
    return (
        f"{_id(number + 1000)},{_id(sender)},{_id(receiver)},{random.randint(1, 99_999)},"
        f"{random.choice(CURRENCIES)},{day}T{random.randint(10, 23)}:00:00Z,{status}"
    )


def _id(number: int) -> UUID:
    return UUID(int=number, version=4)
