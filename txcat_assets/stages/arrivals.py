"""Which files are to land: those of the inbox and those that somebody named, as they came.

Registering settles their order of arrival and their days; nothing is read. `land` reads them.
"""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date
from pathlib import Path

from txcat_assets.sources.files.dialect import Dialect
from txcat_assets.sources.files.inbox import entries
from txcat_assets.sources.files.limits import DEFAULT_LIMITS, DecompressionLimits
from txcat_assets.sources.files.listing import SeenFile, is_settled
from txcat_assets.sources.files.names import day_in_name, day_of_arrival
from txcat_assets.stages.work import Work
from txcat_assets.text import MESSAGE_CHARS, for_terminal, shortened
from txcat_assets.warehouse.databases.interface import Transaction
from txcat_assets.warehouse.ledger.objects import (
    Arrival,
    days_of,
    register,
    reject_days_outside,
    try_again,
    unregistered,
)
from txcat_assets.warehouse.ledger.rereading import Reading, mark_again, readings, set_free


@dataclass(frozen=True)
class Inbox:
    """A folder whose files belong to datasets by their names, once they have settled."""

    folder: Path
    settle_seconds: float
    first_day: date = date.min
    """Files of earlier days are set aside: there is no partition for them."""

    allow_hard_links: bool = False
    """Take files that have a second name, which may be a foreign one's."""

    limits: DecompressionLimits = DEFAULT_LIMITS
    """How much a compressed file may hold, in the inbox and wherever else it was named."""


@dataclass(frozen=True)
class ReadAs:
    """What somebody says of the files that they name; None where each file shall show it."""

    encoding: str | None = None
    day: date | None = None
    again_by: str | None = None
    """Who says that they be read though they have landed; what they brought is then replaced."""


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
    work: Work, files: Sequence[SeenFile], read_as: ReadAs | None = None
) -> dict[int, date]:
    """Note files that somebody named in the ledger; their object ids and days.

    One that was set aside, or that changed while it was read, is tried again, read so.
    """
    read_as = read_as or ReadAs()
    with work.warehouse.transaction() as tx:
        arrivals = _arrivals(work, files, read_as.day)
        if read_as.again_by is not None:
            arrivals = _set_free(tx, work, arrivals, read_as)
        objects = list(register(tx, work.contract.dataset, arrivals, work.now()))
        if read_as.again_by is not None:
            mark_again(tx, objects, read_as.again_by)
        try_again(tx, objects, read_as.encoding, read_as.day)
        return days_of(tx, objects)


def _set_free(
    tx: Transaction, work: Work, arrivals: Sequence[Arrival], read_as: ReadAs
) -> list[Arrival]:
    """The files, to be registered anew; one without a day of its own keeps the day that it had."""
    days = set_free(tx, work.contract.dataset, arrivals)
    return [
        file
        if read_as.day or day_in_name(file.name)
        else replace(file, day=days.get(file.name, file.day))
        for file in arrivals
    ]


def read_otherwise(work: Work, object_ids: Sequence[int], read_as: ReadAs) -> list[str]:
    """The files that had been read before, and not as somebody says now; in words for people."""
    if read_as.again_by is not None:
        return []
    with work.warehouse.transaction() as tx:
        found = readings(tx, object_ids)
    return [
        f"{reading.name} was read before, {was}, and is not read again. To read it anew, so, and "
        "replace what it brought, add --again."
        for reading in found
        if reading.state in ("landing", "landed", "same_content")
        for was in _otherwise(reading, read_as)
    ]


def _otherwise(reading: Reading, read_as: ReadAs) -> list[str]:
    """In which respects a file was read otherwise, in one text; none where there are none."""
    otherwise = []
    if reading.dialect and read_as.encoding not in (None, reading.encoding):
        found = Dialect.from_json(reading.dialect).encoding
        otherwise += [] if _is_same_encoding(read_as.encoding, found) else [f"as {found}"]
    if read_as.day and read_as.day != reading.day:
        otherwise.append(f"as a file of {reading.day}")
    return [" and ".join(otherwise)] if otherwise else []


def _is_same_encoding(name: str | None, found: str) -> bool:
    """Whether a file in this encoding is named so; utf-16 comes in two orders of bytes."""
    try:
        return found.startswith(codecs.lookup(name or "").name.removesuffix("-sig"))
    except LookupError:
        return False


def _arrivals(work: Work, files: Sequence[SeenFile], day: date | None) -> list[Arrival]:
    """The files with their days: the one given, that in the name, or today, when each is seen."""
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
