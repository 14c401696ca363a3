"""A handful of files that come, change and move, and what was ever written into them.

It knows each content by its digest, so it can say what every landed record must be.
"""

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.oracle import Arrived, Position
from tests.warehouse.tiny import DAYS, record_of, write_file
from txcat_assets.contracts.model import Contract
from txcat_assets.sources.files.listing import SeenFile, stat
from txcat_assets.warehouse.databases.interface import Warehouse

FILES = 4
"""Few, so that their fates cross."""


class Files:
    """The files of a small dataset in a folder, by number; each name has a day."""

    def __init__(self, folder: Path, contract: Contract) -> None:
        self._folder = folder
        self._dataset = contract.dataset
        self._columns = contract.column_names
        self._written: dict[str, Sequence[str]] = {}
        self._fixed: dict[str, Sequence[str]] = {}
        self._times = 0

    def write(self, file: int, lines: Sequence[str]) -> None:
        """A file comes, or is corrected."""
        path = write_file(self._path(file), lines, ",".join(self._columns))
        self._written[_digest(path)] = lines
        self._touch(path)

    def copy(self, file: int, to: int) -> None:
        """The same bytes come under another name."""
        if self._path(file).exists() and file != to:
            shutil.copyfile(self._path(file), self._path(to))
            self._touch(self._path(to))

    def move(self, file: int, to: int) -> None:
        """A file gets another name, as it is."""
        if self._path(file).exists():
            self._path(file).rename(self._path(to))

    def correct(self, line: str) -> str:
        """A correction of one record is about to be made, under a name that it gives."""
        name = f"fix {len(self._fixed)}"
        self._fixed[name] = [line]
        return name

    def present(self) -> list[SeenFile]:
        """All files that are there now."""
        return [stat(path) for path in sorted(self._folder.glob(f"{self._dataset}*"))]

    def named(self, file: int) -> list[SeenFile]:
        """The file of this number, if it is there."""
        return [seen for seen in self.present() if seen.path == str(self._path(file))]

    def sent(self, warehouse: Warehouse) -> dict[Position, Arrived]:
        """Every landed record, as its file was written."""
        with warehouse.transaction() as tx:
            slices = tx.rows(
                'SELECT s.slice_id, s."start", s."end", s.day, '
                "CASE o.kind WHEN 'fix' THEN o.name ELSE o.identity END FROM ledger.slices s "
                "JOIN ledger.objects o ON o.object_id = s.object_id WHERE o.dataset = $dataset",
                dataset=self._dataset,
            )
        width, written = len(self._columns), self._written | self._fixed
        return {
            (slice_id, n): Arrived((slice_id, n), *record_of(written[identity][n], width), day=day)
            for slice_id, start, end, day, identity in slices
            for n in range(start, end)
        }

    def lacking(self, warehouse: Warehouse) -> list[str]:
        """The present files of whose content something has not landed."""
        with warehouse.transaction() as tx:
            heads = dict(tx.rows("SELECT identity, next FROM ledger.objects WHERE next > 0"))
        known = {seen.path: _digest(Path(seen.path)) for seen in self.present()}
        return [name for name, sha in known.items() if heads.get(sha) != len(self._written[sha])]

    def _path(self, file: int) -> Path:
        return self._folder / f"{self._dataset}{file}_{DAYS[file % len(DAYS)]}.csv"

    def _touch(self, path: Path) -> None:
        """Give the file a time that no file had before."""
        self._times += 1
        os.utime(path, ns=(self._times, self._times))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
