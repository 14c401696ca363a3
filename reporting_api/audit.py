"""The audit log: each access is noted before it is answered: who, what, how many records, how long.

What cannot be noted is not answered. No key or token is noted, nor any text that may be one.
"""

import time
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_plus

import anyio.to_thread
import msgspec
import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from reporting_api.problems import MEDIA_TYPE, ProblemDetails
from reporting_api.rates import rate_headers
from reporting_api.roles import Principal
from reporting_api.store import Store, when
from txcat_assets.clock import utc_now
from txcat_assets.text import for_terminal
from txcat_web.request_log import without_tokens

log = structlog.stdlib.get_logger()

IS_NOTED = "is_noted"
"""Set in the state of a request for anything that is not public: such a request is noted."""

QUERY_CHARS = 1_000


class Audit:
    """An ASGI application around another one."""

    def __init__(self, app: ASGIApp, store: Store) -> None:
        self._app = app
        self._store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and pass its answer back once the access is noted."""
        if scope["type"] == ScopeType.HTTP:
            scope.setdefault("state", {})
            await self._app(scope, receive, _Answer(scope, send, self._store).pass_on)
        else:
            await self._app(scope, receive, send)


class _Answer:
    """The answer to one request."""

    def __init__(self, scope: HTTPScope, send: Send, store: Store) -> None:
        self._scope, self._send, self._store = scope, send, store
        self._began = time.perf_counter()
        self._is_replaced = False

    async def pass_on(self, message: Message) -> None:
        """Pass on a part of the answer; before the first part, note the access."""
        if self._is_replaced:
            return
        if message["type"] != "http.response.start":
            await self._send(message)
            return
        state = self._scope["state"]
        if "window" in state:
            given = rate_headers(*state["window"]).items()
            headers = [(name.encode(), value.encode()) for name, value in given]
            message["headers"] = [*message["headers"], *headers]
        if state.get(IS_NOTED):
            try:
                await anyio.to_thread.run_sync(self._note, message["status"])
            except Exception as error:  # whatever it is: what is not noted is not answered
                log.error("access not noted", why=str(error))
                if message["status"] < HTTPStatus.INTERNAL_SERVER_ERROR:
                    await self._replace()
                    return
        await self._send(message)

    async def _replace(self) -> None:
        """Answer by 503 in place of the answer that could not be noted."""
        self._is_replaced = True
        status = HTTPStatus.SERVICE_UNAVAILABLE
        words = "The audit log cannot be written just now, so nothing is answered."
        body = msgspec.json.encode(ProblemDetails(status.phrase, status, words))
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"retry-after", b"2")]
        headers.append((b"content-length", str(len(body)).encode()))
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    def _note(self, status: int) -> None:
        values = _noted(self._scope) | {
            "at": when(utc_now()),
            "status": status,
            "seconds": round(time.perf_counter() - self._began, 6),
        }
        self._store.rows(
            "INSERT INTO access.audit VALUES ($at, $request_id, $who, $role, $address, "
            "$method, $path, $query, $status, $records, $seconds)",
            **values,
        )


def _noted(scope: HTTPScope) -> dict[str, Any]:
    state = scope["state"]
    principal: Principal | None = state.get("principal")
    query = unquote_plus(scope["query_string"].decode("ascii", "replace"))
    return {
        "request_id": state["request_id"],
        "who": _plain(principal.name) if principal else "",
        "role": principal.role.word if principal else "",
        "address": scope["client"][0] if scope["client"] else "",
        "method": scope["method"],
        "path": _plain(scope["path"]),
        "query": _plain(query),
        "records": state.get("records", 0),
    }


def _plain(text: str) -> str:
    return for_terminal(without_tokens(text))[:QUERY_CHARS]
