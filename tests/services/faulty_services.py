"""ML services that keep the protocol badly: tiny real HTTP servers, each named for its fault.

A behaviour is a function that answers one `Exchange`; `serving` runs a server that has it.
"""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HTML = b"<html><h1>Sign in to continue</h1></html>"
Item = dict[str, str]


class Exchange(BaseHTTPRequestHandler):
    """One request to POST /predict: its `items`, its number, and the means to answer it."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: two would each wait for the other side's receipt
    server: "FaultyService"
    items: list[Item]
    number: int

    def do_GET(self) -> None:
        self.server.looked_at.append(self.path)
        self.say(200, self.server.ready)

    def do_POST(self) -> None:
        self.items = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with self.server.lock:
            self.server.asked.append(len(self.items))
            self.number = len(self.server.asked)
        self.server.behaviour(self)

    def say(self, status: int, body: object, **headers: str) -> None:
        """Answer with these bytes, or with this as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"content_length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing on the tests' output."""


Behaviour = Callable[[Exchange], None]


class FaultyService(ThreadingHTTPServer):
    """Serves one behaviour; `asked` has the length of each list that came, `looked_at` paths."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, behaviour: Behaviour, ready: object) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.behaviour, self.ready = behaviour, ready
        self.lock = threading.Lock()
        self.asked: list[int] = []
        self.looked_at: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """Take it as meant that a connection breaks."""


@contextmanager
def serving(behaviour: Behaviour, ready: object = None) -> Iterator[FaultyService]:
    """Run a server with this behaviour; `ready` is its answer to GET /ready."""
    with FaultyService(behaviour, ready or {"model_version": "m1"}) as service:
        thread = threading.Thread(target=service.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield service
        finally:
            service.shutdown()
            thread.join()


def predictions(items: list[Item], category: str = "Food") -> list[Item]:
    """What a good service would say."""
    return [{"transaction_id": item["id"], "category": category} for item in items]


def answers_well(exchange: Exchange) -> None:
    exchange.say(200, predictions(exchange.items))


def answers_backwards(exchange: Exchange) -> None:
    exchange.say(200, predictions(exchange.items)[::-1])


def forgets_one(exchange: Exchange) -> None:
    exchange.say(200, predictions(exchange.items)[1:])


def answers_for_a_stranger(exchange: Exchange) -> None:
    stranger = {"transaction_id": "stranger", "category": "Food"}
    exchange.say(200, [*predictions(exchange.items)[1:], stranger])


def answers_one_twice(exchange: Exchange) -> None:
    answers = predictions(exchange.items)
    exchange.say(200, [*answers[1:], answers[-1]])


def knows_another_label(exchange: Exchange) -> None:
    exchange.say(200, predictions(exchange.items, "Gambling"))


def answers_null(exchange: Exchange) -> None:
    exchange.say(200, [{"transaction_id": item["id"], "category": None} for item in exchange.items])


def answers_one_object(exchange: Exchange) -> None:
    exchange.say(200, predictions(exchange.items)[0])


def breaks_its_json(exchange: Exchange) -> None:
    exchange.say(200, json.dumps(predictions(exchange.items)).encode()[:-1])


def nests_its_json(exchange: Exchange) -> None:
    exchange.say(200, b'[{"more":' + b"[" * 100_000)


def is_a_sign_in_page(exchange: Exchange) -> None:
    exchange.say(200, HTML, content_type="text/html")


def redirects(exchange: Exchange) -> None:
    exchange.say(307, b"", location="http://elsewhere.example/predict")


def wants_a_password(exchange: Exchange) -> None:
    exchange.say(401, {"detail": "who are you?"})


def is_not_there(exchange: Exchange) -> None:
    exchange.say(404, {"detail": "no such page"})


def takes_no_post(exchange: Exchange) -> None:
    exchange.say(405, {"detail": "GET only"})


def says_nothing(exchange: Exchange) -> None:
    exchange.say(204, b"")


def is_another_model(exchange: Exchange) -> None:
    exchange.say(200, predictions(exchange.items), x_model_version="m2")


def packs_its_reply(exchange: Exchange) -> None:
    exchange.say(200, predictions(exchange.items), content_encoding="gzip")


def never_stops_talking(exchange: Exchange) -> None:
    exchange.say(200, b" " * (17 * 1024 * 1024))


def cuts_the_connection(exchange: Exchange) -> None:
    exchange.connection.shutdown(socket.SHUT_RDWR)
    exchange.close_connection = True


def cuts_the_reply(exchange: Exchange) -> None:
    exchange.send_response(200)
    exchange.send_header("content-length", "1000")
    exchange.end_headers()
    exchange.wfile.write(b"[")
    exchange.close_connection = True


def speaks_no_http(exchange: Exchange) -> None:
    exchange.wfile.write(b"220 smtp.example ready\r\n")
    exchange.close_connection = True


def hangs(exchange: Exchange) -> None:
    time.sleep(1.5)
    exchange.close_connection = True


def drips(exchange: Exchange) -> None:
    exchange.send_response(200)
    exchange.send_header("content-length", "1000")
    exchange.end_headers()
    for _ in range(1000):
        time.sleep(0.05)
        exchange.wfile.write(b" ")
        exchange.wfile.flush()


def is_overloaded(exchange: Exchange) -> None:
    exchange.say(503, HTML, content_type="text/html")


def crashes(exchange: Exchange) -> None:
    exchange.say(500, {"detail": "division by zero"})
