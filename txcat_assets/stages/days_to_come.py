"""Work of days to come: it landed while this machine's clock was set ahead.

Such a day is no partition before its time, so no run can have it.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from txcat_assets.sources.files.names import day_in_name
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.ledger.days import move_days
from txcat_assets.warehouse.queries.figures import all_days, days_left


def days_to_come(days: Sequence[date], today: date) -> list[date]:
    """Those of the days that are still to come."""
    return [day for day in days if day > today]


def in_words(dataset: str, days: Sequence[date]) -> str:
    """What is to do about work of days to come, for people; empty where there are none."""
    if not days:
        return ""
    return (
        f"Work of {dataset} is left of a day to come ({', '.join(map(str, days))}): it landed "
        "while the clock of this machine was set ahead, and no run takes it before that day. Set "
        f"the clock right, then move it to today: txcat move-days --dataset {dataset}"
    )


def left_to_come(work: Work) -> str:
    """What is to do about the dataset's work of days to come, for people; empty without any."""
    with work.warehouse.transaction() as tx:
        left = days_left(tx, work.contract)
    return in_words(work.contract.dataset, days_to_come(left, work.now().date()))


def move_to_today(work: Work) -> tuple[list[date], int]:
    """Let what has landed on days to come have landed today: these days, and how many records."""
    run = work.run
    with work.warehouse.transaction() as tx:
        left = {*days_left(tx, work.contract), *all_days(tx, work.contract.dataset)}
        days = days_to_come(sorted(left), run.at.date())
        return days, move_days(tx, work.contract, days, _is_dated, run)


def _is_dated(path: str) -> bool:
    return day_in_name(Path(path).name) is not None
