"""When those who read a DuckDB file all the time have it open: by turns, with rests between.

While anybody has the file open to read, nobody can write. Readers that overlapped would keep it
open for ever; so those of a process share a turn, those of several processes take turns, and after
each turn all rest for as long as it took, in which a writer finds the file free.

Writers share the file in another way (`duckdb_instance`): a process closes it when another waits.
That does not do for readers. A writer has the file alone, so it can free it by itself; of several
readers that have it open none can, and the process that waits may be one more reader, which the
file is open to anyway.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition

from txcat_assets.errors import WarehouseBusy
from txcat_assets.warehouse.databases.per_process import PerProcess

JOINING_SECONDS = 0.2
"""So long after it began others may join a turn, which does not wait for them; a writer looks for
the file about every 0.1 s."""

MOST_REST_SECONDS = 2.0
"""A rest after a turn in which a query was slow."""

LOOK_SECONDS = 0.02


class ReadTurns:
    """The turns of one process on one file."""

    def __init__(self, path: Path) -> None:
        # Who holds this file has the turn among processes; in it stands until when all rest.
        self._held = os.open(path.with_name(f"{path.name}.readers"), os.O_RDWR | os.O_CREAT, 0o600)
        self._changed = Condition()
        self._readers = 0
        self._began = 0.0

    @contextmanager
    def turn(self, wait_seconds: float) -> Iterator[None]:
        """Wait for a turn and have it while the block runs; raises WarehouseBusy in time."""
        deadline = time.monotonic() + wait_seconds
        with self._changed:
            while not self._enter():
                if time.monotonic() > deadline:
                    raise WarehouseBusy(
                        f"Waited {wait_seconds:g} s for a turn to read; others are reading. Ask "
                        "again, or for less."
                    )
                self._changed.wait(LOOK_SECONDS)
        try:
            yield
        finally:
            with self._changed:
                self._leave()

    def _enter(self) -> bool:
        now = time.monotonic()
        if self._readers:
            is_mine = now - self._began < JOINING_SECONDS
        elif is_mine := self._take(now):
            self._began = now
        self._readers += is_mine
        return is_mine

    def _leave(self) -> None:
        self._readers -= 1
        if not self._readers:
            now = time.monotonic()
            until = now + min(now - self._began, MOST_REST_SECONDS)
            os.pwrite(self._held, f"{until:020.6f}".encode(), 0)
            fcntl.flock(self._held, fcntl.LOCK_UN)
            self._changed.notify_all()

    def _take(self, now: float) -> bool:
        """Take the turn among processes, unless another has it or all rest."""
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        rest = float(os.pread(self._held, 20, 0) or 0) - now
        if 0 < rest <= MOST_REST_SECONDS:  # a longer one was noted before the machine started
            fcntl.flock(self._held, fcntl.LOCK_UN)
            return False
        return True


turns_of = PerProcess(ReadTurns)
