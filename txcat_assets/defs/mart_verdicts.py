"""What the checks of a mart say: its rows are those of a recount, once each, and none is late.

Those of the other assets are in `verdicts`, which says as well what such texts may hold.
"""

from collections import Counter
from datetime import date, timedelta

from txcat_assets.contracts.marts import Mart
from txcat_assets.defs.checked_days import CheckedDays
from txcat_assets.defs.verdicts import Verdict, Verdicts
from txcat_assets.pipeline.computed import ComputedMart
from txcat_assets.stages.marts import recount
from txcat_assets.warehouse.ledger.marts import MartTable, days_of_doubled_rows
from txcat_assets.warehouse.ledger.watchers import late_groups


def rows_equal_a_recount(mart: Mart, computed: ComputedMart) -> Verdicts:
    """The check that a mart's rows are what its function says now, of all entities of the days."""

    def check(checked: CheckedDays) -> Verdict:
        table = MartTable(checked.contract, mart)
        found = recount(checked.warehouse, table, computed, checked.scope)
        broken = found.differing
        words = f"{sum(broken.values()):,} rows are missing, left over or other than recounted."
        numbers = {"entities recounted": found.entities, "rows recounted": found.rows}
        return Verdict(broken, words, broken.keys(), numbers)

    return check


def nothing_told_twice(mart: Mart) -> Verdicts:
    """The check that no record has two rows in a mart."""

    def check(checked: CheckedDays) -> Verdict:
        with checked.warehouse.transaction() as tx:
            days = days_of_doubled_rows(tx, MartTable(checked.contract, mart))
        broken: dict[date | None, int] = {**Counter(days)}
        words = f"{len(days):,} records have more than one row."
        return Verdict(broken, words, broken.keys(), {"records with more rows": len(days)})

    return check


def nothing_left_behind(mart: Mart) -> Verdicts:
    """The check that no touched entity waits too long for the mart."""

    def check(checked: CheckedDays) -> Verdict:
        limit = checked.at - timedelta(hours=checked.settings.pending_limit_hours)
        with checked.warehouse.transaction() as tx:
            watcher = MartTable(checked.contract, mart).watcher
            groups, late = late_groups(tx, watcher, limit)
        broken: dict[date | None, int] = {None: late} if late else {}
        words = (
            f"{late:,} entities have waited for the mart longer than "
            f"{checked.settings.pending_limit_hours:g} hours."
        )
        return Verdict(broken, words, [None], {"entities to update": groups})

    return check
