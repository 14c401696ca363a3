"""Asks the warehouse what a request asks: a few at once, each cancelled when its client goes.

A question is a function of a read-only transaction, which runs in a thread.
"""

import asyncio
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

import anyio
import anyio.to_thread
from litestar.datastructures import State
from litestar.types import Receive

from reporting_api.parameters import Asking
from txcat_assets.errors import WarehouseBusy
from txcat_assets.warehouse.databases.reader import Reader, ReadTransaction

T = TypeVar("T")

CANCEL_AGAIN_SECONDS = 0.5


class Asker:
    """Asks one reader, at most so many questions at once."""

    def __init__(self, reader: Reader, reads: int, wait_seconds: float) -> None:
        self._reader = reader
        self._room = anyio.Semaphore(reads)
        self._wait_seconds = wait_seconds

    async def ask(self, request: Asking, work: Callable[[ReadTransaction], T]) -> T:
        """What `work` gives. It is cancelled when the client goes.

        Raises WarehouseBusy where its turn does not come in time.
        """
        try:
            with anyio.fail_after(self._wait_seconds):
                await self._room.acquire()
        except TimeoutError:
            raise WarehouseBusy(f"Waited {self._wait_seconds:g} s for other questions.") from None
        try:
            return await self._watched(request.receive, work)
        finally:
            self._room.release()

    async def _watched(self, receive: Receive, work: Callable[[ReadTransaction], T]) -> T:
        asked = _Asked(self._reader)
        watching = asyncio.create_task(asked.cancel_when_gone(receive))
        try:
            return await anyio.to_thread.run_sync(asked.answer, work)
        finally:
            watching.cancel()


class _Asked:
    """A question in its transaction, which another thread may end."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._tx: ReadTransaction | None = None
        self._is_gone = False
        self._ending = Lock()
        """Held while it is cancelled: so no later question over the same connection ever is."""

    def answer(self, work: Callable[[ReadTransaction], T]) -> T:
        with self._reader.reading() as tx:
            self._tx = tx
            try:
                if self._is_gone:
                    raise WarehouseBusy("The client has gone before its turn came.")
                return work(tx)
            finally:
                with self._ending:
                    self._tx = None

    async def cancel_when_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._is_gone = True
        while (
            True
        ):  # until the question has ended: a database forgets what comes between statements
            await anyio.to_thread.run_sync(self._cancel)
            await anyio.sleep(CANCEL_AGAIN_SECONDS)

    def _cancel(self) -> None:
        with self._ending:
            if self._tx is not None:
                self._tx.cancel()


def asker_of(state: State) -> Asker:
    """The application's asker."""
    found: Asker = state.asker
    return found
