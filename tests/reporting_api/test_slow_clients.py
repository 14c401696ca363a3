"""A thousand clients that are slow on purpose: what becomes of them, and of all others."""

import time
from collections import Counter
from collections.abc import Iterator

import httpx
import psutil
import pytest

from tests.kafka.broker import until
from tests.reporting_api.loaded import ANN, load_all
from tests.reporting_api.running import Api, running_api
from tests.security.raw_http import connect, many_connections, read_to_end

SLOW, CONNECTIONS, ARRIVAL_SECONDS = 1_000, 256, 3
PATH = f"/users/{ANN}/payments"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API with as many connections as by default, and less patience."""
    folder = tmp_path_factory.mktemp("slow")
    url = f"duckdb:///{folder}/warehouse.duckdb"
    load_all(folder, url)
    limits = {"max_connections": CONNECTIONS, "arrival_seconds": ARRIVAL_SECONDS}
    with running_api(folder, url, **limits) as api:
        yield api


def elsewhere(api: Api, key: str) -> httpx.Response:
    """The answer to a client of another address."""
    way = httpx.HTTPTransport(local_address="127.0.0.2")
    with httpx.Client(transport=way, timeout=20) as client:
        return client.get(api.url + PATH, headers={"authorization": f"Bearer {key}"})


def clients_of(api: Api) -> set[int]:
    """The ports of the clients whose connections the API holds."""
    found = psutil.Process(api.process.pid).net_connections("tcp")
    return {one.raddr.port for one in found if one.status == psutil.CONN_ESTABLISHED}


def test_a_thousand_half_sent_requests_keep_nobody_else_out(api: Api) -> None:
    key = api.keys["ann"]
    half = f"GET {PATH} HTTP/1.1\r\nhost: x\r\nx-slow: ".encode()
    began = time.monotonic()
    with many_connections(api.url, SLOW, half) as connections:
        assert [elsewhere(api, key).status_code for _ in range(5)] == [200] * 5
        assert time.monotonic() - began < 20
        replies = Counter(read_to_end(connection)[9:12] for connection in connections)
    assert replies[b"408"] <= CONNECTIONS // 2 + SLOW // 10, "no more of them were waited for"
    assert replies.keys() <= {b"408", b"503", b""}
    assert api.get(PATH, key).status_code == 200, "once they are gone their address is served too"


def test_an_answer_that_is_never_taken_is_cut(api: Api) -> None:
    with connect(api.url) as client:
        client.sendall(b"GET /schema/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n" * 100)
        port = client.getsockname()[1]
        until(lambda: port in clients_of(api))
        until(lambda: port not in clients_of(api), 40)
    assert "request failed" not in api.log.read_text()
