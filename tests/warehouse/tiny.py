"""The smallest dataset in which everything can happen: few keys, few amounts, odd contracts.

Its contract changes with the version: which amount is forbidden, whether 3 gives a warning, and
how a debit is written, so that some records change verdict, warnings or content at an upgrade and
others stay as they are, but for the place that the others leave them.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import polars as pl

from tests.oracle import Arrived, Verdict
from txcat_assets.contracts.model import (
    Answer,
    Choice,
    Column,
    Contract,
    Id,
    Money,
    Rule,
    Service,
    Severity,
    Stage,
    Text,
)
from txcat_assets.sources.files.listing import stat
from txcat_assets.stages.arrivals import register_named
from txcat_assets.stages.land import land_files
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse

DAYS = (date(2025, 1, 1), date(2025, 1, 2), date(2025, 1, 3))
START = datetime(2025, 1, 4, tzinfo=UTC).replace(tzinfo=None)
CATEGORIZED = Stage(
    "categorized", Service("ml"), "Answered.", (Answer("category", Text(), "The answer."),)
)


def tiny(version: int) -> Contract:
    """The contract of a version."""
    amount = pl.col("amount")
    return Contract(
        dataset="tiny",
        version=version,
        description="One row is one tiny thing.",
        owner="team:tests",
        key="id",
        event_time="",
        files="tiny*",
        columns=(
            Column("id", Id(), "The key."),
            Column("amount", Money(9, 2), "How much."),
            Column("side", Choice((debit(version), "credit")), "Which way."),
        ),
        rules=(
            Rule("forbidden", "This amount is not allowed.", amount != version % 4),
            Rule("odd", "Odd.", (amount != 3) | (version % 8 != 5), Severity.WARNING),
        ),
        stages=(CATEGORIZED,),
    )


def debit(version: int) -> str:
    """How a contract writes a debit."""
    return "debit" if version % 3 else "DEBIT"


def verdict_of(version: int, record: Arrived) -> Verdict:
    """The plain judge: what the contract of a version says of a record."""
    if record.fault is not None:
        return Verdict(None, None, (record.fault,))
    id_, amount, side = record.texts
    reasons = []
    if id_ is None:
        reasons.append("id_missing")
    if amount is None or not amount.isdigit():
        reasons.append("amount_missing" if amount is None else "amount_invalid")
    elif int(amount) == version % 4:
        reasons.append("forbidden")
    if id_ is None or amount is None or reasons:
        return Verdict(None, None, tuple(reasons))
    key = str(UUID(int=int(id_)))
    return Verdict(key, (key, f"{amount}.00", debit(version) if side == "debit" else "credit"), ())


def record_of(line: str, columns: int = 3) -> tuple[tuple[str | None, ...], str | None]:
    """What a reader must make of a line: its texts and its fault."""
    texts = tuple(text or None for text in line.split(","))
    return ((None,) * columns, "ragged_line") if len(texts) != columns else (texts, None)


def write_file(path: Path, lines: Sequence[str], header: str = "id,amount,side") -> Path:
    """A file of these records."""
    path.write_text("".join(f"{line}\n" for line in [header, *lines]))
    return path


class Clock:
    """Every look at it is a second later."""

    def __init__(self) -> None:
        self._seconds = 0

    def __call__(self) -> datetime:
        """The time now, UTC."""
        self._seconds += 1
        return START + timedelta(seconds=self._seconds)


def work_on(
    warehouse: Warehouse, contract: Contract, days: Sequence[date] = DAYS, *, run_id: str = "run"
) -> Work:
    """Work on days of a dataset with a clock of its own."""
    return Work(warehouse, contract, days, run_id, Clock())


def land_lines(work: Work, folder: Path, name: str, *records: str) -> Path:
    """A file of these records, landed."""
    contract = work.contract
    header = ",".join(contract.column_names)
    path = write_file(folder / f"{contract.dataset}_{name}.csv", records, header)
    register_named(work, [stat(path)], None)
    assert land_files(work).problems == []
    return path
