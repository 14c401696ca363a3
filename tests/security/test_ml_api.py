"""Attacks on the ML service by whoever can reach its port: what arrives, and what is logged.

Lines 6 and 7 of the attack list in docs/security.md.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.security.raw_http import connect, many_connections, read_to_end, send
from tests.services.records import transaction
from tests.services.running import Running, running_ml_api

ARRIVAL_SECONDS, MAX_CONNECTIONS, MAX_HEAD_BYTES = 2, 20, 16_384
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    limits = {"arrival_seconds": ARRIVAL_SECONDS, "max_connections": MAX_CONNECTIONS}
    folder = tmp_path_factory.mktemp("limited")
    with running_ml_api(folder, **limits, max_body_bytes=MIB, log_level="debug") as running:
        yield running


def resident_bytes(running: Running) -> int:
    return int(psutil.Process(running.process.pid).memory_info().rss)


HEAD = b"POST /predict HTTP/1.1\r\nhost: ml\r\n"
HALF_SENT = {
    "nothing": b"",
    "blank lines": b"\r\n" * 10,
    "half a line": b"POST /pre",
    "half the headers": HEAD,
    "half the body": HEAD + b"content-length: 9\r\n\r\n[",
    "half a chunk": HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\n[",
}


@pytest.mark.parametrize("sent", HALF_SENT.values(), ids=HALF_SENT)
def test_a_request_that_does_not_arrive_in_time_is_ended(limited: Running, sent: bytes) -> None:
    start = time.monotonic()
    with many_connections(limited.url, MAX_CONNECTIONS - 2, sent) as connections:
        assert httpx.get(f"{limited.url}/health").is_success
        replies = [read_to_end(connection) for connection in connections]
    assert time.monotonic() - start < ARRIVAL_SECONDS + 10
    assert {reply[:12] for reply in replies} == {b"HTTP/1.1 408"}
    assert "request failed" not in limited.log.read_text()


def test_a_body_that_drips_is_ended_too(limited: Running) -> None:
    with connect(limited.url) as connection:
        connection.sendall(HALF_SENT["half the body"].replace(b"9", b"999"))
        start = time.monotonic()
        connection.settimeout(0.2)
        while time.monotonic() - start < ARRIVAL_SECONDS + 10:
            try:
                connection.sendall(b" ")
                if connection.recv(100).startswith(b"HTTP/1.1 408"):
                    return
            except TimeoutError:
                pass
    pytest.fail("the body may drip for ever")


def test_a_connection_that_is_kept_open_has_as_long_for_its_next_request(limited: Running) -> None:
    with connect(limited.url) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nhost: ml\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        connection.sendall(b"GET /hea")
        assert b"HTTP/1.1 408" in read_to_end(connection)


def test_connections_beyond_the_limit_are_told_to_come_later(limited: Running) -> None:
    with many_connections(limited.url, 3 * MAX_CONNECTIONS, b"GET /he") as connections:
        replies = [read_to_end(connection)[:12] for connection in connections]
    told_later = replies.count(b"HTTP/1.1 503")  # one more where an earlier test is not gone yet
    assert 2 * MAX_CONNECTIONS <= told_later < 3 * MAX_CONNECTIONS
    assert httpx.get(f"{limited.url}/health").is_success


TOO_LARGE = {
    "one header in one packet": [HEAD, b"x: " + b"a" * 100_000 + b"\r\n\r\n"],
    "one header without end": [HEAD, b"x: ", *[b"a" * MIB] * 30],
    "headers without end": [HEAD, *[b"x: a\r\n" * 100_000] * 30],
    "an address without end": [b"GET /", *[b"a" * MIB] * 30],
}


@pytest.mark.parametrize("parts", TOO_LARGE.values(), ids=TOO_LARGE)
def test_headers_take_no_memory_beyond_their_limit(limited: Running, parts: list[bytes]) -> None:
    before = resident_bytes(limited)
    assert send(limited.url, *parts)[:12] in {b"HTTP/1.1 431", b""}
    assert resident_bytes(limited) - before < 10 * MIB


CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n"
TRAILERS = {
    "one trailer without end": [CHUNKED, b"x: ", *[b"a" * MIB] * 30],
    "trailers without end": [CHUNKED, *[b"x: a\r\n" * 100_000] * 30],
    "chunks of one byte": [CHUNKED[:-14], *[b"1\r\n \r\n" * 100_000] * 30],
}


@pytest.mark.parametrize("parts", TRAILERS.values(), ids=TRAILERS)
def test_what_comes_around_a_body_is_limited_too(limited: Running, parts: list[bytes]) -> None:
    before = resident_bytes(limited)
    send(limited.url, *parts)
    assert resident_bytes(limited) - before < 20 * MIB
    assert httpx.get(f"{limited.url}/health").is_success


def test_headers_within_the_limit_are_taken(limited: Running) -> None:
    headers = {"x": "a" * (MAX_HEAD_BYTES - 1_000)}
    assert httpx.post(f"{limited.url}/predict", content=b"[]", headers=headers).is_success


@pytest.mark.parametrize("field", ["description", "merchant", "operation_type"])
def test_text_that_is_not_utf8_is_refused_by_index(ml_url: str, field: str) -> None:
    record = json.dumps(transaction(**{field: "rent"})).encode()
    body = b"[" + b",".join([record, record.replace(b"rent", b"\xff"), record]) + b"]"
    reply = httpx.post(f"{ml_url}/predict", content=body)
    assert (reply.status_code, reply.json()["code"]) == (400, "broken_text")
    assert [(fault["index"], fault["field"]) for fault in reply.json()["errors"]] == [(1, field)]


def test_one_record_that_is_not_utf8_is_refused_so_too(ml_url: str) -> None:
    record = json.dumps(transaction(description="rent")).encode().replace(b"rent", b"\xff")
    reply = httpx.post(f"{ml_url}/predict", content=record)
    assert (reply.status_code, reply.json()["errors"][0]["index"]) == (400, 0)


FAILING_SERVICE = """
import ml_api.app, ml_api.__main__

def predict(transactions):
    secret = transactions[0].description
    try:
        raise KeyError(secret)
    except KeyError as error:
        raise ValueError(f"cannot read {secret}") from error

ml_api.app.predict = predict
ml_api.__main__.main()
"""
"""The service with a model that fails, and that says which record it was."""


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_failure_puts_no_record_into_the_log(tmp_path: Path, log_format: str) -> None:
    port_file, log = tmp_path / "port", tmp_path / "log"
    command = [sys.executable, "-c", FAILING_SERVICE, "--port=0", f"--port-file={port_file}"]
    with log.open("wb") as lines:
        process = subprocess.Popen(
            [*command, f"--log-format={log_format}"], stdout=lines, stderr=lines
        )
        while not port_file.exists() and process.poll() is None:
            time.sleep(0.05)
        url = f"http://127.0.0.1:{port_file.read_text().strip()}"
        body = json.dumps(transaction(description="IBAN of Mrs Secret")).encode()
        reply = httpx.post(f"{url}/predict", content=body)
        process.terminate()
        process.wait(20)
    assert (reply.status_code, reply.json()["code"]) == (500, "internal_error")
    logged = log.read_text()
    assert "Secret" not in logged + reply.text
    assert all(word in logged for word in ("request failed", "ValueError", "KeyError", "predict"))


@pytest.mark.parametrize("body", [b'[{"id": "Secret"}]', b"Secret", b'["Secret\xff"]'])
def test_a_refused_body_is_not_in_the_log(limited: Running, body: bytes) -> None:
    assert httpx.post(f"{limited.url}/predict?Secret=1", content=body).is_client_error
    assert "Secret" not in limited.log.read_text()


SMUGGLED = {
    "two lengths": b"content-length: 2\r\ncontent-length: 30\r\n\r\n[]GET /smuggled",
    "a length and chunks": b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "a blank before a colon": b"content-length : 2\r\n\r\n[]",
    "a folded header": b"x: a\r\n b\r\ncontent-length: 2\r\n\r\n[]",
    "a length with a sign": b"content-length: +2\r\n\r\n[]",
    "an unknown coding": b"transfer-encoding: xchunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("rest", SMUGGLED.values(), ids=SMUGGLED)
def test_a_request_of_two_meanings_is_refused(limited: Running, rest: bytes) -> None:
    reply = send(limited.url, HEAD, rest)
    assert reply.count(b"HTTP/1.1") == 1
    assert reply.startswith((b"HTTP/1.1 400", b"HTTP/1.1 408"))
    assert "smuggled" not in limited.log.read_text()


def test_an_id_with_a_line_break_reaches_neither_header_nor_log(limited: Running) -> None:
    head = b"GET /health HTTP/1.1\r\nhost: ml\r\nconnection: close\r\n"
    reply = send(limited.url, head, b"x-request-id: a\rset-cookie: b=1\r\n\r\n")
    assert b"set-cookie" not in reply
    assert "set-cookie" not in limited.log.read_text()
