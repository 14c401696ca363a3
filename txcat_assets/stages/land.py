"""The stage `landed`: files become slices of raw records, each position exactly once.

First every file is registered, which settles the order of arrival; then each is read from its
head on. A file that cannot be taken is set aside with the reason and the others go on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date
from pathlib import Path

from txcat_assets.errors import SourceChanged, SourceRefused
from txcat_assets.sources.files.dialect import Dialect, inspect
from txcat_assets.sources.files.listing import (
    SeenFile,
    day_in_name,
    digest,
    found_in,
    is_settled,
    stat,
)
from txcat_assets.sources.files.records import read
from txcat_assets.stages.loop import one_ahead
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.ledger.objects import (
    Arrival,
    FileObject,
    begin,
    files_to_land,
    refuse_days_outside,
    register,
    set_state,
    try_again,
)
from txcat_assets.warehouse.ledger.slices import Landing, land


@dataclass(frozen=True)
class Inbox:
    """A folder whose files belong to datasets by their names, once they have settled."""

    folder: Path
    settle_seconds: float
    first_day: date = date.min
    """Files of earlier days are refused: there is no partition for them."""


@dataclass
class Landed:
    """What became of the files; `problems` are in words for people."""

    files: int = 0
    slices: int = 0
    records: int = 0
    same_content: int = 0
    claimed_by_others: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def figures(self) -> dict[str, int]:
        """What this run did, by name."""
        return {
            "landed now: files": self.files,
            "landed now: records": self.records,
            "files of known content": self.same_content,
            "files set aside": len(self.problems),
            "files left to other runs": self.claimed_by_others,
        }


def settled_files(work: Work, inbox: Inbox) -> list[SeenFile]:
    """The files of the dataset in the inbox that nobody is still writing."""
    if not work.contract.files or not inbox.folder.is_dir():
        return []
    now_ns = int(work.now().replace(tzinfo=UTC).timestamp() * 1e9)
    found = found_in(inbox.folder, work.contract.files)
    return [file for file in found if is_settled(file, now_ns, inbox.settle_seconds)]


def register_inbox(work: Work, inbox: Inbox) -> None:
    """Note the settled files of the inbox in the ledger, whatever their days."""
    files = settled_files(work, inbox)
    if files:
        with work.warehouse.transaction() as tx:
            register(tx, work.contract.dataset, _arrivals(work, files), work.now())
        refuse_other_days(work, inbox.first_day)


def refuse_other_days(work: Work, first_day: date) -> None:
    """Set aside the files, not begun yet, of days before the first partition, or to come."""
    with work.warehouse.transaction() as tx:
        refuse_days_outside(tx, work.contract, first_day, work.now().date())


def register_named(work: Work, files: Sequence[SeenFile], encoding: str | None) -> dict[int, date]:
    """Note files that somebody named in the ledger; their object ids and days.

    One that was refused, or that changed while it was read, is tried again, in `encoding`.
    """
    with work.warehouse.transaction() as tx:
        days = register(tx, work.contract.dataset, _arrivals(work, files), work.now())
        try_again(tx, list(days), encoding)
    return days


def _arrivals(work: Work, files: Sequence[SeenFile]) -> list[Arrival]:
    """A dated file arrived on the day in its name, any other one when it is first seen: today."""
    today = work.now().date()
    return [
        Arrival(f.path, f.size, f.modified_at_ns, day_in_name(Path(f.path).name) or today)
        for f in files
    ]


def land_files(work: Work) -> Landed:
    """Land what is left of the days' files; again, it changes nothing."""
    landed = Landed()
    with work.warehouse.transaction() as tx:
        files = files_to_land(tx, work.contract, work.days)
    for file in files:
        with work.warehouse.claim(work.contract.dataset, "file", file.object_id) as is_mine:
            if is_mine:
                _land_or_set_aside(work, file, landed)
            else:
                landed.claimed_by_others += 1
    return landed


def _land_or_set_aside(work: Work, file: FileObject, landed: Landed) -> None:
    try:
        _land_file(work, file, landed)
    except (SourceRefused, SourceChanged) as error:
        state = "refused" if isinstance(error, SourceRefused) else "changed"
        landed.problems.append(str(error))
        with work.warehouse.transaction() as tx:
            set_state(tx, file.object_id, state, str(error), work.contract.version)


def _land_file(work: Work, file: FileObject, landed: Landed) -> None:
    contract = work.contract
    _require_unchanged(file)
    required = [column.name for column in contract.columns if column.is_required]
    dialect = inspect(Path(file.name), contract.column_names, required, file.encoding)
    identity = digest(Path(file.name))
    if file.identity not in (None, identity):
        raise _changed(file)
    with work.warehouse.transaction() as tx:
        started = begin(tx, file, contract.dataset, identity, dialect.to_json())
    if started is None:
        landed.same_content += 1
    elif started.object_id == file.object_id:
        _land_rest(work, started, dialect, landed)
    else:
        _carry_on(work, started, dialect, landed)


def _carry_on(work: Work, file: FileObject, dialect: Dialect, landed: Landed) -> None:
    """Go on with what another file of the same bytes began, unless that is being landed now."""
    with work.warehouse.claim(work.contract.dataset, "file", file.object_id) as is_mine:
        if is_mine:
            _land_rest(work, file, dialect, landed)
        else:
            landed.claimed_by_others += 1


def _land_rest(work: Work, file: FileObject, dialect: Dialect, landed: Landed) -> None:
    if not _land_slices(work, file, dialect, landed):
        landed.claimed_by_others += 1
        return
    with work.warehouse.transaction() as tx:
        set_state(tx, file.object_id, "landed")
    landed.files += 1


def _land_slices(work: Work, file: FileObject, dialect: Dialect, landed: Landed) -> bool:
    """Land what is left of a file; False when another run turns out to be at it."""
    names = work.contract.column_names
    for records in one_ahead(read(file.name, dialect, names, file.next)):
        _require_unchanged(file)
        with work.warehouse.transaction() as tx:
            end = file.next + len(records)
            landing = Landing(file.object_id, file.next, end, file.day)
            slice_id = land(tx, work.contract, landing, records, work.run)
        if slice_id is None:
            return False
        file = replace(file, next=end)
        landed.slices += 1
        landed.records += len(records)
        work.progress.expect("landed", len(records))
        work.progress.advance("landed", len(records))
    return True


def _require_unchanged(file: FileObject) -> None:
    now = stat(Path(file.name))
    if (now.size, now.modified_at_ns) != (file.size, file.modified_at_ns):
        raise _changed(file)


def _changed(file: FileObject) -> SourceChanged:
    return SourceChanged(
        f"{file.name} changed while it was read: its first {file.next:,} records have landed and "
        "stay. Load it again once it is complete; records that are the same become duplicates."
    )
