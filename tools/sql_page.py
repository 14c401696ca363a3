"""The page of SQL that is put together from parts, as a database gets it: to be read, and to diff.

A statement that stands whole in the code is not shown. The page is written by `tools.docs`.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any, cast

from txcat_assets.contracts.payments import CONTRACT as PAYMENTS
from txcat_assets.contracts.users import CONTRACT as USERS
from txcat_assets.warehouse.databases.interface import Transaction
from txcat_assets.warehouse.ledger.references import slices_to_judge_again
from txcat_assets.warehouse.ledger.scope import Scope
from txcat_assets.warehouse.queries.figures import broken_conservation, days_left
from txcat_assets.warehouse.schema.views import current_view, quarantined_view

CLAUSE = re.compile(
    r" (?=(?:SELECT|FROM|LEFT JOIN|(?<!LEFT )JOIN|WHERE|UNION(?: ALL)?|GROUP BY|ORDER BY)\b)"
)
DAYS = [date(2025, 1, 3)]


class Recorder:
    """Stands where a transaction does and keeps the queries; of withdrawn keys it has one."""

    def __init__(self) -> None:
        self.queries: list[str] = []

    def rows(self, sql: str, **_: Any) -> list[tuple[Any, ...]]:
        """Keep the query."""
        self.queries.append(sql)
        return [(1,)] if sql.startswith("SELECT 1 FROM ledger.withdrawn") else []


def sql_page() -> str:
    """Each statement below what it is for and where it is made."""
    lines = [
        "# SQL as the databases get it",
        "",
        "Written by `make docs` from the functions that are named here; edit those. Only SQL that",
        "is put together from parts is shown, for a dataset that has all of them. Values are",
        "bound by `$name`.",
    ]
    for purpose, place, sql in _statements():
        lines += ["", f"## {purpose}", "", f"`{place}`", "", "```sql", CLAUSE.sub("\n", sql), "```"]
    return "\n".join(lines) + "\n"


def _statements() -> Iterator[tuple[str, str, str]]:
    views = "txcat_assets/warehouse/schema/views.py"
    yield ("Quarantined records", f"{views}::quarantined_view", quarantined_view(PAYMENTS))
    yield ("The last version of each user", f"{views}::current_view", current_view(USERS))
    recorder = Recorder()
    tx = cast("Transaction", recorder)
    slices_to_judge_again(tx, PAYMENTS, DAYS)
    yield (
        "Payments whose users or currency have come or gone",
        "txcat_assets/warehouse/ledger/references.py::slices_to_judge_again",
        recorder.queries[-1],
    )
    figures = "txcat_assets/warehouse/queries/figures.py"
    broken_conservation(tx, PAYMENTS, Scope(PAYMENTS.dataset, "day", DAYS))
    yield ("Counts that differ", f"{figures}::broken_conservation", recorder.queries[-1])
    before = len(recorder.queries)
    days_left(tx, PAYMENTS)
    yield ("Days with work left", f"{figures}::days_left", recorder.queries[before])
