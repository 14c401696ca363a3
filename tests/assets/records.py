"""Lines of transaction files: sound ones by number, and what to change to spoil them.

Amounts, keys and days follow from the number alone, so that a test can say what must become of it.
"""

HEADER = "id,description,amount,timestamp,merchant,operation_type,side"


def line(
    number: int,
    *,
    key: str | None = None,
    amount: str | None = None,
    side: str = "debit",
    at: str = "2025-01-02T12:00:00",
) -> str:
    """A sound transaction, but for what is changed."""
    key = str(number) if key is None else key
    amount = f"-{number}.50" if amount is None else amount
    return f"{key},Paiement CB {number},{amount},{at},Carrefour,card_payment,{side}"


def file_of(*lines: str) -> str:
    """A comma-separated file of lines."""
    return "\n".join((HEADER, *lines)) + "\n"


def sound(*numbers: int) -> str:
    """A file of sound transactions."""
    return file_of(*map(line, numbers))
