"""Claims on work, freed by the kernel when their process dies: byte-range locks in a side file.

So is what a process says that waits for the DuckDB file.

A claim is a number, chosen by the name of the work. It only saves effort: two names that fall on
one number wait for each other's turn, which does no harm.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import xxhash

FAR_END = 2**62
"""Offsets stay below what every file system takes; locked bytes need not exist."""

AWAITED = FAR_END
"""The byte that every process locks, shared, while it waits for the file to be free."""


def number_of(*what: str | int) -> int:
    """The number of a piece of work by its name: the same in every process, 0 to FAR_END."""
    return xxhash.xxh3_64_intdigest("/".join(map(str, what)).encode()) % FAR_END


class FileClaims:
    """Claims of this process as bytes of one side file.

    The kernel drops every lock of a process when it closes any descriptor of the file, so the one
    descriptor stays open for as long as the process lives.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: set[int] = set()
        self._descriptor: int | None = None
        self._threads = Lock()

    @contextmanager
    def claim(self, *what: str | int) -> Iterator[bool]:
        """Hold the claim in the block if it can be had; say whether it was."""
        byte = number_of(*what)
        with self._threads:
            is_mine = byte not in self._held and self._lock(byte)
        try:
            yield is_mine
        finally:
            if is_mine:
                with self._threads:
                    self._held.discard(byte)
                    fcntl.lockf(self._open(), fcntl.LOCK_UN, 1, byte)

    def wait(self) -> None:
        """Let other processes see that this one waits for the file."""
        with self._threads:
            fcntl.lockf(self._open(), fcntl.LOCK_SH, 1, AWAITED)

    def wait_no_more(self) -> None:
        """Take that back; safe where nothing was said."""
        with self._threads:
            if self._descriptor is not None:
                fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, AWAITED)

    def is_awaited(self) -> bool:
        """Whether another process waits for the file."""
        with self._threads:
            try:
                fcntl.lockf(self._open(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, AWAITED)
            except BlockingIOError:
                return True
            fcntl.lockf(self._open(), fcntl.LOCK_UN, 1, AWAITED)
            return False

    def _lock(self, byte: int) -> bool:
        try:
            fcntl.lockf(self._open(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
        except BlockingIOError:
            return False
        self._held.add(byte)
        return True

    def _open(self) -> int:
        if self._descriptor is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        return self._descriptor
