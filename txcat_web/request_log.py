"""Adds the request's id and the service's headers to every reply, and logs one line for it.

It wraps the whole application, so that a 404 and a crash are logged too. The format of the log is
in `txcat_web.logs`.
"""

import re
import time
from collections.abc import Mapping
from uuid import uuid4

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

log = structlog.stdlib.get_logger()

MAX_PATH_CHARS = 200
"""The most of a path that is logged; the longest of ours has 33."""

_TOKEN = re.compile(r"[\w.~+=-]{40,}", re.ASCII)
"""What may be a key or a token, by its length: a UUID is shorter."""

_USABLE_ID = re.compile(rb"[\x21-\x7e]{1,128}")


class RequestLog:
    """An ASGI application around another one."""

    def __init__(self, app: ASGIApp, marks: Mapping[str, str]) -> None:
        self._app = app
        self._marks = [(name.encode(), value.encode()) for name, value in marks.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; what is no request (start and end of the server) goes by."""
        if scope["type"] == ScopeType.HTTP:
            await self._log_request(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _log_request(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        request_id, status = _request_id(scope), 0
        marks = [(b"x-request-id", request_id), *self._marks]

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = {name for name, _ in message["headers"]}
                added = [mark for mark in marks if mark[0] not in own]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        start = time.perf_counter()
        scope.setdefault("state", {})["request_id"] = request_id.decode()
        with structlog.contextvars.bound_contextvars(request_id=request_id.decode()):
            try:
                await self._app(scope, receive, send_marked)
            finally:
                log.info(
                    "request",
                    method=scope["method"],
                    path=without_tokens(scope["path"])[:MAX_PATH_CHARS],
                    status=status,
                    seconds=round(time.perf_counter() - start, 6),
                )


def without_tokens(text: str) -> str:
    """A text for a log, in which nothing is left that may be a key or a token."""
    return _TOKEN.sub("...", text)


def _request_id(scope: HTTPScope) -> bytes:
    """The id that the caller gave, if it is fit for a log, or a new one."""
    given = dict(scope["headers"]).get(b"x-request-id", b"")
    is_usable = _USABLE_ID.fullmatch(given) and not _TOKEN.search(given.decode())
    return given if is_usable else uuid4().hex.encode()
