"""Files that are read once more: as somebody asked, or as they have grown since.

Another reading of a file is another object, which `replaces` the one before; that keeps its slices
and lets go of what tells files apart. Which records are replaced is in `stages.replacing`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from txcat_assets.contracts.model import Contract
from txcat_assets.warehouse.databases.interface import Transaction, listed, one
from txcat_assets.warehouse.ledger.decisions import open_positions
from txcat_assets.warehouse.ledger.objects import Arrival, FileObject
from txcat_assets.warehouse.ledger.slices import raw_records


@dataclass(frozen=True)
class Reading:
    """How a registered file was read; `encoding` is the one that was told, `dialect` what counts.

    A file of known content was not read itself: its dialect is that of the one that was.
    """

    name: str
    state: str
    day: date
    encoding: str | None
    dialect: str | None


def readings(tx: Transaction, object_ids: Sequence[int]) -> list[Reading]:
    """How these files were read, in the order of arrival."""
    found = tx.rows(
        "SELECT name, state, day, encoding, dialect FROM ledger.objects "
        f"WHERE object_id IN ({listed(object_ids)}) ORDER BY object_id"
    )
    return [Reading(*row) for row in found]


def set_free(tx: Transaction, dataset: str, arrivals: Sequence[Arrival]) -> dict[str, date]:
    """Let files of which something has landed be registered once more; the days of these, by name.

    The object of before belongs to no file from then on. Again, it finds none.
    """
    tx.lock("register")
    return dict(
        row
        for arrival in arrivals
        for row in tx.rows(
            "UPDATE ledger.objects SET modified_at_ns = NULL, state = 'replaced', "
            "reason = 'is read anew' WHERE dataset = $dataset AND name = $name AND size = $size "
            "AND modified_at_ns = $ns AND next > 0 RETURNING name, day",
            dataset=dataset,
            name=arrival.name,
            size=arrival.size,
            ns=arrival.modified_at_ns,
        )
    )


def mark_again(tx: Transaction, object_ids: Sequence[int], who: str) -> None:
    """Note that these files are to be read though their content has landed, if they have not."""
    tx.run(
        "UPDATE ledger.objects SET again_by = $who, state = 'seen', reason = NULL "
        f"WHERE object_id IN ({listed(object_ids)}) AND next = 0",
        who=who,
    )


def other_of_content(tx: Transaction, file: FileObject, dataset: str, identity: str) -> int | None:
    """The object that has the content of a file, where it is another one."""
    found = tx.rows(
        "SELECT object_id FROM ledger.objects WHERE dataset = $dataset AND kind = 'file' "
        "AND identity = $identity AND object_id <> $object_id",
        dataset=dataset,
        identity=identity,
        object_id=file.object_id,
    )
    return int(found[0][0]) if found else None


def replace_reading(tx: Transaction, file: FileObject, old: int) -> None:
    """Let a file take the place of the object that has the same content; that lets go of it."""
    tx.lock("register")
    tx.run(
        "UPDATE ledger.objects SET state = 'replaced', reason = $reason, "
        "identity = identity || '/' || CAST(object_id AS TEXT) WHERE object_id = $old",
        reason=f"was read anew from {file.name}",
        old=old,
    )
    note_next_reading(tx, file, old)


def note_next_reading(tx: Transaction, file: FileObject, old: int) -> None:
    """Note of which object a file is the next reading."""
    tx.run(
        "UPDATE ledger.objects SET replaces = $old WHERE object_id = $object_id",
        old=old,
        object_id=file.object_id,
    )


def earlier_of_name(tx: Transaction, file: FileObject, dataset: str) -> tuple[int, int, str] | None:
    """The last smaller file of this name that has landed: its id, size and digest."""
    found = tx.rows(
        "SELECT object_id, size, identity FROM ledger.objects WHERE dataset = $dataset "
        "AND kind = 'file' AND name = $name AND size < $size AND next > 0 "
        "AND state <> 'replaced' AND object_id < $object_id ORDER BY object_id DESC LIMIT 1",
        dataset=dataset,
        name=file.name,
        size=file.size,
        object_id=file.object_id,
    )
    return found[0] if found else None


def replaced_by(tx: Transaction, object_ids: Sequence[int]) -> int:
    """How many records of earlier readings these files have replaced, or somebody since."""
    return int(
        one(
            tx.rows(
                "SELECT coalesce(sum(replaced), 0) FROM ledger.slices WHERE object_id IN "
                "(SELECT replaces FROM ledger.objects "
                f"WHERE object_id IN ({listed(object_ids)}))"
            )
        )
    )


def open_records(
    tx: Transaction, contract: Contract, object_id: int, start: int, end: int | None
) -> pl.DataFrame:
    """The records of an object, from number `start` to `end` (without it), that nobody closed.

    Columns: `_slice_id`, `_position`, `_day`.
    """
    positions = open_positions(tx, contract, _slices(tx, object_id, start, end))
    return positions.filter(_is_between(start, end))


def texts(
    tx: Transaction, contract: Contract, object_id: int, start: int, end: int
) -> pl.DataFrame:
    """The records of an object in that range as they landed; those without text are left out."""
    records = raw_records(tx, contract, _slices(tx, object_id, start, end))
    return records.filter(_is_between(start, end))


def _slices(tx: Transaction, object_id: int, start: int, end: int | None) -> list[int]:
    return [
        slice_id
        for (slice_id,) in tx.rows(
            "SELECT slice_id FROM ledger.slices WHERE object_id = $object_id "
            'AND "end" > $start AND "start" < coalesce($end, "end") ORDER BY 1',
            object_id=object_id,
            start=start,
            end=end,
        )
    ]


def _is_between(start: int, end: int | None) -> pl.Expr:
    is_after = pl.col("_position") >= start
    return is_after if end is None else is_after & (pl.col("_position") < end)
