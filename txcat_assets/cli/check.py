"""`txcat check`: the asset checks of some days as a run that the UI shows, and what each says."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import dagster as dg

from txcat_assets.cli.home import dagster_instance
from txcat_assets.cli.jobs import Jobs, problems_of
from txcat_assets.cli.terminal import complain, say
from txcat_assets.connections import warehouse_of
from txcat_assets.contracts.model import Contract
from txcat_assets.defs.check_runs import DETAILS, FAILED_DAYS
from txcat_assets.settings import Settings
from txcat_assets.warehouse.ledger.checked import days_with_anything
from txcat_assets.warehouse.schema.tables import prepare

DONE, PROBLEMS = 0, 1


@dataclass(frozen=True)
class Finding:
    """What one check says: `severity` of some days is "ERROR", "WARN", or "" where it holds."""

    name: str
    words: str
    details: list[str]
    severities: dict[str, str]

    def severity(self, days: Collection[date]) -> str:
        """The worst of these days, or of all without any; what belongs to no day counts always."""
        asked = {day.isoformat() for day in days} | {""} if days else self.severities.keys()
        found = {severity for day, severity in self.severities.items() if day in asked}
        return min(found, default="")


def check_days(settings: Settings, contract: Contract, days: Sequence[date]) -> int:
    """Run every check of some days, or of those that are due, and say what each says.

    The exit code is 1 where one fails with severity ERROR, and where a named day has nothing to
    check: a mistyped day must not pass.
    """
    if problem := _nothing_to_check(settings, contract, days):
        complain(problem)
        return PROBLEMS
    with dagster_instance(settings) as instance:
        problems = failed_checks(Jobs(settings, contract, instance), days, in_full=True)
    for problem in problems:
        complain(problem)
    return PROBLEMS if problems else DONE


def _nothing_to_check(settings: Settings, contract: Contract, days: Sequence[date]) -> str:
    warehouse = warehouse_of(settings)
    prepare(warehouse, contract)
    with warehouse.transaction() as tx:
        every = days_with_anything(tx, contract.dataset)
    missing = [day.isoformat() for day in days if day not in every]
    if not missing:
        return ""
    there = f"{len(every)} days from {every[0]} to {every[-1]} have some" if every else "no day has"
    return (
        f"No {contract.dataset} have landed on {', '.join(missing)}, so nothing was checked: "
        f"{there}. Load them, or name other days."
    )


def failed_checks(jobs: Jobs, days: Collection[date], *, in_full: bool = False) -> list[str]:
    """Run the checks of some days and say what they say; the errors, in words.

    All that is found stands in the UI, which speaks for earlier days too; errors are those of these
    days. In full, the checks that pass and the details of the others are named as well.
    """
    result = jobs.check(sorted(days))
    findings = [_finding(one) for one in result.get_asset_check_evaluations()]
    by_severity: dict[str, list[Finding]] = {"": [], "WARN": [], "ERROR": []}
    for one in findings:
        by_severity[one.severity(days)].append(one)
    if in_full:
        _show_in_full(by_severity)
    for one in by_severity["WARN"]:
        say(f"warning: {one.name}: {one.words}")
    say(
        f"{len(findings)} asset checks ran, {len(by_severity['ERROR'])} failed with severity "
        f"ERROR, {len(by_severity['WARN'])} with severity WARN."
    )
    return [
        *(f"the checks could not run: {problem}" for problem in problems_of(result)),
        *(f"check {one.name}: {one.words}" for one in by_severity["ERROR"]),
    ]


def _show_in_full(by_severity: Mapping[str, Sequence[Finding]]) -> None:
    for one in by_severity[""]:
        say(f"passed: {one.name}: {one.words}")
    for one in [*by_severity["WARN"], *by_severity["ERROR"]]:
        for detail in one.details:
            say(f"{one.name}: {detail}")


def _finding(found: dg.AssetCheckEvaluation) -> Finding:
    name = f"{found.check_name} of {found.asset_key.to_user_string()}"
    severities = {str(day): str(severity) for day, _, severity in _rows(found, FAILED_DAYS)}
    details = [str(line) for (line,) in _rows(found, DETAILS)]
    return Finding(name, found.description or "", details, severities)


def _rows(found: dg.AssetCheckEvaluation, name: str) -> list[tuple[object, ...]]:
    """The rows of a table in what a check says of itself; none where it is not there."""
    shown = found.metadata.get(name)
    if not isinstance(shown, dg.TableMetadataValue):
        return []
    return [tuple(record.data.values()) for record in shown.records]
