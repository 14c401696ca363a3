"""How often one may ask: windows of `limits`, counted in the store that all workers share.

Counted in memory each worker would allow as much again.
"""

import time
from contextlib import suppress
from dataclasses import dataclass

import limits
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from reporting_api.store import Store
from txcat_assets.errors import WarehouseConflict

OLD_SECONDS = 2 * 86_400
"""Longer than any window, so that nobody counts by what is forgotten."""


class StoreCounters(Storage):
    """Counters in the table `access.counters`, each counted up by one atomic statement."""

    STORAGE_SCHEME = None  # made with a store, not by a URL

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store

    @property
    def base_exceptions(self) -> type[Exception]:
        """What a counter raises; none of it is swallowed."""
        return Exception

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count up, from 0 where the window is over; what it is then."""
        now = time.time()
        with self._store.transaction() as tx:
            ((hits,),) = tx.rows(
                "INSERT INTO access.counters AS c VALUES ($name, $amount, $until) "
                "ON CONFLICT (name) DO UPDATE SET "
                "hits = CASE WHEN c.until > $now THEN c.hits ELSE 0 END + excluded.hits, "
                "until = CASE WHEN c.until > $now THEN c.until ELSE excluded.until END "
                "RETURNING hits",
                name=key,
                amount=amount,
                until=now + expiry,
                now=now,
            )
        if int(hits) == amount:
            self._forget_old(now)
        return int(hits)

    def get(self, key: str) -> int:
        """The count of a window that is not over."""
        return self._row(key)[0]

    def get_expiry(self, key: str) -> float:
        """When the window is over, in seconds since 1970."""
        return self._row(key)[1]

    def check(self) -> bool:
        """Whether counters can be read."""
        self._row("")
        return True

    def reset(self) -> int | None:
        """Forget all counters."""
        with self._store.transaction() as tx:
            return tx.changed("DELETE FROM access.counters")

    def clear(self, key: str) -> None:
        """Forget one counter."""
        with self._store.transaction() as tx:
            tx.run("DELETE FROM access.counters WHERE name = $name", name=key)

    def _forget_old(self, now: float) -> None:
        """Let counters go that nobody has counted by for long."""
        with suppress(WarehouseConflict), self._store.transaction() as tx:
            tx.run(
                "DELETE FROM access.counters WHERE until < $long_ago", long_ago=now - OLD_SECONDS
            )

    def _row(self, key: str) -> tuple[int, float]:
        now = time.time()
        with self._store.transaction() as tx:
            rows = tx.rows(
                "SELECT hits, until FROM access.counters WHERE name = $name AND until > $now",
                name=key,
                now=now,
            )
        return (int(rows[0][0]), float(rows[0][1])) if rows else (0, now)


@dataclass(frozen=True)
class Window:
    """What is left to somebody until his window is over."""

    is_over_limit: bool
    most: int
    left: int
    seconds_left: int
    seconds: int


class Rates:
    """Limits by what is counted, such as addresses: `limit` is said as 600/minute."""

    def __init__(self, store: Store, what: str, limit: str) -> None:
        self.what = what
        self._limit = limits.parse(limit)
        self._windows = FixedWindowRateLimiter(StoreCounters(store))

    def hit(self, who: str) -> Window:
        """Count a request of somebody."""
        is_allowed = self._windows.hit(self._limit, self.what, who)
        stats = self._windows.get_window_stats(self._limit, self.what, who)
        left = max(1, round(stats.reset_time - time.time()))
        return Window(
            not is_allowed, self._limit.amount, stats.remaining, left, self._limit.get_expiry()
        )


def rate_headers(what: str, window: Window) -> dict[str, str]:
    """What tells a client how often it may still ask."""
    return {
        "ratelimit-policy": f'"{what}";q={window.most};w={window.seconds}',
        "ratelimit": f'"{what}";r={max(0, window.left)};t={window.seconds_left}',
    }
