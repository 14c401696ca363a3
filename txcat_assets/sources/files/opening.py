"""How a file is opened: one that somebody named as it is, one of the inbox by no link at all.

Whoever may write into the inbox must not choose which other files txcat reads and shows. So what
counts there is the opened file, never what a path said a moment before.
"""

import errno
import os
import stat as modes
from dataclasses import dataclass
from io import FileIO
from pathlib import Path, PurePath

from txcat_assets.errors import SourceRefused

PLAIN_FILE = "it is not a regular file. Put the file itself there"
NO_LINK = "it is a link, and links in the inbox are not followed. Copy the file itself there"
ONE_NAME = (
    "the same file has another name elsewhere (a hard link), so it may be a foreign one. Copy the "
    "file itself there, or set TXCAT_INBOX_HARD_LINKS=true if such files are meant"
)

_LINK_MET = {errno.ELOOP, errno.ENOTDIR}
"""What the system says of a link that must not be followed, as a file and as a folder."""


@dataclass(frozen=True)
class InboxFile(os.PathLike[str]):
    """A file `name` below the inbox `folder`, which leads nowhere else, whatever is put there."""

    folder: str
    name: str
    allow_hard_links: bool = False

    def __fspath__(self) -> str:
        """The path, for people and for what only names the file."""
        return str(PurePath(self.folder, self.name))

    __str__ = __fspath__


SourcePath = str | os.PathLike[str]
"""A file to read: a path is opened as it is, an InboxFile without following links."""


def open_file(path: SourcePath) -> FileIO:
    """The file's bytes, unbuffered; raises SourceRefused when they may not or cannot be had."""
    return os.fdopen(_open(path), "rb", buffering=0)


def look_at(path: SourcePath) -> os.stat_result:
    """Size, time and kind of the file that a reader would read, whatever else the path names.

    Raises SourceRefused as `open_file` does.
    """
    if not isinstance(path, InboxFile):
        try:
            return os.stat(path)  # noqa: PTH116
        except OSError as error:
            raise cannot_open(str(path), error) from error
    descriptor = _open(path)
    try:
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)


def problem_of(found: os.stat_result, *, allow_hard_links: bool) -> str:
    """Why an entry of the inbox is not taken, by what `lstat` or `fstat` says; empty when it is."""
    if modes.S_ISLNK(found.st_mode):
        return NO_LINK
    if not modes.S_ISREG(found.st_mode):
        return PLAIN_FILE
    return ONE_NAME if found.st_nlink > 1 and not allow_hard_links else ""


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


def _open(path: SourcePath) -> int:
    try:
        if isinstance(path, InboxFile):
            return _open_in_inbox(path)
        return os.open(path, os.O_RDONLY)
    except OSError as error:
        if isinstance(path, InboxFile) and error.errno in _LINK_MET:
            raise SourceRefused(f"Opening {path}: {NO_LINK}.") from error
        raise cannot_open(str(path), error) from error


def _open_in_inbox(path: InboxFile) -> int:
    """Open each folder on the way from its parent, so that none can be swapped for a link."""
    *folders, name = PurePath(path.name).parts
    folder = os.open(path.folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in folders:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        # A pipe that nobody writes to must not hold up the run, hence O_NONBLOCK.
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    finally:
        os.close(folder)
    found = os.fstat(descriptor)
    if problem := problem_of(found, allow_hard_links=path.allow_hard_links):
        os.close(descriptor)
        raise SourceRefused(f"Opening {path}: {problem}.")
    return descriptor


def inbox_file(inbox: Path, path: str, *, allow_hard_links: bool) -> SourcePath:
    """The file at an absolute path, as an InboxFile when it lies below the inbox.

    It does when its path says so, whatever is there now, and when its folder leads there.
    """
    for folder in (PurePath(path).parent, Path(path).parent.resolve()):
        if folder.is_relative_to(inbox):
            name = str(folder.relative_to(inbox) / PurePath(path).name)
            return InboxFile(str(inbox), name, allow_hard_links)
    return path
