"""What lies in the inbox: the files to take, and entries that are set aside alone, with the reason.

Others write there, so no single entry may stop the rest, nor lead out of the folder.
"""

import os
from collections.abc import Iterator
from pathlib import Path, PurePath

from txcat_assets.sources.files.listing import SeenFile, seen_file
from txcat_assets.sources.files.names import (
    NOT_UTF8,
    as_text,
    is_data,
    matches,
)
from txcat_assets.sources.files.opening import cannot_open, problem_of

_OF_THE_FILE_SYSTEM = {"lost+found"}
"""Folders that a file system makes for itself and closes to all but root."""


def entries(inbox: Path, glob: str, *, allow_hard_links: bool = False) -> list[SeenFile]:
    """The data files of the inbox whose names match, to the bottom, sorted by path.

    With them, each with its `problem`: those that cannot be taken as they are, and folders that
    are links or cannot be looked into. An entry that is moved away meanwhile is left out.
    """
    found = (_entry(path, error, allow_hard_links) for path, error in _walk(str(inbox), glob))
    return sorted(filter(None, found), key=lambda file: file.path)


def _walk(inbox: str, glob: str) -> Iterator[tuple[str, OSError | None]]:
    """Paths of data files that match and of links to folders; of other folders with an error."""
    errors: list[OSError] = []
    for parent, folders, names in os.walk(inbox, onerror=errors.append):
        folders[:] = [
            name for name in folders if not name.startswith(".") and name not in _OF_THE_FILE_SYSTEM
        ]
        taken = [name for name in names if is_data(name) and matches(name, glob)]
        links = [name for name in folders if Path(parent, name).is_symlink()]
        yield from ((str(PurePath(parent, name)), None) for name in taken + links)
    yield from ((str(error.filename), error) for error in errors)


def _entry(path: str, error: OSError | None, allow_hard_links: bool) -> SeenFile | None:
    name = as_text(path)
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    except OSError as trouble:
        return SeenFile(name, 0, 0, str(cannot_open(name, trouble)))
    if error is not None:
        return seen_file(name, found, str(cannot_open(name, error)))
    problem = NOT_UTF8 if name != path else problem_of(found, allow_hard_links=allow_hard_links)
    return seen_file(name, found, problem and f"Looking at {name}: {problem}.")
