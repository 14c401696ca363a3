"""Real receivers of alarms on this machine: a web server and a mail server that keep what came.

Each can be told to take nothing.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tools.kafka_broker import free_port


@dataclass
class Receiver:
    """Where it listens, what has come, and whether it takes anything."""

    port: int
    came: list[Any] = field(default_factory=list)
    is_taking: bool = True


@contextmanager
def web_server() -> Iterator[Receiver]:
    """A web server that takes JSON."""
    receiver = Receiver(free_port())

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if receiver.is_taking:
                receiver.came.append(json.loads(body))
            self.send_response(200 if receiver.is_taking else 503)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", receiver.port), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def mail_server(**options: Any) -> Iterator[Receiver]:
    """A mail server; what came is a list of `EmailMessage`. `options` are those of aiosmtpd."""
    receiver = Receiver(free_port())

    class Handler:
        async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
            if not receiver.is_taking:
                return "451 not now"
            content = envelope.content
            assert isinstance(content, bytes)
            mail = message_from_bytes(content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            receiver.came.append(mail)
            return "250 taken"

    controller = Controller(Handler(), hostname="127.0.0.1", port=receiver.port, **options)
    controller.start()
    try:
        yield receiver
    finally:
        controller.stop()
