"""Requests as an attacker writes them: bytes on a socket, whole or not.

A client library would refuse to send most of them.
"""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import httpx

PATIENCE_SECONDS = 30


def connect(url: str) -> socket.socket:
    """A connection to a service."""
    address = (httpx.URL(url).host, httpx.URL(url).port or 80)
    return socket.create_connection(address, timeout=PATIENCE_SECONDS)


def send(url: str, *parts: bytes) -> bytes:
    """What comes back for these bytes, until the service closes the connection."""
    with connect(url) as connection:
        with suppress(ConnectionError):  # it may close before all is sent
            for part in parts:
                connection.sendall(part)
        return read_to_end(connection)


def read_to_end(connection: socket.socket) -> bytes:
    """All that still comes; a connection that is reset has ended too."""
    received = bytearray()
    with suppress(ConnectionError):
        while piece := connection.recv(65_536):
            received += piece
    return bytes(received)


@contextmanager
def many_connections(url: str, number: int, first_bytes: bytes) -> Iterator[list[socket.socket]]:
    """So many connections at once, each of which has sent some bytes."""
    with ExitStack() as stack:
        connections = [stack.enter_context(connect(url)) for _ in range(number)]
        for connection in connections:
            with suppress(ConnectionError):
                connection.sendall(first_bytes)
        yield connections
