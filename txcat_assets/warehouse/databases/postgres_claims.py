"""Claims as locks of a PostgreSQL session: freed by the server when the session's process dies.

By them several machines share the work of a day. What a claim is stands in `duckdb_claims`.
"""

import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from txcat_assets.warehouse.databases.duckdb_claims import number_of

Session = psycopg.Connection[tuple[Any, ...]]


class SessionClaims:
    """Claims of this process as locks of one PostgreSQL session, outside of any transaction.

    When the session breaks, its claims are gone: others may do the same work, without harm.
    """

    def __init__(self, connect: Callable[[], Session]) -> None:
        self._connect = connect
        self._one_at_a_time = threading.Lock()
        self._held: set[int] = set()
        self._sessions: list[Session] = []
        weakref.finalize(self, _close, self._sessions)

    @contextmanager
    def claim(self, *what: str | int) -> Iterator[bool]:
        """Hold the claim in the block if it can be had; say whether it was."""
        number = number_of("claim", *what)
        is_mine = self._try(number)
        try:
            yield is_mine
        finally:
            if is_mine:
                self._free(number)

    def _try(self, number: int) -> bool:
        with self._one_at_a_time:
            # PostgreSQL gives a session its own lock again, but two threads are two workers.
            is_mine = number not in self._held and self._call("pg_try_advisory_lock", number)
            if is_mine:
                self._held.add(number)
            return is_mine

    def _free(self, number: int) -> None:
        with self._one_at_a_time, suppress(psycopg.OperationalError):
            self._held.discard(number)
            self._call("pg_advisory_unlock", number)

    def _call(self, function: str, number: int) -> bool:
        """The result of a function, from a new session where the old one is broken."""
        query = f"SELECT {function}({number})".encode()
        try:
            return self._result(query)
        except psycopg.OperationalError:
            if not self._sessions:
                raise
            _close(self._sessions)  # as after a restart of the server
            return self._result(query)

    def _result(self, query: bytes) -> bool:
        if not self._sessions:
            self._sessions.append(self._connect())
        ((result,),) = self._sessions[0].execute(query)
        return bool(result)


def _close(sessions: list[Session]) -> None:
    while sessions:
        sessions.pop().close()
