"""What a report is: a table of figures of a month, made from the records that happened in it.

A mart (see `txcat_assets.contracts.marts`) is a table of records, kept up to date row by row; a
report is a file for people, made when its month is over and made again when the month changes. A
contract lists both. How one is made is in `txcat_assets.stages.reports`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from txcat_assets.contracts.model import Answer, Contract
from txcat_assets.contracts.watchers import Per, Watcher


@dataclass(frozen=True, kw_only=True)
class MonthlyReport:
    """The figures of each month of the event time.

    `rows` is given the columns that `reads` names, of all validated records of the month (of keys
    with versions the current ones), in any order, and gives `columns`; `key` names those that tell
    its rows apart and that they are in order by. `version` rises with every change of what it
    gives: then every month is made again.
    """

    name: str
    version: int
    description: str
    reads: tuple[str, ...]
    rows: Callable[[pl.DataFrame], pl.DataFrame]
    columns: tuple[Answer, ...]
    key: tuple[str, ...]

    @cached_property
    def column_names(self) -> list[str]:
        """The names of its columns, in order."""
        return [column.name for column in self.columns]


@dataclass(frozen=True)
class ReportOf:
    """A report of a dataset."""

    contract: Contract
    report: MonthlyReport

    @property
    def name(self) -> str:
        """Its name among all reports, such as `payments_monthly`."""
        return f"{self.contract.dataset}_{self.report.name}"

    @property
    def watcher(self) -> Watcher:
        """The report as one who watches the months of the dataset."""
        column = self.contract.event_time
        return Watcher(f"{self.report.name}_report", self.contract, column, Per.MONTH)

    @property
    def version(self) -> str:
        """By what its work is done."""
        return str(self.report.version)


def reports_of(contract: Contract) -> list[ReportOf]:
    """The reports of a dataset."""
    return [ReportOf(contract, report) for report in contract.reports]
