"""When the asset checks of a dataset last ran, and so which days they have to speak for next.

What they say is decided in `txcat_assets.defs.verdicts`.
"""

from collections.abc import Sequence
from datetime import date, datetime

from txcat_assets.warehouse.databases.interface import Transaction

LONG_AGO = datetime(1970, 1, 1)  # noqa: DTZ001 - the tables keep UTC without a zone


def days_to_check(tx: Transaction, dataset: str, asset: str) -> list[date]:
    """The days touched since the checks of an asset last ran; if none, the last with records."""
    return _touched(tx, dataset, _checked_at(tx, dataset, [asset])) or [
        day
        for (day,) in tx.rows(
            "SELECT max(day) FROM ledger.slices WHERE dataset = $dataset", dataset=dataset
        )
        if day
    ]


def unchecked_days(tx: Transaction, dataset: str, assets: Sequence[str]) -> list[date]:
    """The days touched since the checks of any of these assets last ran."""
    return _touched(tx, dataset, _checked_at(tx, dataset, assets))


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
    known: dict[str, datetime] = dict(
        tx.rows(
            "SELECT asset, checked_at FROM ledger.checked WHERE dataset = $dataset", dataset=dataset
        )
    )
    return min(known.get(asset, LONG_AGO) for asset in assets)


def _touched(tx: Transaction, dataset: str, since: datetime) -> list[date]:
    """The days on which records came or moved on, or a file was set aside, after a moment."""
    return [
        day
        for (day,) in tx.rows(
            "SELECT day FROM ledger.stages WHERE dataset = $dataset AND done_at > $since "
            "UNION SELECT day FROM ledger.slices WHERE dataset = $dataset AND landed_at > $since "
            "UNION SELECT day FROM ledger.objects WHERE dataset = $dataset AND seen_at > $since "
            "ORDER BY 1",
            dataset=dataset,
            since=since,
        )
    ]
