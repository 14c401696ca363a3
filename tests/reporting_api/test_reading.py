"""A question whose client has gone is cancelled until it ends, and nothing else ever is."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

import anyio
import anyio.to_thread

from reporting_api.reading import Asker


class BetweenStatements:
    """A transaction of which a first attempt to cancel is forgotten, as PostgreSQL does it."""

    def __init__(self) -> None:
        self.cancelled = 0
        self.begun, self.ended = Event(), Event()

    @contextmanager
    def reading(self) -> Iterator["BetweenStatements"]:
        """The transaction itself."""
        yield self

    def cancel(self) -> None:
        """End what is at work, but for the first time."""
        self.cancelled += 1
        if self.cancelled > 1:
            self.ended.set()

    def work(self, _: object) -> bool:
        """Wait to be ended; whether it was."""
        self.begun.set()
        return self.ended.wait(20)


def test_what_was_cancelled_between_two_statements_is_cancelled_again() -> None:
    tx = BetweenStatements()

    async def gone() -> dict[str, Any]:
        await anyio.to_thread.run_sync(tx.begun.wait)
        return {"type": "http.disconnect"}

    async def ask() -> object:
        asker = Asker(cast("Any", tx), reads=1, wait_seconds=1)
        request = cast("Any", SimpleNamespace(receive=gone))
        answer = await asker.ask(request, tx.work)
        after = tx.cancelled
        await anyio.sleep(1.2)
        assert tx.cancelled == after, "it has ended"
        return answer

    assert anyio.run(ask) is True
