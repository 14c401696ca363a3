"""When the asset checks of a dataset last ran, on which days they failed, and so what is due.

A check speaks for the days that were touched since it last ran, and again for the days on which it
failed, so that a good day hides no bad one. What the checks say is decided in
`txcat_assets.defs.verdicts`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from txcat_assets.warehouse.databases.interface import Transaction, one

LONG_AGO = datetime(1970, 1, 1)  # noqa: DTZ001 - the tables keep UTC without a zone


def days_to_check(tx: Transaction, dataset: str, asset: str) -> list[date]:
    """The days touched since the checks of an asset last ran."""
    return _touched(tx, dataset, _checked_at(tx, dataset, [asset]))


def unchecked_days(tx: Transaction, dataset: str, assets: Sequence[str]) -> list[date]:
    """The days touched since the checks of any of these assets last ran."""
    return _touched(tx, dataset, _checked_at(tx, dataset, assets))


def days_with_anything(tx: Transaction, dataset: str) -> list[date]:
    """The days that checks can speak for: records have landed there, or a file was set aside."""
    return _touched(tx, dataset, LONG_AGO)


@dataclass(frozen=True)
class FailedCheck:
    """A check of an asset, and the days on which it failed when it last spoke for them."""

    asset: str
    name: str
    days: list[date]
    error_days: list[date]
    """Those of the days on which that is an error, no mere warning."""


def failed_checks(tx: Transaction, dataset: str, kept_days: int) -> list[FailedCheck]:
    """The checks that have failed and not been mended since.

    Only of days less than `kept_days` before the newest day with records.
    """
    newest = one(
        tx.rows("SELECT max(day) FROM ledger.slices WHERE dataset = $dataset", dataset=dataset)
    )
    found: dict[tuple[str, str], FailedCheck] = {}
    for asset, name, day, is_error in tx.rows(
        "SELECT asset, check_name, day, is_error FROM ledger.failed_checks "
        "WHERE dataset = $dataset AND day > $after ORDER BY asset, check_name, day",
        dataset=dataset,
        after=(newest or LONG_AGO.date()) - timedelta(days=kept_days),
    ):
        check = found.setdefault((asset, name), FailedCheck(asset, name, [], []))
        check.days.append(day)
        if is_error:
            check.error_days.append(day)
    return list(found.values())


def note_failed(
    tx: Transaction, dataset: str, asset: str, check_name: str, days: Mapping[date, bool]
) -> None:
    """Note the days on which a check fails, each with whether that is an error.

    They stand in place of those noted before.
    """
    tx.run(
        "DELETE FROM ledger.failed_checks WHERE dataset = $dataset AND asset = $asset "
        "AND check_name = $check_name",
        dataset=dataset,
        asset=asset,
        check_name=check_name,
    )
    for day, is_error in days.items():
        tx.run(
            "INSERT INTO ledger.failed_checks VALUES "
            "($dataset, $asset, $check_name, $day, $is_error)",
            dataset=dataset,
            asset=asset,
            check_name=check_name,
            day=day,
            is_error=is_error,
        )


def note_checked(
    tx: Transaction, dataset: str, asset: str, days: Sequence[date], at: datetime
) -> None:
    """Note that all checks of an asset have spoken for what these days had at a moment.

    While other days are due, nothing is noted, for a moment cannot tell days apart: these days
    are then checked once more with the others.
    """
    if not set(days) >= set(unchecked_days(tx, dataset, [asset])):
        return
    tx.run(
        "INSERT INTO ledger.checked VALUES ($dataset, $asset, $at) "
        "ON CONFLICT (dataset, asset) DO UPDATE SET checked_at = excluded.checked_at",
        dataset=dataset,
        asset=asset,
        at=at,
    )


def _checked_at(tx: Transaction, dataset: str, assets: Sequence[str]) -> datetime:
    checked: dict[str, datetime] = dict(
        tx.rows(
            "SELECT asset, checked_at FROM ledger.checked WHERE dataset = $dataset", dataset=dataset
        )
    )
    return min(checked.get(asset, LONG_AGO) for asset in assets)


def _touched(tx: Transaction, dataset: str, since: datetime) -> list[date]:
    """The days with records that came or moved on after a moment, or with a file set aside then.

    A day without either has nothing to check.
    """
    return [
        day
        for (day,) in tx.rows(
            "SELECT t.day FROM ledger.stages t JOIN ledger.slices s ON s.slice_id = t.slice_id "
            "WHERE t.dataset = $dataset AND t.done_at > $since AND s.landed > 0 "
            "UNION SELECT day FROM ledger.slices "
            "WHERE dataset = $dataset AND landed_at > $since AND landed > 0 "
            "UNION SELECT day FROM ledger.objects WHERE dataset = $dataset AND seen_at > $since "
            "AND state IN ('rejected', 'changed') ORDER BY 1",
            dataset=dataset,
            since=since,
        )
    ]
