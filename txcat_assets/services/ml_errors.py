"""Errors of the ML service as txcat's own: what was asked, what was found, what can be done.

Requests are sent in `ml_http`, replies are read in `ml_protocol`.
"""

from typing import NamedTuple

import httpx
import msgspec

from txcat_assets.errors import ServiceBroken, ServiceDown
from txcat_assets.text import for_terminal, shortened

WHEN_DOWN = (
    "The records stay pending: start the service or mend TXCAT_ML_URL; the sensor `backlog` "
    "then goes on by itself, or run `txcat load` or materialize the asset again."
)
WHEN_BROKEN = (
    "Nothing of the reply was stored: mend the service or TXCAT_ML_URL (docs/ml-protocol.md says "
    "what is expected), then run `txcat load` or materialize the asset again."
)

NOT_JSON = (msgspec.DecodeError, RecursionError)
"""What decoding raises; RecursionError for JSON that is nested some 1,000 deep."""

MAX_WORDS_CHARS = 500


class Reply(NamedTuple):
    """A reply of any status; `asking` is its request in words, such as POST http://.../predict."""

    asking: str
    status: int
    headers: httpx.Headers
    body: bytes


class Unanswered(ServiceDown):
    """A failed attempt that may be repeated, after `wait_seconds` if the service named them."""

    def __init__(self, asking: str, found: str, wait_seconds: float | None = None) -> None:
        super().__init__(f"{asking}: {found}. {WHEN_DOWN}")
        self.wait_seconds = wait_seconds


def translate(error: Exception, asking: str) -> ServiceDown | ServiceBroken:
    """Our error for one of httpx: ServiceDown for what may pass, ServiceBroken for what cannot."""
    found = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    match error:
        case httpx.UnsupportedProtocol() | httpx.LocalProtocolError():
            return ServiceBroken(f"{asking}: {found}. {WHEN_BROKEN}")
        case httpx.TransportError():
            return Unanswered(asking, found)
        case _:
            return ServiceBroken(f"{asking}: {found}. {WHEN_BROKEN}")


def unexpected(reply: Reply) -> ServiceBroken:
    """The error for a status that is neither answer nor refusal, and will not pass by itself."""
    location = shortened(for_terminal(reply.headers.get("location", "")))
    to = f" to {location}" if location else ""
    return broken(reply, f"expected status 200, found {reply.status}{to}: {error_text(reply)}")


def broken(reply: Reply, found: str) -> ServiceBroken:
    """The error for a reply that breaks the protocol."""
    return ServiceBroken(f"{reply.asking}: {found}. {WHEN_BROKEN}")


def error_text(reply: Reply) -> str:
    """The service's own error text: its `detail` where that is text, else the whole body."""
    text = reply.body.decode(errors="replace")
    try:
        error = msgspec.json.decode(reply.body)
    except NOT_JSON:
        error = None
    if isinstance(error, dict) and isinstance(error.get("detail"), str):
        text = error["detail"]
    words = for_terminal(" ".join(text.split()))  # also without NUL, which PostgreSQL cannot store
    return shortened(words, MAX_WORDS_CHARS) or f"status {reply.status}"


def without_secrets(url: httpx.URL) -> str:
    """The address as it may be shown: without password and query."""
    return str(url.copy_with(userinfo=b"", query=None))
