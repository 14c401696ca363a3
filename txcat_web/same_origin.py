"""Lets only the service's own pages start something, and no page of another origin.

A browser sends requests for whatever page it shows, also to addresses that only its machine can
reach. A client that is no browser names no origin, and passes: who may reach the port is decided by
the address that is listened on and the proxy in front.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""The names that an address bar may show; our proxy says `localhost`, whatever its own name is."""

READING = frozenset({"GET", "HEAD", "OPTIONS"})

FORBIDDEN, METHOD_NOT_ALLOWED = 403, 405


class SameOriginOnly:
    """Refuses a foreign `Host`, GraphQL by GET, and what a page of another origin sends.

    A foreign `Host`, since an attacker's name may resolve to 127.0.0.1. GraphQL by GET, since even
    an image in a page can send that. Nor can other pages show those of the service in a frame.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it in words."""
        refusal = _refusal(scope) if scope["type"] in {"http", "websocket"} else None
        if refusal is None:
            await self._app(scope, receive, _unframed(send))
        elif scope["type"] == "http":
            await refusal(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": "another origin"})


def _refusal(scope: Scope) -> PlainTextResponse | None:
    headers, is_http = Headers(scope=scope), scope["type"] == "http"
    if urlsplit(f"//{headers.get('host', '')}").hostname not in LOOPBACK:
        words = (
            "This address is not served here: use 127.0.0.1, or the proxy of docs/security.md.\n"
        )
        return PlainTextResponse(words, FORBIDDEN)
    reads = is_http and scope["method"] in READING
    if reads and scope["path"].endswith("/graphql"):
        words = "GraphQL is asked by POST.\n"
        return PlainTextResponse(words, METHOD_NOT_ALLOWED, headers={"allow": "POST"})
    if not reads and not _is_of_own_page(headers):
        return PlainTextResponse("A page from elsewhere may not do this.\n", FORBIDDEN)
    return None


def _is_of_own_page(headers: Headers) -> bool:
    """Whether a request comes from a page of the service, or from no page at all."""
    origin = headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == headers["host"]
    return headers.get("sec-fetch-site", "none") in {"same-origin", "none"}


def _unframed(send: Send) -> Send:
    async def send_unframed(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["x-frame-options"] = "DENY"
        await send(message)

    return send_unframed
