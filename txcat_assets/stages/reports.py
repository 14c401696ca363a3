"""Makes reports: the files of a month from all records that happened in it, once it is over.

A report watches the months of its dataset, see `txcat_assets.warehouse.ledger.watchers`: what comes
late, is corrected or promoted notes its month, and whoever makes that month takes the notes. It is
made under a lock from reading to writing, so that an older look never replaces a newer one. The
files are there before the notes go: a kill in between makes the same version again, which changes
nothing.
"""

from datetime import date
from pathlib import Path

from txcat_assets.contracts.reports import ReportOf
from txcat_assets.pipeline.reports import figures
from txcat_assets.report_files import MadeBy, ReportFiles, Summary
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Transaction
from txcat_assets.warehouse.ledger.watchers import (
    is_watched,
    lock_name,
    noted_groups,
    notes_of_group,
    records_of_group,
    take_notes,
    watch,
)


def make_report(work: Work, of: ReportOf, month: date, folder: Path) -> Summary:
    """Make the report of the month that begins on this day; again, it changes nothing.

    The first report of a kind begins to watch the dataset, and so does another version of it: then
    every month with records is noted. Raises FileNotWritten.
    """
    watcher = of.watcher
    with work.warehouse.transaction() as tx:
        is_begun = is_watched(tx, watcher, of.version)
    if not is_begun:
        with work.warehouse.transaction() as tx:
            watch(tx, watcher, of.version, work.now())
    group = month.isoformat()
    with work.warehouse.transaction() as tx:
        tx.lock(lock_name(watcher))
        notes = notes_of_group(tx, watcher, group)
        records = records_of_group(tx, watcher, group, of.report.reads)
        rows = figures(of.report, records)
        made_by = MadeBy(work.run_id, work.now())
        made = ReportFiles(folder, of).publish(month, rows, made_by)
        take_notes(tx, watcher, notes)
    return made


def touched_months(tx: Transaction, of: ReportOf) -> list[date]:
    """The first days of the months that changed since their report was made, the oldest first.

    None as long as no report of the kind was ever made: nobody has asked for any.
    """
    return sorted(date.fromisoformat(group) for group in noted_groups(tx, of.watcher))
