"""Rate limits: fixed windows, counted in the store that all workers share.

Counted in memory, each worker would allow as much again. How a limit is written, and the names of
counters, come from the library `limits`.
"""

import time
from contextlib import suppress
from dataclasses import dataclass

import limits

from reporting_api.store import Store
from txcat_assets.errors import WarehouseConflict

OLD_SECONDS = 2 * 86_400
"""Counters that ended so long ago are deleted; longer than any window."""


@dataclass(frozen=True)
class Window:
    """How many requests a caller has left until his window is over."""

    is_over_limit: bool
    most: int
    left: int
    seconds_left: int
    seconds: int


class Rates:
    """A limit for each caller of a kind, such as each address; `limit` is written as 600/minute."""

    def __init__(self, store: Store, what: str, limit: str) -> None:
        self.what = what
        self._limit = limits.parse(limit)
        self._store = store

    def hit(self, who: str) -> Window:
        """Count a request of a caller, in one statement."""
        now, most, seconds = time.time(), self._limit.amount, self._limit.get_expiry()
        hits, until = self._counted(self._limit.key_for(self.what, who), now, seconds)
        if hits == 1:
            self._forget_old(now)
        return Window(hits > most, most, max(0, most - hits), max(1, round(until - now)), seconds)

    def _counted(self, name: str, now: float, seconds: int) -> tuple[int, float]:
        """Count one more, from 0 where the window is over; the count, and when its window ends.

        One that ends later than two windows from now began before the clock was set back: it is
        over. Less may be the clock of another machine.
        """
        ((hits, end),) = self._store.rows(
            "INSERT INTO access.counters AS c VALUES ($name, 1, $until) "
            "ON CONFLICT (name) DO UPDATE SET "
            "hits = CASE WHEN c.until BETWEEN $now AND $latest THEN c.hits ELSE 0 END + 1, "
            "until = CASE WHEN c.until BETWEEN $now AND $latest THEN c.until "
            "ELSE excluded.until END "
            "RETURNING hits, until",
            name=name,
            until=now + seconds,
            now=now,
            latest=now + 2 * seconds,
        )
        return int(hits), float(end)

    def _forget_old(self, now: float) -> None:
        """Delete the counters of windows that ended long ago."""
        with suppress(WarehouseConflict):
            self._store.rows(
                "DELETE FROM access.counters WHERE until < $long_ago", long_ago=now - OLD_SECONDS
            )


def rate_headers(what: str, window: Window) -> dict[str, str]:
    """The headers that say how often a client may still ask."""
    return {
        "ratelimit-policy": f'"{what}";q={window.most};w={window.seconds}',
        "ratelimit": f'"{what}";r={window.left};t={window.seconds_left}',
    }
