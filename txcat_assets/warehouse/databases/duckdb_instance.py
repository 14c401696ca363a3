"""DuckDB's instance of one file: shared by the threads of a process, kept open for a moment.

To open the file costs more than most transactions do. So it stays open for KEPT_SECONDS after the
last transaction, and longer while one follows another. No other process can have the file open
meanwhile, so who waits for it says so, and is let in at the end of the transaction.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock, Timer
from typing import Any

import duckdb
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from txcat_assets.warehouse.databases.duckdb_claims import FileClaims

HELD = "io error: could not set lock on file"
NOT_REPLAYED = "failure while replaying wal file"

KEPT_SECONDS = 0.05
"""How long an instance that nobody uses stays open."""

TURN_SECONDS = 0.2
"""How long a process may go on while another waits, as to change places costs both time."""

GIVEN_SECONDS = 0.3
"""How long a process holds back that has let another in: longer than any pause of `in_turn`."""


class SharedInstance:
    """The instance of one file; each transaction has a connection of its own to it."""

    def __init__(self, path: Path, claims: FileClaims) -> None:
        self._path = path
        self._claims = claims
        self._lock = Lock()
        self._instance: duckdb.DuckDBPyConnection | None = None
        self._file: tuple[int, int] | None = None
        self._users = 0
        self._is_sound = True
        self._opened_at = 0.0
        self._idle_since = 0.0
        self._given_until = 0.0
        self._closing: Timer | None = None

    @contextmanager
    def connection(self, wait_seconds: float) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection in its turn, closed at the end; raises what the last try raised.

        After an error of the block the file is opened anew: DuckDB uses no instance further that
        has failed to write.
        """
        self._let_others_go_first()
        connection = in_turn(self._claims, wait_seconds, self._connect)
        is_sound = False
        try:
            yield connection
            is_sound = True
        finally:
            connection.close()
            self._leave(is_sound=is_sound)

    def let_go(self) -> None:
        """Close the file unless a transaction is at work in it; safe to call at any time."""
        with self._lock:
            if not self._users:
                self._close()

    def _connect(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            if not self._users and self._file != _identity(self._path):
                self._close()  # another file has taken its place
            if self._instance is None:
                self._instance = opened(self._path)
                self._file = _identity(self._path)
                self._opened_at = time.monotonic()
            connection = self._instance.cursor()
            self._users += 1
            return connection

    def _leave(self, *, is_sound: bool) -> None:
        with self._lock:
            self._users -= 1
            self._is_sound = self._is_sound and is_sound
            if self._users:
                return
            if self._is_others_turn():
                self._given_until = time.monotonic() + GIVEN_SECONDS
                self._close()
            elif self._is_sound and self._is_checkpointed():
                self._idle_since = time.monotonic()
                self._close_soon(KEPT_SECONDS)
            else:
                self._close()

    def _is_checkpointed(self) -> bool:
        """Move what was committed into the file, as closing does; False where that fails."""
        try:
            if self._instance is not None:
                self._instance.execute("CHECKPOINT")
        except duckdb.Error:
            return False
        return True

    def _is_others_turn(self) -> bool:
        has_had_its_turn = time.monotonic() - self._opened_at > TURN_SECONDS
        return has_had_its_turn and self._claims.is_awaited()

    def _let_others_go_first(self) -> None:
        while time.monotonic() < self._given_until and self._claims.is_awaited():
            time.sleep(0.002)

    def _close_soon(self, seconds: float) -> None:
        if self._closing is None:
            self._closing = Timer(seconds, self._close_if_idle)
            self._closing.daemon = True
            self._closing.start()

    def _close_if_idle(self) -> None:
        with self._lock:
            self._closing = None
            left = self._idle_since + KEPT_SECONDS - time.monotonic()
            if not self._users and left > 0:
                self._close_soon(left)
            elif not self._users:
                self._close()

    def _close(self) -> None:
        if self._instance is not None:
            with suppress(duckdb.Error):  # what was committed stands in the log beside the file
                self._instance.close()
        self._instance, self._is_sound = None, True


def opened(path: Path, **how: Any) -> duckdb.DuckDBPyConnection:
    """DuckDB's instance of a file, with all that was committed to it.

    A process that dies may leave a log of commits beside the file. DuckDB 1.5.6 cannot replay every
    log that changes tables while it opens its first file (duckdb#18259), but can beside another.
    """
    try:
        return duckdb.connect(path, **how)
    except duckdb.InternalException as error:
        if NOT_REPLAYED not in str(error).lower():
            raise
    with duckdb.connect() as beside:
        quoted = str(path).replace("'", "''")
        # nosemgrep: value-inside-sql - no value can be bound in an ATTACH
        beside.execute(f"ATTACH '{quoted}' AS replayed; DETACH replayed")
    return duckdb.connect(path, **how)


def in_turn(
    claims: FileClaims, wait_seconds: float, connect: Callable[[], duckdb.DuckDBPyConnection]
) -> duckdb.DuckDBPyConnection:
    """Connect as soon as no other process has the file open; raises what the last try raised."""
    turn = Retrying(
        retry=retry_if_exception(_is_held_by_another),
        wait=wait_random(0.005, 0.05),
        stop=stop_after_delay(wait_seconds),
        before_sleep=lambda _: claims.wait(),
        reraise=True,
    )
    try:
        return turn(connect)
    finally:
        claims.wait_no_more()


def _is_held_by_another(error: BaseException) -> bool:
    """Whether another process has the file open, or a thread of this one is just closing it."""
    words = str(error).lower()
    return (isinstance(error, duckdb.IOException) and words.startswith(HELD)) or (
        isinstance(error, duckdb.BinderException) and "already attached" in words
    )


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file the path leads to."""
    with suppress(OSError):
        found = path.stat()
        return found.st_dev, found.st_ino
    return None
