"""Which files there are: found, named, dated and told apart, by their names, sizes and times.

Nothing here looks at records. What a file's head says is in `dialect`, its records in `records`.
"""

import errno
import fnmatch
import glob as globbing
import hashlib
import os
import re
import stat as modes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from txcat_assets.errors import SourceRefused

DATA_SUFFIXES = (".csv", ".tsv", ".txt", ".psv", ".jsonl", ".ndjson")
_DATA_NAME = re.compile(r"(?!\.).+\.(csv|tsv|txt|psv|jsonl|ndjson)(\.gz|\.zst)?", re.IGNORECASE)
_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)([-_]?)(\d\d)\2(\d\d)(?!\d)")


@dataclass(frozen=True)
class SeenFile:
    """A file as the file system tells of it; nothing of it was read."""

    path: str
    size: int
    modified_at_ns: int


def stat(path: Path | str) -> SeenFile:
    """The file as it is now, under its absolute path; compare two to see that it changed."""
    absolute = os.path.abspath(path)  # noqa: PTH100  resolve() would lose the link's own name
    try:
        found = os.stat(absolute)  # noqa: PTH116
    except OSError as error:
        raise cannot_open(absolute, error) from error
    if not modes.S_ISREG(found.st_mode):
        raise SourceRefused(
            f"Looking at {absolute}: it is not a regular file. Name a file of records."
        )
    return SeenFile(absolute, found.st_size, found.st_mtime_ns)


def find(paths: Sequence[Path | str], glob: str) -> list[SeenFile]:
    """Every data file that the paths name, once each, sorted by path.

    A path is a file (taken whatever its name), a folder (searched to the bottom for data files
    whose name matches `glob` in any case) or a shell-style pattern. Hidden and temporary names
    are left out unless named. Raises SourceRefused when a path leads to no file.
    """
    found = {path for named in paths for path in _named_by(str(named), glob)}
    return [stat(path) for path in sorted(found)]


def found_in(folder: Path | str, glob: str) -> list[SeenFile]:
    """The data files of a folder as `find` takes them, none when it has none, sorted by path.

    For an inbox, where nothing is no error and a file may be moved away at any moment.
    """
    found = [_seen(path) for path in sorted(_data_files_below(str(folder), glob))]
    return [file for file in found if file is not None]


def day_in_name(name: str) -> date | None:
    """The first real date in the file's name: 2025-01-03, 2025_01_03 or 20250103."""
    for year, _, month, day in _DAY.findall(Path(name).name):
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return None


def is_settled(file: SeenFile, now_ns: int, settle_seconds: float) -> bool:
    """Whether the file was left alone for so long that its writer must be done."""
    # A clock that runs ahead must not keep a file waiting for ever, hence the distance.
    return abs(now_ns - file.modified_at_ns) >= settle_seconds * 1_000_000_000


def digest(path: Path | str) -> str:
    """The SHA-256 of the file's bytes, in hex.

    Cryptographic, for a file whose digest is known is never read: nobody must be able to make two
    that collide. It costs 0.06 s per 115 MB, twice as fast as blake2b where the processor helps.
    """
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise cannot_open(str(path), error) from error


def cannot_open(path: str, error: OSError) -> SourceRefused:
    """What the system's refusal means to the user, as the error to raise."""
    if isinstance(error, FileNotFoundError):
        return SourceRefused(
            f"Looking for {path}: there is no such file or folder. Check the path."
        )
    if isinstance(error, PermissionError):
        return SourceRefused(
            f"Opening {path}: no permission to read it. Give the user that runs txcat read access."
        )
    words = error.strerror or errno.errorcode.get(error.errno or 0, str(error))
    return SourceRefused(f"Opening {path}: the system says: {words}. Check the file and its disk.")


def _named_by(named: str, glob: str) -> list[str]:
    path = os.path.abspath(named)  # noqa: PTH100
    if not os.path.lexists(path) and globbing.has_magic(named):
        return _matched_by(path, glob)
    if not os.path.isdir(path):  # noqa: PTH112  Path's own raises where it may not look
        return [stat(path).path]
    found = list(_data_files_below(path, glob))
    if not found:
        raise SourceRefused(
            f"Looking into {path}: no data file there matches '{glob}'. Expected a name such as "
            f"{glob.rstrip('*')}_2025-01-03.csv, ending in one of {', '.join(DATA_SUFFIXES)}, "
            "plain or with .gz or .zst. Name a file itself to take it whatever its name."
        )
    return found


def _matched_by(pattern: str, glob: str) -> list[str]:
    found: list[str] = []
    for path in globbing.glob(pattern, recursive=True):  # noqa: PTH207  absolute
        if os.path.isdir(path):  # noqa: PTH112
            found += _data_files_below(path, glob)
        elif _DATA_NAME.fullmatch(Path(path).name):
            found.append(path)
    if not found:
        raise SourceRefused(
            f"Looking for {pattern}: the pattern matches no data file. Expected names ending in "
            f"one of {', '.join(DATA_SUFFIXES)}, plain or with .gz or .zst."
        )
    return found


def _seen(path: str) -> SeenFile | None:
    try:
        return stat(path)
    except SourceRefused as refused:
        if isinstance(refused.__cause__, FileNotFoundError):
            return None
        raise


def _data_files_below(folder: str, glob: str) -> Iterator[str]:
    def refuse(error: OSError) -> None:
        raise cannot_open(str(error.filename), error) from error

    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        whole = (os.path.join(parent, name) for name in names if _DATA_NAME.fullmatch(name))  # noqa: PTH118
        yield from (path for path in whole if _matches(path, glob) and Path(path).is_file())


def _matches(path: str, glob: str) -> bool:
    return fnmatch.fnmatchcase(Path(path).name.lower(), glob.lower())
