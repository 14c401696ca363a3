"""Which files are to land: those of the inbox and those that somebody named, as they came.

Registering settles their order of arrival and their days; nothing is read. `land` reads them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date
from pathlib import Path

from txcat_assets.sources.files.inbox import entries
from txcat_assets.sources.files.listing import SeenFile, is_settled
from txcat_assets.sources.files.names import day_of_arrival
from txcat_assets.stages.work import Work
from txcat_assets.text import MESSAGE_CHARS, for_terminal, shortened
from txcat_assets.warehouse.ledger.objects import (
    Arrival,
    days_of,
    register,
    reject_days_outside,
    try_again,
    unregistered,
)


@dataclass(frozen=True)
class Inbox:
    """A folder whose files belong to datasets by their names, once they have settled."""

    folder: Path
    settle_seconds: float
    first_day: date = date.min
    """Files of earlier days are set aside: there is no partition for them."""

    allow_hard_links: bool = False
    """Take files that have a second name, which may be a foreign one's."""


@dataclass(frozen=True)
class Told:
    """What somebody says of the files that they name; None where each file shall show it."""

    encoding: str | None = None
    day: date | None = None


def settled_arrivals(work: Work, inbox: Inbox) -> list[Arrival]:
    """The files of the dataset in the inbox that nobody is still writing.

    With them, each with its problem: entries of the inbox that cannot be taken as they are.
    """
    if not work.contract.files or not inbox.folder.is_dir():
        return []
    now_ns = int(work.now().replace(tzinfo=UTC).timestamp() * 1e9)
    found = entries(inbox.folder, work.contract.files, allow_hard_links=inbox.allow_hard_links)
    settled = [file for file in found if is_settled(file, now_ns, inbox.settle_seconds)]
    return _arrivals(work, settled, None)


def new_arrivals(work: Work, arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Those of these files that the ledger has still to note."""
    with work.warehouse.transaction() as tx:
        return unregistered(tx, work.contract.dataset, arrivals)


def register_inbox(work: Work, inbox: Inbox) -> None:
    """Note the settled files of the inbox in the ledger, whatever their days."""
    arrivals = settled_arrivals(work, inbox)
    if arrivals:
        with work.warehouse.transaction() as tx:
            register(tx, work.contract.dataset, arrivals, work.now())
        reject_other_days(work, inbox.first_day)


def reject_other_days(work: Work, first_day: date) -> None:
    """Set aside the files, not begun yet, of days before the first partition, or to come."""
    with work.warehouse.transaction() as tx:
        reject_days_outside(tx, work.contract, first_day, work.now().date())


def register_named(
    work: Work, files: Sequence[SeenFile], told: Told | None = None
) -> dict[int, date]:
    """Note files that somebody named in the ledger; their object ids and days.

    One that was set aside, or that changed while it was read, is tried again, read as told.
    """
    told = told or Told()
    with work.warehouse.transaction() as tx:
        arrivals = _arrivals(work, files, told.day)
        objects = register(tx, work.contract.dataset, arrivals, work.now())
        try_again(tx, list(objects), told.encoding, told.day)
        return days_of(tx, list(objects))


def _arrivals(work: Work, files: Sequence[SeenFile], day: date | None) -> list[Arrival]:
    """The files with their days: the one told, that in the name, or today, when each is seen."""
    today = work.now().date()
    return [
        Arrival(
            file.path,
            file.size,
            file.modified_at_ns,
            day or day_of_arrival(file.path, today),
            shortened(for_terminal(file.problem), MESSAGE_CHARS),
        )
        for file in files
    ]
