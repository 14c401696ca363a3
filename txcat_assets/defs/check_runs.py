"""A run of an asset's checks: which days each speaks for, what Dagster is told, what is kept.

What a check finds out about days is in `verdicts`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

import dagster as dg

from txcat_assets.contracts.model import Contract
from txcat_assets.defs.checked_days import CheckedDays
from txcat_assets.defs.shown import details_table, table
from txcat_assets.defs.verdicts import Verdict, Verdicts
from txcat_assets.settings import Settings
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger import checked as ledger

FAILED_DAYS, DETAILS = "days that fail", "details"
"""Metadata of a check that did not pass, which the command line reads too."""

FAILED_CHECKS = "failed checks of severity ERROR"
"""Metadata of a run of checks that ends as failed because of what they found."""

DAYS_SHOWN = 31


@dataclass(frozen=True)
class CheckRun:
    """One run of the checks of an asset.

    `named` are the days that were asked for; without any, those that are due. `is_of_checks` is
    whether the run does nothing else.
    """

    warehouse: Warehouse
    contract: Contract
    schema: str
    settings: Settings
    at: datetime
    named: Sequence[date]
    is_of_checks: bool

    @cached_property
    def due(self) -> list[date]:
        """The days to speak for: without any that has something to check, the newest that has."""
        dataset = self.contract.dataset
        with self.warehouse.transaction() as tx:
            every = ledger.days_with_anything(tx, dataset)
            due = self.named or ledger.days_to_check(tx, dataset, self.schema)
        return [day for day in due if day in {*every}] or every[-1:]

    @cached_property
    def _failed_before(self) -> dict[str, list[date]]:
        kept_days = self.settings.failed_days_kept
        with self.warehouse.transaction() as tx:
            found = ledger.failed_checks(tx, self.contract.dataset, kept_days)
        return {one.name: one.days for one in found if one.asset == self.schema}

    @cached_property
    def _checked(self) -> dict[tuple[date, ...], CheckedDays]:
        return {}

    def _days(self, name: str) -> tuple[date, ...]:
        return tuple(sorted({*self.due, *self._failed_before.get(name, [])}))

    def verdict(self, name: str, verdicts: Verdicts) -> Verdict:
        """What a check says of the days that are due and of those on which it failed before."""
        days = self._days(name)
        if days not in self._checked:  # figures are read once for all checks of the same days
            self._checked[days] = CheckedDays(
                self.warehouse, self.contract, days, self.at, self.settings
            )
        return verdicts(self._checked[days])

    def note(self, verdicts: Mapping[str, Verdict], *, is_every_check: bool) -> None:
        """Keep where the checks failed, and that they have spoken where all of them have."""
        dataset = self.contract.dataset
        with self.warehouse.transaction() as tx:
            for name, verdict in verdicts.items():
                days = {day: day in verdict.errors for day in verdict.broken if day}
                ledger.note_failed(tx, dataset, self.schema, name, days)
            if is_every_check:
                spoken_for = [*self.named, *self.due]
                ledger.note_checked(tx, dataset, self.schema, spoken_for, self.at)

    def result(self, key: dg.AssetCheckKey, verdict: Verdict, rule: str) -> dg.AssetCheckResult:
        """The verdict for Dagster: the rule where it holds, else what breaks it and where."""
        days, broken = self._days(key.name), verdict.broken
        span = f"{days[0]} to {days[-1]}" if days else "no day has records"
        failed: dict[str, Any] = {FAILED_DAYS: self._failed_days(verdict)} if broken else {}
        if verdict.details:
            failed[DETAILS] = details_table(verdict.details)
        return dg.AssetCheckResult(
            passed=not broken,
            asset_key=key.asset_key,
            check_name=key.name,
            severity=self.severity(verdict),
            description=f"{verdict.breach} {_where(verdict, days)}".strip() if broken else rule,
            metadata={**verdict.metadata, **failed, "days": span, "number of days": len(days)},
        )

    def severity(self, verdict: Verdict) -> dg.AssetCheckSeverity:
        """An error where any day's breach is one.

        What blocks a materialization (TXCAT_STRICT) looks at its own days alone: else a bad day
        would keep the next one from being loaded.
        """
        errors = {day for day in verdict.broken if day in verdict.errors}
        if self.settings.strict and not self.is_of_checks:
            errors &= {*self.named, None}
        return dg.AssetCheckSeverity.ERROR if errors else dg.AssetCheckSeverity.WARN

    def _failed_days(self, verdict: Verdict) -> dg.TableMetadataValue:
        rows = [
            (
                "" if day is None else day.isoformat(),
                n,
                "ERROR" if day in verdict.errors else "WARN",
            )
            for day, n in verdict.broken.items()
        ]
        return table(["day", "number", "severity"], sorted(rows, reverse=True)[:DAYS_SHOWN])


def _where(verdict: Verdict, days: Sequence[date]) -> str:
    """On which days it is broken, and whether the latest is among them."""
    broken = {day: number for day, number in verdict.broken.items() if day}
    if not broken:
        return ""
    most = max(broken, key=lambda day: broken[day])
    where = f"On {most}" if len(broken) == 1 else f"On {len(broken)} days, most on {most}"
    return f"{where}." if days[-1] in broken else f"{where}; not on the latest day, {days[-1]}."
