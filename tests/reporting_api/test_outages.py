"""What happens to the API while others fail: the database, the audit log, clients, and the clock.

The PostgreSQL here is the module's own, for it is crashed.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import jwt
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.postgres import OwnServer, own_server
from tests.reporting_api.loaded import ANN, load_all
from tests.reporting_api.running import Api, running_api

PATH = f"/users/{ANN}/payments"
DATABASE = "outages"
SIGNING = ec.generate_private_key(ec.SECP256R1())
CLAIMS = {"iss": "https://login.example", "aud": "txcat", "sub": ANN}
OF_THE_API = "SELECT count(*), count(*) FILTER (WHERE state = 'active') FROM pg_stat_activity " + (
    f"WHERE datname = '{DATABASE}' AND pid <> pg_backend_pid() AND query LIKE '%payments%'"
)


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    """A server that may be crashed."""
    with own_server() as server:
        server.postgres.run(f"CREATE DATABASE {DATABASE}")
        yield server


@pytest.fixture(scope="module")
def api(server: OwnServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API on it; it believes tokens too, and waits long for locks."""
    folder = tmp_path_factory.mktemp("outages")
    url = server.postgres.url_of(DATABASE)
    load_all(folder, url)
    public = folder / "public.pem"
    public.write_bytes(
        SIGNING.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    believed = {"jwt_keys": public, "jwt_issuer": CLAIMS["iss"], "jwt_audience": CLAIMS["aud"]}
    with running_api(folder, url, wait_seconds=30, **believed) as api:
        yield api


@contextmanager
def superuser(server: OwnServer) -> Iterator[psycopg.Connection]:
    """A session of somebody who may do anything to the API's database."""
    with psycopg.connect(server.postgres.url_of(DATABASE), autocommit=True) as session:
        yield session


@contextmanager
def held(server: OwnServer) -> Iterator[psycopg.Connection]:
    """While the block runs every question about payments waits, as one that takes long does."""
    with superuser(server) as session, session.transaction():
        session.execute("LOCK TABLE judged.payments IN ACCESS EXCLUSIVE MODE")
        yield session


def until(server: OwnServer, active: int) -> None:
    """Wait until so many questions about payments are being answered by the database."""
    with superuser(server) as session:
        for _ in range(100):
            if (session.execute(OF_THE_API).fetchone() or (0, 0))[1] == active:
                return
            time.sleep(0.1)
    pytest.fail(f"there are never {active} questions at work")


def test_a_database_that_is_down_is_told_in_words_and_is_back_without_a_restart(
    server: OwnServer, api: Api
) -> None:
    key = api.keys["ann"]
    assert api.get(PATH, key).status_code == 200
    server.crash()
    try:
        reply = api.get(PATH, key)
        assert (reply.status_code, reply.headers["content-type"]) == (
            503,
            "application/problem+json",
        )
        assert "ask again" in reply.json()["detail"]
        assert int(reply.headers["retry-after"]) > 0
        assert api.get("/ready").status_code == 503
        assert api.get("/health").status_code == 200
    finally:
        server.start()
    assert api.get(PATH, key).status_code == 200
    assert api.get("/ready").status_code == 200


def test_an_access_that_cannot_be_noted_is_refused_in_words(server: OwnServer, api: Api) -> None:
    key = api.keys["ann"]
    with superuser(server) as session:
        session.execute("ALTER TABLE access.audit ADD CONSTRAINT no CHECK (false) NOT VALID")
        try:
            reply = api.get(PATH, key)
            assert reply.status_code == 503
            assert "audit log cannot be written" in reply.json()["detail"]
            assert ANN not in reply.text
        finally:
            session.execute("ALTER TABLE access.audit DROP CONSTRAINT no")
    assert api.get(PATH, key).status_code == 200


def test_a_question_is_cancelled_when_its_client_goes_and_its_connection_serves_the_next(
    server: OwnServer, api: Api
) -> None:
    key, address = api.keys["ann"], urlsplit(api.url)
    asked = f"GET {PATH} HTTP/1.1\r\nhost: {address.netloc}\r\nauthorization: Bearer {key}\r\n\r\n"
    with held(server):
        with socket.create_connection((address.hostname, address.port or 80)) as client:
            client.sendall(asked.encode())
            until(server, 1)
        until(server, 0)  # though nobody has released the table
    assert api.get(PATH, key).status_code == 200
    with superuser(server) as session:
        ours, active = session.execute(OF_THE_API).fetchone() or (0, 0)
    assert (ours <= 2, active) == (True, 0), "no connection is left behind"


def test_a_token_that_expires_while_it_is_answered_is_answered_and_then_no_more(
    server: OwnServer, api: Api
) -> None:
    token = jwt.encode({**CLAIMS, "exp": time.time() + 3}, SIGNING, "ES256")
    replies: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: replies.append(api.get(PATH, token)))
    with held(server):
        asking.start()
        until(server, 1)
        while api.get("/users/x/payments", token).status_code != 401:
            time.sleep(0.2)
    asking.join()
    assert replies[0].status_code == 200
    assert len(replies[0].json()["payments"]) == 6
    assert api.get(PATH, token).status_code == 401


@pytest.mark.parametrize(("content", "status"), [(b"", 401), (b"no database " * 999, 503)])
def test_a_file_of_keys_that_is_damaged_answers_nobody(
    tmp_path: Path, content: bytes, status: int
) -> None:
    with running_api(tmp_path, f"duckdb:///{tmp_path}/none.duckdb") as api:
        key = api.new_key("analyst")
        (store,) = tmp_path.glob("*.sqlite")
        store.write_bytes(content)
        reply = api.get(PATH, key)
        assert (reply.status_code, reply.json()["status"]) == (status, status)
