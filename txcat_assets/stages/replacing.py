"""What another reading of a file replaces: all that it brought before, or its unfinished end.

The old records leave in the transaction in which the new ones come, slice by slice, so that no
reader sees both or neither; after a kill the rest follows from the head on.
"""

from dataclasses import dataclass

import polars as pl

from txcat_assets.pipeline.places import POSITION
from txcat_assets.sources.files.listing import digest
from txcat_assets.sources.files.opening import SourcePath
from txcat_assets.stages.decide import (
    Replacement,
    close_records,
    land_and_replace,
    verdicts_before_landing,
)
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Transaction
from txcat_assets.warehouse.ledger.decisions import Decision
from txcat_assets.warehouse.ledger.objects import FileObject
from txcat_assets.warehouse.ledger.rereading import (
    earlier_of_name,
    note_next_reading,
    open_records,
    other_of_content,
    replace_reading,
    texts,
)
from txcat_assets.warehouse.ledger.slices import Landing


@dataclass(frozen=True)
class NextReading:
    """A reading of a file that has been read before; `old` is the object of that reading."""

    file: FileObject
    old: int

    @property
    def decision(self) -> Decision:
        """Who replaces the old records, and why."""
        if self.file.again_by is not None:
            return Decision("replaced", self.file.again_by, f"{self.file.name} was read anew")
        return Decision("replaced", "txcat", f"{self.file.name} has grown since this was its end")


def note_earlier_reading(work: Work, file: FileObject, source: SourcePath, identity: str) -> bool:
    """Note of which earlier reading this file is the next; False while another run is at that one.

    When somebody asked for it, it is the one of the same bytes; else one of this name whose bytes
    are the beginning of these. Again, it changes nothing.
    """
    dataset = work.contract.dataset
    if file.again_by is not None:
        with work.warehouse.transaction() as tx:
            old = other_of_content(tx, file, dataset, identity)
        if old is not None:
            return _take_place(work, file, old)
    with work.warehouse.transaction() as tx:
        earlier = earlier_of_name(tx, file, dataset)
    if earlier and digest(source, first_bytes=earlier[1]) == earlier[2]:
        with work.warehouse.transaction() as tx:
            note_next_reading(tx, file, earlier[0])
    return True


def _take_place(work: Work, file: FileObject, old: int) -> bool:
    with work.warehouse.claim(work.contract.dataset, "file", old) as is_mine:
        if is_mine:
            with work.warehouse.transaction() as tx:
                replace_reading(tx, file, old)
        return is_mine


def land_next_reading(
    work: Work,
    reading: NextReading,
    landing: Landing,
    records: pl.DataFrame,
    *,
    decimal_comma: bool,
) -> int | None:
    """Land records as `land` does, and replace those that they are another reading of."""
    verdicts = verdicts_before_landing(work.contract, landing, records, decimal_comma=decimal_comma)
    with work.warehouse.transaction() as tx:
        replaced = _replaced(tx, work, reading, landing, records)
        replacement = Replacement(landing, records, verdicts, replaced)
        return land_and_replace(tx, work, replacement, reading.decision)


def replace_rest(work: Work, reading: NextReading, start: int) -> None:
    """Replace what the old reading has beyond the last record of the new one."""
    if reading.file.again_by is None:
        return
    with work.warehouse.transaction() as tx:
        rest = open_records(tx, work.contract, reading.old, start, None)
        close_records(tx, work, rest, reading.decision)


def _replaced(
    tx: Transaction, work: Work, reading: NextReading, landing: Landing, records: pl.DataFrame
) -> pl.DataFrame:
    """Which of the old reading's records these ones replace."""
    start, end = landing.start, landing.end
    old = open_records(tx, work.contract, reading.old, start, end)
    if reading.file.again_by is None:
        landed = texts(tx, work.contract, reading.old, start, end)
        old = old.join(_differing(landed, records), on=POSITION, how="semi")
    return old.with_columns(new_position="_position")


def _differing(landed: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Those of the landed records that are read otherwise by now."""
    names = [name for name in landed.columns if name not in (*POSITION, "_day")]
    now = records.select("_position", *(pl.col(name).alias(f"{name}_now") for name in names))
    differs = pl.any_horizontal(pl.col(n).ne_missing(pl.col(f"{n}_now")) for n in names)
    return landed.join(now, on="_position").filter(differs)
