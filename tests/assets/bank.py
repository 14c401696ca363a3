"""A bank's files for the tests of payments: lines, how they are loaded, how they were scored.

The samples with every kind of payment are in `data`.
"""

from tests.assets.installation import Installation

DAY = "2025-01-03"
USERS = "id,name\n" + "".join(f"00000000-0000-0000-0000-00000000000{n},User {n}\n" for n in "123")
CURRENCIES = "code,name,symbol\nusd,US Dollar,$\nJPY,Yen,\nBHD,Dinar,\n"
HEADER = "transaction_id,sender_id,receiver_id,amount,currency,timestamp,status\n"


def payment(
    number: int, *, sender: int = 1, receiver: int = 2, amount: str = "5.00", currency: str = "USD"
) -> str:
    """A line of a file of payments, sound unless told otherwise."""
    ids = ",".join(f"00000000-0000-0000-0000-{one:012}" for one in (number, sender, receiver))
    return f"{ids},{amount},{currency},2025-01-02T10:00:00Z,completed\n"


def put(site: Installation, dataset: str, text: str, day: str = DAY) -> None:
    """A file of a dataset, loaded."""
    site.put(f"{dataset}_{day}.csv", text)
    load(site, dataset, day)


def load(site: Installation, dataset: str, day: str = DAY) -> None:
    """Run the load job of a dataset on a day."""
    assert site.load_days(dataset, day).success


def scores(site: Installation) -> dict[str, tuple[bool, list[str]]]:
    """Each payment's score: is it suspicious, and why; by the last digit of its id."""
    found = site.rows(
        "SELECT transaction_id::VARCHAR, is_suspicious, reasons FROM scored.payments ORDER BY 1"
    )
    return {id_[-1]: (is_suspicious, codes) for id_, is_suspicious, codes in found}
