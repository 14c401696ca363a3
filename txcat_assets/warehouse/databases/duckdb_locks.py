"""Locks by name between the transactions of one process; between processes the file is the lock.

Threads of one process share DuckDB's instance of a file, so they can write to it at once. What
all of them must know of the file is here, once for each process and path: its locks and claims.
"""

import atexit
import os
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition

from txcat_assets.warehouse.databases.duckdb_claims import FileClaims
from txcat_assets.warehouse.databases.duckdb_instance import SharedInstance
from txcat_assets.warehouse.databases.per_process import PerProcess


class NamedLocks:
    """Who holds which lock, alone or shared, until it lets go of all that it holds."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._holders: defaultdict[str, dict[int, bool]] = defaultdict(dict)

    def take(self, owner: int, name: str, *, shared: bool, seconds: float) -> bool:
        """Wait until the lock can be had; False where it was not to be had in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._is_free(owner, name, shared), seconds):
                return False
            holders = self._holders[name]
            holders[owner] = shared and holders.get(owner, True)
            return True

    def release(self, owner: int) -> None:
        """Let go of every lock of this owner."""
        with self._changed:
            for holders in self._holders.values():
                holders.pop(owner, None)
            self._changed.notify_all()

    def _is_free(self, owner: int, name: str, shared: bool) -> bool:
        others = [theirs for holder, theirs in self._holders[name].items() if holder != owner]
        return not others or (shared and all(others))


@dataclass(frozen=True)
class SharedFile:
    """What the threads of one process share of one DuckDB file."""

    claims: FileClaims
    instance: SharedInstance
    locks: NamedLocks = field(default_factory=NamedLocks)


def _made(path: Path) -> SharedFile:
    claims = FileClaims(path.with_name(f"{path.name}.claims"))
    return SharedFile(claims, SharedInstance(path, claims))


shared_file = PerProcess(_made)


def let_go_of_all() -> None:
    """Close the files in which no transaction of this process is at work."""
    for file in shared_file:
        file.instance.let_go()


atexit.register(let_go_of_all)
os.register_at_fork(before=let_go_of_all)  # a copy of an open instance would write to the same file
