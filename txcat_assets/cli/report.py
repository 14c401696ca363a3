"""`txcat report`: the files of a dataset's reports of one month, made or made again now.

It runs the job that the UI and the schedule run. What a report is stands in the contract.
"""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from txcat_assets.cli.filters import contract_of
from txcat_assets.cli.terminal import complain, say
from txcat_assets.clock import utc_now
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.contracts.reports import ReportOf, reports_of
from txcat_assets.settings import Settings

if TYPE_CHECKING:
    from txcat_assets.cli.jobs import Jobs

WITH_REPORTS = ", ".join(name for name, one in all_contracts().items() if one.reports)

DONE, PROBLEMS = 0, 1


def report(
    dataset: Annotated[str, typer.Argument(help=f"Which dataset: {WITH_REPORTS}")],
    month: Annotated[
        datetime, typer.Option(formats=["%Y-%m"], help="A month that is over, such as 2025-05.")
    ],
) -> None:
    """Make the reports of a month; where nothing has changed since, nothing is written."""
    from txcat_assets.cli.home import dagster_instance  # noqa: PLC0415 - Dagster takes a second
    from txcat_assets.cli.jobs import Jobs  # noqa: PLC0415

    settings, contract, first = Settings(), contract_of(dataset), month.date()
    if not contract.reports:
        raise typer.BadParameter(f"{dataset} has no report. There are reports of: {WITH_REPORTS}.")
    _refuse_other_months(settings, first)
    with dagster_instance(settings) as instance:
        jobs = Jobs(settings, contract, instance)
        problems = [problem for of in reports_of(contract) for problem in _made(jobs, of, first)]
    for problem in problems:
        complain(problem)
    raise typer.Exit(PROBLEMS if problems else DONE)


def _refuse_other_months(settings: Settings, month: date) -> None:
    if month >= utc_now().date().replace(day=1):
        raise typer.BadParameter(f"{month:%Y-%m} is not over: name a month that is.")
    if month < settings.first_day.replace(day=1):
        raise typer.BadParameter(
            f"{month:%Y-%m} is before TXCAT_FIRST_DAY, {settings.first_day}; set that earlier."
        )


def _made(jobs: "Jobs", of: ReportOf, month: date) -> list[str]:
    """Make one report and say what became of it; what went wrong, in words."""
    from txcat_assets.report_files import ReportFiles  # noqa: PLC0415

    if problems := jobs.report(of, month):
        return problems
    files = ReportFiles(jobs.settings.reports_folder, of)
    if made := files.summary(month):
        last = made.last
        say(f"{of.name} {made.month}: version {last.revision}, {last.rows:,} rows.")
        say(f"{files.folder / last.file}")
        if last.changes:
            say(
                f"Restated: {last.changes.added:,} rows added, {last.changes.removed:,} removed, "
                f"{last.changes.changed:,} changed."
            )
            say(f"{files.folder / last.changes.file}")
    return []
