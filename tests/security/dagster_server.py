"""Dagster's web server for attacks: with the guard or without it, and with the proxy before it.

The attack is a mutation that leaves a mark, which `Attacked.marks` reads.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tools.kafka_broker import free_port

ROOT = Path(__file__).parents[2]
START_SECONDS = 120
USER, PASSWORD, HOST = "ann", "right", "ui.example.org"


def mutation(mark: str) -> str:
    """The attack: it is there afterwards, or it is not."""
    return f'mutation {{ setConcurrencyLimit(concurrencyKey: "{mark}", limit: 1) }}'


@dataclass(frozen=True)
class Attacked:
    """A web server that answers at `url`; `marks` are what attacks have left."""

    url: str

    def marks(self) -> set[str]:
        """The marks of all mutations that were executed."""
        query = "{ instance { concurrencyLimits { concurrencyKey } } }"
        reply = httpx.post(f"{self.url}/graphql", json={"query": query}, timeout=60)
        limits: list[dict[str, Any]] = reply.json()["data"]["instance"]["concurrencyLimits"]
        return {limit["concurrencyKey"] for limit in limits}


@contextmanager
def dagster_server(folder: Path, module: str) -> Iterator[Attacked]:
    """A web server on an empty instance and an empty code location."""
    port = free_port()
    code = folder / "nothing.py"
    code.write_text("import dagster as dg\n\ndefs = dg.Definitions()\n")
    command = [sys.executable, "-m", module, "-f", str(code), "-p", str(port)]
    environment = os.environ | {"DAGSTER_HOME": str(folder), "PYTHONPATH": str(ROOT)}
    log = folder / "log"
    with log.open("wb") as lines, process_of(command, lines, environment) as process:
        server = Attacked(f"http://127.0.0.1:{port}")
        wait_until_it_answers(f"{server.url}/server_info", process, log)
        yield server


@contextmanager
def proxy(folder: Path, behind: Attacked) -> Iterator[str]:
    """nginx before a web server, as deploy/proxy starts it: its address."""
    if not shutil.which("nginx"):
        if os.environ.get("CI"):
            raise FileNotFoundError("no nginx: apt-get install nginx-light")
        pytest.skip("no nginx: apt-get install nginx-light")
    make_files(folder)
    port = free_port()
    environment = os.environ | {
        "UI_HOST": HOST,
        "UI_PORT": str(port),
        "FILES": str(folder),
        "FOLDER": str(folder),
        "LISTEN": f"127.0.0.1:{port}",
        "WEBSERVER": behind.url.removeprefix("http://"),
    }
    log = folder / "nginx.log"
    command = [str(ROOT / "deploy/proxy/start.sh")]
    with log.open("wb") as lines, process_of(command, lines, environment) as process:
        wait_until_it_answers(f"https://127.0.0.1:{port}/", process, log)
        yield f"https://127.0.0.1:{port}"


def make_files(folder: Path) -> None:
    """A certificate and a user, as docs/security.md makes them."""
    folder.chmod(0o755)  # nginx's workers are another user, where root starts it
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    kind = ["-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={HOST}"]
    subprocess.run(["openssl", "req", "-x509", *kind, *files], check=True, capture_output=True)
    hashing = ["openssl", "passwd", "-6", PASSWORD]
    hashed = subprocess.check_output(hashing, text=True).strip()
    (folder / "passwords").write_text(f"{USER}:{hashed}\n")


@contextmanager
def process_of(
    command: list[str], lines: Any, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process while the block does."""
    process = subprocess.Popen(command, stdout=lines, stderr=lines, env=environment, cwd="/")
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def wait_until_it_answers(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server answers anything at all."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            httpx.get(url, verify=False, timeout=10)  # noqa: S501 - its own, of a minute ago
            return
        except httpx.TransportError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
