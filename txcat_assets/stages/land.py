"""The stage `landed`: registered files become slices of raw records, each position exactly once.

Each is read from its head on. One that cannot be taken, whatever the trouble with it is, is set
aside with the reason, and the others go on. Which files are registered is in `arrivals`.
"""

from dataclasses import dataclass, field, replace

import polars as pl

from txcat_assets.errors import SourceChanged, SourceRefused, TxcatError
from txcat_assets.sources.files.dialect import Dialect, inspect
from txcat_assets.sources.files.limits import DEFAULT_LIMITS, DecompressionLimits
from txcat_assets.sources.files.listing import digest, stat
from txcat_assets.sources.files.opening import SourcePath, inbox_file
from txcat_assets.sources.files.records import read
from txcat_assets.stages.arrivals import Inbox
from txcat_assets.stages.loop import one_ahead
from txcat_assets.stages.replacing import (
    NextReading,
    land_next_reading,
    note_earlier_reading,
    replace_rest,
)
from txcat_assets.stages.work import Work
from txcat_assets.text import MESSAGE_CHARS, for_terminal, shortened
from txcat_assets.warehouse.ledger.objects import FileObject, begin, files_to_land, set_state
from txcat_assets.warehouse.ledger.slices import Landing, land


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


def land_files(work: Work, inbox: Inbox | None = None) -> Landed:
    """Land what is left of the days' files; again, it changes nothing.

    Those below the inbox are opened without following links.
    """
    landed = Landed()
    with work.warehouse.transaction() as tx:
        files = files_to_land(tx, work.contract, work.days)
    for file in files:
        with work.warehouse.claim(work.contract.dataset, "file", file.object_id) as is_mine:
            if is_mine:
                _land_or_set_aside(work, file, inbox, landed)
            else:
                landed.claimed_by_others += 1
    return landed


def _land_or_set_aside(work: Work, file: FileObject, inbox: Inbox | None, landed: Landed) -> None:
    try:
        limits = inbox.limits if inbox else DEFAULT_LIMITS
        _land_file(work, file, _source(file, inbox), limits, landed)
    except (Exception, pl.exceptions.PanicException) as error:
        is_own_fault = isinstance(error, SourceRefused | SourceChanged)
        if isinstance(error, TxcatError) and not is_own_fault:
            raise  # the warehouse is in trouble, not this file
        problem = _problem(file, error)
        state = "changed" if isinstance(error, SourceChanged) else "rejected"
        landed.problems.append(problem)
        with work.warehouse.transaction() as tx:
            set_state(tx, file.object_id, state, problem, work.contract.version)


def _problem(file: FileObject, error: BaseException) -> str:
    """Why a file is set aside, as text that can be stored and shown."""
    words = (
        str(error)
        if isinstance(error, TxcatError)
        else f"Reading {file.name}: it cannot be taken ({type(error).__name__}: {error}). What has "
        "landed of it stays. Look at the file, mend or export it anew, and load it again."
    )
    return shortened(for_terminal(words), MESSAGE_CHARS)


def _source(file: FileObject, inbox: Inbox | None) -> SourcePath:
    if inbox is None:
        return file.name
    return inbox_file(inbox.folder, file.name, allow_hard_links=inbox.allow_hard_links)


def _land_file(
    work: Work, file: FileObject, source: SourcePath, limits: DecompressionLimits, landed: Landed
) -> None:
    contract = work.contract
    _require_unchanged(file, source)
    required = [column.name for column in contract.columns if column.is_required]
    dialect = inspect(source, contract.column_names, required, file.encoding, limits)
    identity = digest(source)
    if file.identity not in (None, identity):
        raise _changed(file)
    if file.identity is None and not note_earlier_reading(work, file, source, identity):
        landed.claimed_by_others += 1
        return
    with work.warehouse.transaction() as tx:
        started = begin(tx, file, contract.dataset, identity, dialect.to_json())
    if started is None:
        landed.same_content += 1
    elif started.object_id == file.object_id:
        _land_rest(work, started, source, dialect, landed)
    else:
        _carry_on(work, started, source, dialect, landed)


def _carry_on(
    work: Work, file: FileObject, source: SourcePath, dialect: Dialect, landed: Landed
) -> None:
    """Go on with what another file of the same bytes began, unless that is being landed now."""
    with work.warehouse.claim(work.contract.dataset, "file", file.object_id) as is_mine:
        if is_mine:
            _land_rest(work, file, source, dialect, landed)
        else:
            landed.claimed_by_others += 1


def _land_rest(
    work: Work, file: FileObject, source: SourcePath, dialect: Dialect, landed: Landed
) -> None:
    if not _land_slices(work, file, source, dialect, landed):
        landed.claimed_by_others += 1
        return
    with work.warehouse.transaction() as tx:
        set_state(tx, file.object_id, "landed")
    landed.files += 1


def _land_slices(
    work: Work, file: FileObject, source: SourcePath, dialect: Dialect, landed: Landed
) -> bool:
    """Land what is left of a file; False when another run turns out to be at it."""
    names = work.contract.column_names
    for records in one_ahead(read(source, dialect, names, file.next)):
        _require_unchanged(file, source)
        if records.is_empty():
            continue
        end = file.next + len(records)
        landing = Landing(file.object_id, file.next, end, file.day)
        if _land_slice(work, file, landing, records, dialect) is None:
            return False
        file = replace(file, next=end)
        landed.slices += 1
        landed.records += len(records)
        work.progress.expect("landed", len(records))
        work.progress.advance("landed", len(records))
    if file.replaces is not None:
        replace_rest(work, NextReading(file, file.replaces), file.next)
    return True


def _land_slice(
    work: Work, file: FileObject, landing: Landing, records: pl.DataFrame, dialect: Dialect
) -> int | None:
    if file.replaces is not None:
        reading = NextReading(file, file.replaces)
        comma = dialect.decimal_comma
        return land_next_reading(work, reading, landing, records, decimal_comma=comma)
    with work.warehouse.transaction() as tx:
        return land(tx, work.contract, landing, records, work.run)


def _require_unchanged(file: FileObject, source: SourcePath) -> None:
    now = stat(source)
    if (now.size, now.modified_at_ns) != (file.size, file.modified_at_ns):
        raise _changed(file)


def _changed(file: FileObject) -> SourceChanged:
    return SourceChanged(
        f"{file.name} changed while it was read: its first {file.next:,} records have landed and "
        "stay. Load it again once it is complete; records that are the same become duplicates."
    )
