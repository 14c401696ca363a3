"""Limits on how a request arrives and its answer is taken: size, time, and how many connections.

uvicorn limits none of these where httptools reads requests, so every web service of txcat uses the
protocol of this module. What a body means and how large it may be is up to the service.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle


@dataclass(frozen=True)
class Limits:
    """What a client may take of a server process; bytes are those on the wire."""

    max_head_bytes: int = 16 * 1024
    """Request line and headers together; more is answered by 431."""

    max_request_bytes: int = 34 * 1024 * 1024
    """Headers, body and the framing of a body in chunks; more is answered by 413."""

    arrival_seconds: float = 30
    """From the first byte, or from connecting, to the last byte of a request; then 408. As long may
    a client take over each part of its answer, some 50 kB; then the connection is cut."""

    max_connections: int = 128
    """Open at once; those beyond are answered by 503."""

    max_arriving_of_address: int | None = None
    """Connections of one address whose request has not arrived whole; those beyond are answered by
    503, so that no single machine keeps all others out. None where all come from one address."""


class LimitedConfig(uvicorn.Config):
    """uvicorn's configuration, under limits that every worker process is handed too."""

    def __init__(self, app: Any, limits: Limits, **options: Any) -> None:
        super().__init__(
            app, http=LimitedProtocol, limit_concurrency=limits.max_connections, **options
        )
        self.limits = limits


class LimitedProtocol(HttpToolsProtocol):
    """One connection. What goes beyond a limit gets one reply, and the connection is closed.

    A request that follows another in the same packet is counted with it: no client that waits for
    its answers is ever refused for that.
    """

    config: LimitedConfig

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._received_bytes = 0
        self._is_in_head = True
        self._timer: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Begin to wait for a request, unless too many connections are open."""
        super().connection_made(transport)
        limits = self.config.limits
        is_full = len(self.connections) > limits.max_connections
        if is_full or self._arriving_of_address() == limits.max_arriving_of_address:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
        else:
            self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._stop_timer()
        self._stop_taking()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client has not taken what was sent so far: give it some time."""
        super().pause_writing()
        seconds = self.config.limits.arrival_seconds
        self._taking = self.loop.call_later(seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It has taken enough for more to be sent."""
        self._stop_taking()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Read on, and count the bytes of this request."""
        if self.transport.is_closing():
            return
        self._start_timer()
        super().data_received(data)
        self._received_bytes += len(data)
        self._refuse_if_too_large(self._received_bytes)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._received_bytes, self._is_in_head = 0, True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; those behind the body are dropped, for nobody reads them."""
        if self._is_in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Hand the request on, unless its headers came whole in one packet and are too large."""
        self._refuse_if_too_large(len(self.url) + sum(map(_size, self.headers)))
        self._is_in_head = False
        if not self.transport.is_closing():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body of a request that was not refused."""
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is here whole."""
        self._stop_timer()
        if not self.transport.is_closing():
            super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """From here on the connection is another protocol's."""
        self._stop_timer()
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """Reply once that the request is broken."""
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def _refuse_if_too_large(self, received_bytes: int) -> None:
        limits = self.config.limits
        if self._is_in_head and received_bytes > limits.max_head_bytes:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif received_bytes > limits.max_request_bytes:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    def _start_timer(self) -> None:
        if self._timer is None:
            seconds = self.config.limits.arrival_seconds
            self._timer = self.loop.call_later(seconds, self._refuse, HTTPStatus.REQUEST_TIMEOUT)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stop_taking(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _arriving_of_address(self) -> int:
        """How many other connections of this one's address wait for their request."""
        others = (one for one in self.connections if isinstance(one, LimitedProtocol))
        return sum(one._timer is not None and _host(one) == _host(self) for one in others)

    def _refuse(self, status: HTTPStatus) -> None:
        """Reply by this status, unless an answer has begun, and close the connection."""
        if self.transport.is_closing():
            return
        if not self._is_answering():
            self.transport.write(_plain_reply(status))
        self.transport.close()

    def _is_answering(self) -> bool:
        """Whether an answer has begun and not ended, into which nothing else may be written."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and cycle.response_started and not cycle.response_complete


def _host(protocol: LimitedProtocol) -> str | None:
    return protocol.client[0] if protocol.client else None


def _size(header: tuple[bytes, bytes]) -> int:
    """The bytes of a header on the wire, with ": " and the end of its line."""
    name, value = header
    return len(name) + len(value) + 4


def _plain_reply(status: HTTPStatus) -> bytes:
    """A whole reply of one line."""
    text = f"{status.phrase}\n"
    return (
        f"HTTP/1.1 {status} {status.phrase}\r\ncontent-type: text/plain; charset=utf-8\r\n"
        f"content-length: {len(text)}\r\nconnection: close\r\n\r\n{text}"
    ).encode()
