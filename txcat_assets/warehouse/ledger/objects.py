"""The ledger's objects: the files that were seen, in the order of their arrival, and their heads.

An object is registered by its name, size and time before it is read; its bytes' digest is its
identity from the first reading on. Slices of it are in `slices`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime

from txcat_assets.contracts.model import Contract
from txcat_assets.warehouse.databases.interface import Transaction, listed, one


@dataclass(frozen=True)
class Arrival:
    """A file as it was seen: `name` is its absolute path; nothing of it has been read.

    With a `problem` it is set aside as it is, with these words.
    """

    name: str
    size: int
    modified_at_ns: int
    day: date
    problem: str = ""


@dataclass(frozen=True)
class FileObject:
    """A registered file that has not landed whole; `next` is its head."""

    object_id: int
    name: str
    size: int
    modified_at_ns: int
    encoding: str | None
    dialect: str | None
    identity: str | None
    day: date
    next: int
    again_by: str | None = None
    """Who asked that it be read though its content has landed before."""

    replaces: int | None = None
    """The object of which it is another reading."""


@dataclass(frozen=True)
class Fix:
    """Corrected records, taken from a file of this name.

    `dialect` is that of the file which the old records came from, so that their numbers are read in
    the same way.
    """

    name: str
    day: date
    seen_at: datetime
    dialect: str | None = None


_SET_ASIDE_UNREAD = "(state = 'rejected' AND contract_version IS NULL)"
"""A condition: the file was set aside for what its folder says of it; no contract had a part."""


def register(
    tx: Transaction, dataset: str, arrivals: Sequence[Arrival], seen_at: datetime
) -> dict[int, date]:
    """Note files in the order of (day, name), each new (name, size, time) as an object.

    Gives the object id and day of each, in that order. A registered file keeps both; one that was
    set aside unread and has no problem any more is to land.
    """
    tx.lock("register")
    days: dict[int, date] = {}
    sound: dict[int, date] = {}
    for arrival in sorted(arrivals, key=lambda a: (a.day, a.name)):
        registered = tx.rows(
            "SELECT object_id, day FROM ledger.objects WHERE dataset = $dataset AND name = $name "
            "AND size = $size AND modified_at_ns = $ns",
            dataset=dataset,
            name=arrival.name,
            size=arrival.size,
            ns=arrival.modified_at_ns,
        ) or _insert(tx, dataset, arrival, seen_at)
        days.update(registered)
        sound.update(() if arrival.problem else registered)
    if sound:
        tx.run(
            "UPDATE ledger.objects SET state = 'seen', reason = NULL "
            f"WHERE object_id IN ({listed(list(sound))}) AND {_SET_ASIDE_UNREAD}"
        )
    return days


def add_fix(tx: Transaction, dataset: str, fix: Fix) -> int:
    """Note corrected records as an object that arrives now; its id."""
    tx.lock("register")
    return int(
        one(
            tx.rows(
                "INSERT INTO ledger.objects (dataset, kind, name, dialect, day, seen_at, state) "
                "VALUES ($dataset, 'fix', $name, $dialect, $day, $seen_at, 'landed') "
                "RETURNING object_id",
                dataset=dataset,
                **vars(fix),
            )
        )
    )


def _insert(
    tx: Transaction, dataset: str, arrival: Arrival, seen_at: datetime
) -> list[tuple[int, date]]:
    return tx.rows(
        "INSERT INTO ledger.objects (dataset, kind, name, size, modified_at_ns, day, seen_at, "
        "state, reason) VALUES ($dataset, 'file', $name, $size, $ns, $day, $seen_at, $state, "
        "$reason) RETURNING object_id, day",
        dataset=dataset,
        name=arrival.name,
        size=arrival.size,
        ns=arrival.modified_at_ns,
        day=arrival.day,
        seen_at=seen_at,
        state="rejected" if arrival.problem else "seen",
        reason=arrival.problem or None,
    )


def unregistered(tx: Transaction, dataset: str, arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Those of these files with which `register` would change anything."""
    existing = {
        (str(name), int(size), int(modified)): bool(is_unread)
        for name, size, modified, is_unread in tx.rows(
            f"SELECT name, size, modified_at_ns, {_SET_ASIDE_UNREAD} FROM ledger.objects "
            "WHERE dataset = $dataset AND kind = 'file' AND modified_at_ns IS NOT NULL",
            dataset=dataset,
        )
    }

    def is_new(file: Arrival) -> bool:
        is_unread = existing.get((file.name, file.size, file.modified_at_ns))
        return is_unread is None or (is_unread and not file.problem)

    return [file for file in arrivals if is_new(file)]


def days_of(tx: Transaction, object_ids: Sequence[int]) -> dict[int, date]:
    """The day of each of these objects."""
    return dict(
        tx.rows(
            f"SELECT object_id, day FROM ledger.objects WHERE object_id IN ({listed(object_ids)})"
        )
    )


def try_again(
    tx: Transaction, object_ids: Sequence[int], encoding: str | None, day: date | None
) -> None:
    """Let files that were set aside, or changed while they were read, be tried once more.

    They are read in `encoding` and, where nothing of them has landed, belong to `day`, if given.
    """
    tx.run(
        "UPDATE ledger.objects SET state = 'seen', reason = NULL, encoding = $encoding, "
        "day = CASE WHEN next = 0 THEN coalesce($day, day) ELSE day END "
        f"WHERE object_id IN ({listed(object_ids)}) AND state IN ('seen', 'rejected', 'changed')",
        encoding=encoding,
        day=day,
    )


def reject_days_outside(tx: Transaction, contract: Contract, first: date, last: date) -> None:
    """Set aside the files not begun yet whose day is no partition: not from `first` to `last`."""
    tx.run(
        "UPDATE ledger.objects SET state = 'rejected', contract_version = $version, "
        "reason = name || ': its day, ' || CAST(day AS TEXT) || $why "
        "WHERE dataset = $dataset AND state = 'seen' AND NOT day BETWEEN $first AND $last",
        dataset=contract.dataset,
        version=contract.version,
        first=first,
        last=last,
        why=f", is no partition; those are {first} (TXCAT_FIRST_DAY) to {last}, UTC. Load it again "
        "with --day, or set TXCAT_FIRST_DAY earlier and load it again.",
    )


def files_to_land(tx: Transaction, contract: Contract, days: Sequence[date]) -> list[FileObject]:
    """The files of these days that have not landed whole, in the order of arrival.

    A file that was set aside is here again once the contract has a newer version.
    """
    columns = ", ".join(field.name for field in fields(FileObject))
    found = tx.rows(
        f"SELECT {columns} FROM ledger.objects "
        "WHERE dataset = $dataset AND kind = 'file' AND day = ANY($days) AND "
        "(state IN ('seen', 'landing') OR (state = 'rejected' AND contract_version < $version)) "
        "ORDER BY object_id",
        dataset=contract.dataset,
        days=list(days),
        version=contract.version,
    )
    return [FileObject(*row) for row in found]


def begin(
    tx: Transaction, file: FileObject, dataset: str, identity: str, dialect: str
) -> FileObject | None:
    """Give a file its identity (the digest of its bytes) and its dialect; the object to land.

    None when a file of these bytes has landed before: nothing of this one lands. When one has
    landed in part, which may have changed or gone since, this file carries that object on.
    """
    tx.lock("register")
    existing = tx.rows(
        "SELECT object_id, state, name FROM ledger.objects "
        "WHERE dataset = $dataset AND kind = 'file' AND identity = $identity",
        dataset=dataset,
        identity=identity,
    )
    object_id, state, name = existing[0] if existing else (file.object_id, "seen", file.name)
    if object_id == file.object_id:
        tx.run(
            "UPDATE ledger.objects SET identity = $identity, dialect = $dialect, state = 'landing' "
            "WHERE object_id = $object_id",
            identity=identity,
            dialect=dialect,
            object_id=object_id,
        )
    elif state == "landed":
        # It was not read itself: how its content was read is what counts.
        tx.run(
            "UPDATE ledger.objects SET encoding = o.encoding, dialect = o.dialect "
            "FROM ledger.objects o WHERE o.object_id = $landed AND objects.object_id = $object_id",
            landed=object_id,
            object_id=file.object_id,
        )
        set_state(
            tx, file.object_id, "same_content", f"the bytes of {name}, which was taken before"
        )
        return None
    else:
        _carry_on(tx, file, object_id)
    columns = ", ".join(field.name for field in fields(FileObject))
    (row,) = tx.rows(
        f"SELECT {columns} FROM ledger.objects WHERE object_id = $object_id", object_id=object_id
    )
    return FileObject(*row)


def _carry_on(tx: Transaction, file: FileObject, object_id: int) -> None:
    tx.run("DELETE FROM ledger.objects WHERE object_id = $object_id", object_id=file.object_id)
    tx.run(
        "UPDATE ledger.objects SET name = $name, size = $size, modified_at_ns = $ns, "
        "state = 'landing', reason = NULL WHERE object_id = $object_id",
        name=file.name,
        size=file.size,
        ns=file.modified_at_ns,
        object_id=object_id,
    )


def set_state(
    tx: Transaction, object_id: int, state: str, reason: str | None = None, version: int = 0
) -> None:
    """Set a file's state, with the reason in words and the contract version it was judged by."""
    tx.run(
        "UPDATE ledger.objects SET state = $state, reason = $reason, contract_version = $version "
        "WHERE object_id = $object_id",
        state=state,
        reason=reason,
        version=version,
        object_id=object_id,
    )
