"""DuckDB's errors as txcat's own: what may pass, and what somebody must mend.

By class, and where one class means several things, by its message. What is not listed is a fault
of txcat's own and stays as it is.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from txcat_assets.errors import (
    TxcatError,
    WarehouseBusy,
    WarehouseConflict,
    WarehouseRefused,
)

AGAIN = "Nothing is lost: what was not committed is done by the next run of the same days."
OTHER = "Close the program that holds it or wait, then run the same again."
NO_DATABASE = (
    "Name another file by {setting}, or move this one away: an empty warehouse is made "
    "where there is none."
)
RIGHTS = "Let this user write there, or name another place by {setting} or TXCAT_HOME."
ROOM = f"{AGAIN} Make room on the disk first."
MEMORY = f"{AGAIN} Give this process more memory first."
DAMAGED = "The file is damaged. Stop all runs and restore a backup: docs/operations.md."
NEWER = "The file was written by another version of DuckDB: install the txcat that wrote it."

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

BY_WORDS: dict[str, tuple[type[TxcatError], str]] = {  # of the file, the first decides
    "could not set lock on file": (WarehouseBusy, OTHER),
    "no space left": (WarehouseRefused, ROOM),
    "disk quota exceeded": (WarehouseRefused, ROOM),
    "file too large": (WarehouseRefused, ROOM),
    "not a valid duckdb database": (WarehouseRefused, NO_DATABASE),
    "a directory": (WarehouseRefused, NO_DATABASE),  # is one, or is not
    "could not read enough": (WarehouseRefused, DAMAGED),
    "version number": (WarehouseRefused, NEWER),
    "checksum": (WarehouseRefused, DAMAGED),
    "corrupt": (WarehouseRefused, DAMAGED),
}

BY_CLASS: dict[type[duckdb.Error], tuple[type[TxcatError], str]] = {
    duckdb.TransactionException: (WarehouseConflict, AGAIN),
    duckdb.IOException: (WarehouseRefused, RIGHTS),
    duckdb.PermissionException: (WarehouseRefused, RIGHTS),
    duckdb.OutOfMemoryException: (WarehouseRefused, MEMORY),
    duckdb.SerializationException: (WarehouseRefused, DAMAGED),
    duckdb.FatalException: (WarehouseRefused, DAMAGED),
}


@contextmanager
def translated(path: Path, setting: str) -> Iterator[None]:
    """Let what DuckDB raises in the block be txcat's own errors, where the world is to blame."""
    try:
        yield
    except duckdb.Error as error:
        if ours := translate(error, path, setting):
            raise ours from error
        raise


@contextmanager
def made(path: Path, setting: str) -> Iterator[None]:
    """Let a folder of the file that cannot be made be txcat's own error."""
    try:
        yield
    except OSError as error:
        what_to_do = ROOM if error.errno in NO_ROOM else RIGHTS
        raise WarehouseRefused(
            f"Making {path}: {error.filename}: {error.strerror}. "
            f"{what_to_do.format(setting=setting)}"
        ) from error


def translate(error: duckdb.Error, path: Path, setting: str) -> TxcatError | None:
    """txcat's error for one of DuckDB's; None for a fault of txcat's own, which stays as it is."""
    found = " ".join(str(error).split()).rstrip(".!")
    listed = next((BY_CLASS[one] for one in type(error).__mro__ if one in BY_CLASS), None)
    message = found.replace(str(path), "").lower()  # a path may have any words, such as "lock"
    # A commit that finds no room is a TransactionException, which else means a conflict.
    if isinstance(error, duckdb.IOException) or "could not write" in message:
        listed = next((BY_WORDS[words] for words in BY_WORDS if words in message), listed)
    if listed is None:
        return None
    kind, what_to_do = listed
    return kind(f"Working in {path}: {found}. {what_to_do.format(setting=setting)}")
