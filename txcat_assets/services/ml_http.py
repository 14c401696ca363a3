"""HTTP requests to the ML service: a pool of connections, retries, timeouts and limits of size.

What a reply means is decided in `ml_protocol`, what is asked in `ml`, how errors are worded in
`ml_errors`.
"""

import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial

import httpx
import stamina

from txcat_assets.errors import ServiceBroken
from txcat_assets.services.ml_errors import (
    WHEN_BROKEN,
    Reply,
    Unanswered,
    error_text,
    translate,
    without_secrets,
)
from txcat_assets.text import for_terminal, shortened, without_login

# Each retry would print a line on standard output; the error of the last one says what went wrong.
stamina.instrumentation.set_on_retry_hooks([])

MAX_REPLY_BYTES = 16 * 1024 * 1024
"""More than a list of answers can fill: 1,000 of them take some 90 KB."""

THIS_MACHINE = ("all://127.0.0.1", "all://[::1]", "all://localhost")
"""Asked directly, even where the environment names a proxy."""

HEADERS = {
    "content-type": "application/json",
    "accept": "application/json",
    "accept-encoding": "identity",  # a small reply would otherwise unpack into gigabytes
}

TOO_MANY_REQUESTS, SERVER_ERROR = 429, 500
"""429, and 500 and above: it may pass by itself, so the request is repeated. All other statuses
are left to `ml_protocol`."""


@dataclass(frozen=True)
class MlConfig:
    """Where the service is, how much it is given at a time and how long it is waited for.

    `read_seconds` is the longest silence within a reply, `total_seconds` the longest that one list
    is tried, all `attempts` and the waits between them included.
    """

    url: str
    list_items: int = 1_000
    lists_at_once: int = 8
    connect_seconds: float = 5
    read_seconds: float = 30
    total_seconds: float = 60
    attempts: int = 5


class MlConnection:
    """A pool of connections to the service at one URL; safe to use from several threads."""

    def __init__(self, config: MlConfig) -> None:
        self._config = config
        self._client = httpx.Client(
            base_url=_address(config.url),
            limits=httpx.Limits(max_connections=config.lists_at_once),
            mounts=dict.fromkeys(THIS_MACHINE),
            headers=HEADERS,
            timeout=config.read_seconds,  # each request has one of its own, up to its deadline
        )

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def ask(self, method: str, path: str, body: bytes = b"") -> Reply:
        """The reply of the service; a request that failed for a passing reason is repeated.

        Raises ServiceDown when there is no reply within the attempts and the time of the config,
        ServiceBroken when what comes is not a reply that the protocol allows.
        """
        deadline = time.monotonic() + self._config.total_seconds
        for attempt in stamina.retry_context(
            on=partial(_retry_wait, deadline),
            attempts=self._config.attempts,
            timeout=self._config.total_seconds,
            wait_initial=0.2,
            wait_jitter=0.5,
        ):
            with attempt:
                timeout = self._timeout(deadline)
                request = self._client.build_request(method, path, content=body, timeout=timeout)
                return self._try(request, deadline)
        raise AssertionError("the last attempt returns or raises")

    def _timeout(self, deadline: float) -> httpx.Timeout:
        """The timeouts of one attempt, none beyond the deadline; 0 would mean not to wait."""
        left = max(deadline - time.monotonic(), 0.1)
        connect_seconds = min(self._config.connect_seconds, left)
        return httpx.Timeout(min(self._config.read_seconds, left), connect=connect_seconds)

    def _try(self, request: httpx.Request, deadline: float) -> Reply:
        asking = f"{request.method} {without_secrets(request.url)}"
        try:
            response = self._client.send(request, stream=True)
            try:
                body = _receive(response, asking, deadline)
            finally:
                response.close()
        except httpx.HTTPError as error:
            raise translate(error, asking) from error
        reply = Reply(asking, response.status_code, response.headers, body)
        if reply.status == TOO_MANY_REQUESTS or reply.status >= SERVER_ERROR:
            found = f"the service answered {reply.status}: {error_text(reply)}"
            raise Unanswered(asking, found, _retry_after_seconds(response))
        return reply


def _address(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise translate(error, "TXCAT_ML_URL") from error
    if url.scheme not in {"http", "https"} or not url.host:
        expected = "expected an address like http://127.0.0.1:8900"
        raise ServiceBroken(f"TXCAT_ML_URL: {expected}, found {without_login(text)!r}.")
    return url


def _retry_wait(deadline: float, error: Exception) -> bool | float:
    """Whether to repeat the request; in how many seconds, if the service named them."""
    if not isinstance(error, Unanswered):
        return False
    if error.wait_seconds is None:
        return True
    wait_seconds = error.wait_seconds + random.uniform(0, 0.1)  # noqa: S311  # not all at once
    return wait_seconds if time.monotonic() + wait_seconds < deadline else False


def _receive(response: httpx.Response, asking: str, deadline: float) -> bytes:
    """The whole body; httpx limits the silence between two pieces, this the sum of them."""
    if (coding := response.headers.get("content-encoding", "identity")) != "identity":
        packed_by = shortened(for_terminal(coding))
        found = f"the reply is compressed by {packed_by}, which is not allowed"
        raise ServiceBroken(f"{asking}: {found}. {WHEN_BROKEN}")
    body = bytearray()
    for piece in response.iter_raw():
        body += piece
        if len(body) > MAX_REPLY_BYTES:
            found = f"the reply has more than {MAX_REPLY_BYTES} bytes"
            raise ServiceBroken(f"{asking}: {found}. {WHEN_BROKEN}")
        if time.monotonic() > deadline:
            raise Unanswered(asking, "the reply did not end within the total time limit")
    return bytes(body)


def _retry_after_seconds(response: httpx.Response) -> float | None:
    """Retry-After is a number of seconds or a date; anything else is ignored."""
    value = response.headers.get("retry-after", "")
    if value.isdecimal():
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    left: float = (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return max(0.0, left)
