"""Files that are there whole or not at all, whatever is killed and however full the disk is.

What stands in them is the callers' matter.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from txcat_assets.errors import FileNotWritten


def write_whole(path: Path, write: Callable[[IO[str]], object]) -> None:
    """Write a text file, in place of one that is there; again, it does the same.

    Raises FileNotWritten; then nothing of it is left, and one that was there is as it was.
    """
    try:
        _write(path, write)
    except OSError as error:
        raise FileNotWritten(
            f"Writing {path}: {error.strerror or error}. Nothing of it is left. Make room, or name "
            "a file elsewhere."
        ) from error


def _write(path: Path, write: Callable[[IO[str]], object]) -> None:
    with NamedTemporaryFile(
        "w", encoding="utf-8", newline="", dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as file:
        try:
            write(file)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).rename(path)
        except BaseException:
            with suppress(OSError):
                Path(file.name).unlink()
            raise
