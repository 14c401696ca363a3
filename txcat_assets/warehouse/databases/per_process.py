"""What the threads of a process share of one file, such as its locks: made once for each path."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class PerProcess(Generic[T]):
    """Gives the one thing of this process for a path; a fork begins with none."""

    def __init__(self, make: Callable[[Path], T]) -> None:
        self._make = make
        self._made: dict[tuple[int, Path], T] = {}
        self._guard = Lock()

    def __call__(self, path: Path) -> T:
        """The one for this path, however it is written."""
        of_process = (os.getpid(), path.resolve())
        with self._guard:
            if of_process not in self._made:
                self._made[of_process] = self._make(path)
            return self._made[of_process]

    def __iter__(self) -> Iterator[T]:
        """All that this process has made."""
        return iter([one for (pid, _), one in list(self._made.items()) if pid == os.getpid()])
