"""A real PostgreSQL for tests: the one of the wheel, or another that TXCAT_TEST_POSTGRES_URL names.

Each test has a database of its own on it.
"""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tools.kafka_broker import free_port
from tools.postgres_server import Server, running


class Postgres:
    """A server on which databases can be made, by a user who may do anything."""

    def __init__(self, url: str) -> None:
        self.url = url

    def run(self, statement: str, **names: str) -> None:
        """Run a statement outside any transaction; {names} are identifiers."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            parts = {name: sql.Identifier(value) for name, value in names.items()}
            connection.execute(sql.SQL(statement).format(**parts))

    def setting(self, what: str) -> str:
        """What the server's URL says of host, port or user."""
        return str(conninfo_to_dict(self.url)[what])

    @contextmanager
    def database(self, options: str = "") -> Iterator[str]:
        """A new database while the block runs: its URL."""
        name = f"txcat_{uuid4().hex[:12]}"
        self.run(f"CREATE DATABASE {{name}} {options}", name=name)
        try:
            yield self.url_of(name)
        finally:
            self.run("DROP DATABASE {name} WITH (FORCE)", name=name)

    def url_of(self, database: str, **changes: str) -> str:
        """The URL of a database on this server, for another user if one is named."""
        known = conninfo_to_dict(self.url) | changes
        user, password = (quote(str(known.get(name, ""))) for name in ("user", "password"))
        return f"postgresql://{user}:{password}@{known['host']}:{known['port']}/{database}"


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """The server that the environment names, or one of this process's own."""
    if given := os.environ.get("TXCAT_TEST_POSTGRES_URL"):
        yield Postgres(given)
        return
    # Not in pytest's own folders, which other users, such as root's server, may not enter.
    with TemporaryDirectory(prefix="txcat-postgres-") as folder:
        server = Server(Path(folder), free_port(), uuid4().hex)
        with running(server):
            postgres = Postgres(server.url)
            # The tests that kill a server have one of their own, as careful as it comes.
            postgres.run("ALTER SYSTEM SET fsync = off")
            postgres.run("SELECT pg_reload_conf()")
            yield postgres


class OwnServer:
    """A server of a test's own, which it may crash and start again on the same data."""

    def __init__(self, folder: Path) -> None:
        self._server = Server(folder, free_port(), uuid4().hex)
        self._process: subprocess.Popen[bytes] | None = None
        self._running = ExitStack()

    @property
    def postgres(self) -> Postgres:
        """The server as its superuser sees it."""
        return Postgres(self._server.url)

    @property
    def owner(self) -> int:
        """The user as whom it runs."""
        return self._server.data.stat().st_uid

    def start(self) -> None:
        """Start it, and wait until it answers; what it had committed is there."""
        self._process = self._running.enter_context(running(self._server))

    def crash(self) -> None:
        """End it as `pg_ctl -m immediate` does: without a word to anybody, to be recovered."""
        if self._process:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()

    def stop(self) -> None:
        """End it for good."""
        self._running.close()


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """A server of the block's own; skipped where the tests are given one to use."""
    if os.environ.get("TXCAT_TEST_POSTGRES_URL"):
        pytest.skip("TXCAT_TEST_POSTGRES_URL names a server, which is not ours to crash")
    with TemporaryDirectory(prefix="txcat-postgres-") as folder:
        server = OwnServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()
