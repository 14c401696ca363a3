"""The days that a check speaks for, and the figures that several checks share.

What follows from the figures is in `verdicts`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from txcat_assets.contracts.model import Contract
from txcat_assets.settings import Settings
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.scope import Scope
from txcat_assets.warehouse.queries import by_day
from txcat_assets.warehouse.queries.figures import Counts


@dataclass(frozen=True)
class CheckedDays:
    """A dataset's days, looked at in one moment under the limits of the settings."""

    warehouse: Warehouse
    contract: Contract
    days: Sequence[date]
    at: datetime
    settings: Settings

    @property
    def scope(self) -> Scope:
        """The slices of the days."""
        return Scope(self.contract.dataset, "day", self.days)

    @cached_property
    def counts(self) -> dict[date, Counts]:
        """Where each day's records are."""
        with self.warehouse.transaction() as tx:
            return by_day.counts_by_day(tx, self.scope)

    @property
    def landed(self) -> int:
        """How many records have landed on the days."""
        return sum(counts.landed for counts in self.counts.values())

    @cached_property
    def codes(self) -> dict[str, dict[date, int]]:
        """By reason code, how many of each day's records bear it, be it a reason or a warning."""
        with self.warehouse.transaction() as tx:
            warnings = by_day.warnings_by_day(tx, self.contract, self.scope)
            reasons = by_day.reasons_by_day(tx, self.contract, self.scope)
        return {
            code: added(warnings.get(code, {}), reasons.get(code, {}))
            for code in warnings | reasons
        }

    @cached_property
    def shares(self) -> dict[date, float]:
        """The share of each day's records that is quarantined, 0 to 1.

        Those that only wait for what they refer to are not counted: nothing is wrong with them.
        """
        with self.warehouse.transaction() as tx:
            waiting = by_day.waiting_by_day(tx, self.contract, self.scope)
        return {
            day: (counts.quarantined - waiting.get(day, 0)) / counts.landed
            for day, counts in self.counts.items()
        }

    @property
    def days_over_threshold(self) -> list[date]:
        """The days with so many records quarantined that a broken rule is an error there."""
        return [d for d, share in self.shares.items() if share > self.settings.quarantine_threshold]


def added(one: dict[date, int], other: dict[date, int]) -> dict[date, int]:
    """The sum of two figures of each day."""
    return {day: one.get(day, 0) + other.get(day, 0) for day in one | other}
