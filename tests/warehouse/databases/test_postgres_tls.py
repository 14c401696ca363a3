"""What a URL says of TLS is kept: the server's certificate is asked for, and looked at.

The wheel's server has no TLS of its own, so a small gate before it has: it answers as PostgreSQL
does, and hands on what it deciphers.
"""

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.certificates import certificate
from tests.postgres import Postgres
from txcat_assets.errors import WarehouseRefused
from txcat_assets.warehouse.databases.postgres import PostgresWarehouse


class Gate:
    """Speaks TLS to clients and hands on to a server without."""

    def __init__(self, to: tuple[str, int], shown: Path) -> None:
        self._to = to
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(shown, shown.with_suffix(".key"))
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Let nobody in any more."""
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            threading.Thread(target=self._let_in, args=(client,), daemon=True).start()

    def _let_in(self, client: socket.socket) -> None:
        with client:
            client.recv(8)  # the request for TLS
            client.sendall(b"S")
            try:
                inside = self._context.wrap_socket(client, server_side=True)
            except (ssl.SSLError, OSError):
                return
            with inside, socket.create_connection(self._to) as server:
                back = threading.Thread(target=hand_on, args=(server, inside), daemon=True)
                back.start()
                hand_on(inside, server)
                back.join()


def hand_on(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the certificates are."""
    made = tmp_path_factory.mktemp("tls")
    for name in ("shown", "other"):
        certificate(made, name)
    return made


@pytest.fixture(scope="module")
def gate(postgres: Postgres, folder: Path) -> Iterator[Gate]:
    """The gate before the server."""
    gate = Gate(
        (postgres.setting("host"), int(postgres.setting("port"))),
        folder / "shown.pem",
    )
    yield gate
    gate.close()


def through(gate: Gate, postgres: Postgres, how: str) -> PostgresWarehouse:
    url = postgres.url_of("postgres", port=str(gate.port), host="127.0.0.1")
    return PostgresWarehouse(f"{url}?{how}", wait_seconds=5, statement_seconds=60)


def assert_refused(warehouse: PostgresWarehouse) -> None:
    refused = pytest.raises(WarehouseRefused, match="Look at sslmode and sslrootcert")
    with refused, warehouse.transaction():
        pass


def test_a_certificate_of_the_named_authority_is_taken(
    gate: Gate, postgres: Postgres, folder: Path
) -> None:
    how = f"sslmode=verify-full&sslrootcert={folder}/shown.pem"
    with through(gate, postgres, how).transaction() as tx:
        assert tx.rows("SELECT 1") == [(1,)]


def test_a_certificate_of_another_authority_is_refused(
    gate: Gate, postgres: Postgres, folder: Path
) -> None:
    how = f"sslmode=verify-full&sslrootcert={folder}/other.pem"
    assert_refused(through(gate, postgres, how))


def test_an_authority_that_cannot_be_read_is_refused(gate: Gate, postgres: Postgres) -> None:
    how = "sslmode=verify-ca&sslrootcert=/nowhere.pem"
    assert_refused(through(gate, postgres, how))


def test_a_server_without_tls_is_refused_where_tls_is_asked_for(postgres: Postgres) -> None:
    url = f"{postgres.url_of('postgres')}?sslmode=require"
    assert_refused(PostgresWarehouse(url, wait_seconds=5, statement_seconds=60))
