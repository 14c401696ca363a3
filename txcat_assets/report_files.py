"""The files of a report: for each month its versions as CSV, and a summary that names the last one.

A version is never written over. The summary is written last and at once, so that whoever reads it
finds a version that is whole; what a kill left half done, the next run does again. What stands in
a report is in `txcat_assets.pipeline.reports`.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

import msgspec
import polars as pl

from txcat_assets.contracts.reports import ReportOf
from txcat_assets.errors import FileNotWritten
from txcat_assets.pipeline.plain_values import plain_for_spreadsheets
from txcat_assets.pipeline.reports import ADDED, CHANGE, CHANGED, REMOVED, changes, sums
from txcat_assets.whole_files import write_whole

MONTH = "%Y-%m"


class Changes(msgspec.Struct, frozen=True):
    """In how many rows a version differs from the one before it, and the file that lists them."""

    file: str
    added: int
    removed: int
    changed: int


class Version(msgspec.Struct, frozen=True):
    """A version of a report of a month: its CSV, and when and by what it was made.

    `changes` is None of the first one, and of one whose forerunner was damaged or has other
    columns.
    """

    revision: int
    file: str
    sha256: str
    rows: int
    made_at: datetime
    run_id: str
    contract_version: int
    report_version: int
    changes: Changes | None = None


class Summary(msgspec.Struct, frozen=True):
    """What there is of a month: the `last` version with its sums, and those before it.

    `restated` is true where there are any.
    """

    report: str
    month: str
    restated: bool
    last: Version
    sums: Sequence[dict[str, str | None]]
    before: Sequence[Version] = ()


class MadeBy(msgspec.Struct, frozen=True):
    """Who makes a version, and when, UTC without saying so."""

    run_id: str
    at: datetime


class ReportFiles:
    """The folder of one report."""

    def __init__(self, folder: Path, of: ReportOf) -> None:
        self._of = of
        self.folder = folder / of.name

    def summary(self, month: date) -> Summary | None:
        """What there is of a month; None where no report of it was made.

        Raises FileNotWritten for what is no summary.
        """
        path = self._path(f"{month:{MONTH}}.json")
        try:
            return msgspec.json.decode(path.read_bytes(), type=Summary)
        except FileNotFoundError:
            return None
        except (msgspec.DecodeError, OSError) as error:
            raise FileNotWritten(
                f"Reading {path}: {error}. It should be a report's summary. Restore it, or move it "
                "away: then the month's versions are counted from 1 again."
            ) from error

    def rows(self, version: Version) -> pl.LazyFrame:
        """The rows of a version, every value as text."""
        return pl.scan_csv(self._path(version.file), infer_schema=False)

    def publish(self, month: date, rows: pl.DataFrame, made_by: MadeBy) -> Summary:
        """Make these rows the last version of a month, if that has others; again, it writes none.

        Raises FileNotWritten; then the last version is what it was.
        """
        self._make_folder()
        for left in self.folder.glob(f".{month:{MONTH}}.*"):  # by a kill; one alone writes here
            left.unlink(missing_ok=True)
        known = self.summary(month)
        shown = plain_for_spreadsheets(rows).cast(pl.String)
        text = shown.write_csv()
        digest = sha256(text.encode()).hexdigest()
        last = known and known.last
        if known and last and self._text(last) == text:
            return known
        revision = last.revision + 1 if last else 1
        name = f"{month:{MONTH}}.{revision}"
        write_whole(self._path(f"{name}.csv"), lambda file: file.write(text))
        made = Version(
            revision=revision,
            file=f"{name}.csv",
            sha256=digest,
            rows=len(rows),
            made_at=made_by.at.replace(tzinfo=UTC),
            run_id=made_by.run_id,
            contract_version=self._of.contract.version,
            report_version=self._of.report.version,
            changes=self._changes(last, shown, name) if last else None,
        )
        return self._finish(month, rows, made, known)

    def _finish(
        self, month: date, rows: pl.DataFrame, made: Version, known: Summary | None
    ) -> Summary:
        summary = Summary(
            report=self._of.name,
            month=f"{month:{MONTH}}",
            restated=known is not None,
            last=made,
            sums=sums(self._of.report, rows),
            before=[known.last, *known.before] if known else [],
        )
        told = msgspec.json.format(msgspec.json.encode(summary)).decode()
        write_whole(self._path(f"{month:{MONTH}}.json"), lambda file: file.write(f"{told}\n"))
        return summary

    def _changes(self, last: Version, shown: pl.DataFrame, name: str) -> Changes | None:
        text = self._text(last)
        if text is None or not text.startswith(f"{','.join(shown.columns)}\n"):
            return None
        before = self.rows(last).collect()
        found = changes(before, shown, self._of.report.key)
        path = self._path(f"{name}.changes.csv")
        write_whole(path, lambda file: file.write(found.write_csv()))
        counts = {kind: found.filter(pl.col(CHANGE) == kind).height for kind in KINDS}
        return Changes(path.name, *counts.values())

    def _text(self, version: Version) -> str | None:
        """The CSV of a version; None where it is not there as it was written."""
        try:
            content = self._path(version.file).read_bytes()
        except OSError:
            return None
        return content.decode() if sha256(content).hexdigest() == version.sha256 else None

    def _path(self, name: str) -> Path:
        return self.folder / name

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileNotWritten(
                f"Making {self.folder}: {error.strerror}. Let this user write there, or name "
                "another folder by TXCAT_REPORTS."
            ) from error


KINDS = (ADDED, REMOVED, CHANGED)
