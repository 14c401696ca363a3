"""Marks every reply with the request's id and the model's version, and logs one line for it.

It stands around the whole application, so that also a 404 and a crash are marked and logged.
What the log looks like is decided in `ml_api.logs`.
"""

import re
import time
from uuid import uuid4

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

log = structlog.stdlib.get_logger()

MAX_PATH_CHARS = 200
"""A path that is logged; the longest of ours has 33."""

_SOUND_ID = re.compile(rb"[\x21-\x7e]{1,128}")


class RequestLog:
    """An ASGI application around another one."""

    def __init__(self, app: ASGIApp, model_version: str) -> None:
        self._app = app
        self._model_version = model_version.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; what is no request (start and end of the server) goes by."""
        if scope["type"] == ScopeType.HTTP:
            await self._log_request(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _log_request(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        request_id, status = _request_id(scope), 0
        marks = [(b"x-request-id", request_id), (b"x-model-version", self._model_version)]

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *marks]
            await send(message)

        start = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id.decode()):
            try:
                await self._app(scope, receive, send_marked)
            finally:
                log.info(
                    "request",
                    method=scope["method"],
                    path=scope["path"][:MAX_PATH_CHARS],
                    status=status,
                    seconds=round(time.perf_counter() - start, 6),
                )


def _request_id(scope: HTTPScope) -> bytes:
    """The id that the caller gave, if it is fit for a log, or a new one."""
    given = dict(scope["headers"]).get(b"x-request-id", b"")
    return given if _SOUND_ID.fullmatch(given) else uuid4().hex.encode()
