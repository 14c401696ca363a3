"""A report of a small dataset: how many bills of whom there are on each day of a month.

`python -m tests.warehouse.reports` makes it in a process of its own, which kills itself.
"""

import os
import signal
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl

from tests.warehouse.bills import BILLS
from tests.warehouse.tiny import work_on
from tests.warehouse.worker import warehouse_in
from txcat_assets.contracts.model import Answer, Date, Integer, Text
from txcat_assets.contracts.reports import MonthlyReport, ReportOf
from txcat_assets.report_files import Summary
from txcat_assets.stages.reports import make_report
from txcat_assets.stages.work import Work

NOVEMBER, DECEMBER = date(2024, 11, 1), date(2024, 12, 1)


def bills_by_day(bills: pl.DataFrame) -> pl.DataFrame:
    return bills.group_by("who", day=pl.col("at").cast(pl.Date)).len("bills")


BY_DAY = MonthlyReport(
    name="monthly",
    version=1,
    description="How many bills of whom.",
    reads=("at", "who"),
    rows=bills_by_day,
    columns=(
        Answer("who", Text(), "Who pays."),
        Answer("day", Date(), "The day."),
        Answer("bills", Integer(), "How many."),
    ),
    key=("who", "day"),
)
REPORTED = replace(BILLS, reports=(BY_DAY,))
REPORT = ReportOf(REPORTED, BY_DAY)


def made(work: Work, folder: Path, month: date = NOVEMBER, of: ReportOf = REPORT) -> Summary:
    """The report of a month, made now into `reports` of a folder."""
    return make_report(work, of, month, folder / "reports")


def main(folder: Path, writes: int) -> None:
    """Make the report of November and die by SIGKILL at its so many-th file."""
    sync, left = os.fsync, iter(range(1, 100))

    def sync_or_die(file: int) -> None:
        if next(left) == writes:
            os.kill(os.getpid(), signal.SIGKILL)
        sync(file)

    os.fsync = sync_or_die  # type: ignore[assignment]  # it is given numbers of files alone
    made(work_on(warehouse_in(folder), REPORTED), folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
