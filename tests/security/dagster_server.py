"""Dagster's web server for attacks: with the guard or without it, and with the proxy before it.

The attack is a mutation that leaves a mark, which `Attacked.marks` reads.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.ui import WebServer, running, running_web_server
from tools.kafka_broker import free_port
from txcat_assets.cli.home import ROOT

USER, PASSWORD, HOST = "ann", "right", "ui.example.org"


def mutation(mark: str) -> str:
    """The attack: it is there afterwards, or it is not."""
    return f'mutation {{ setConcurrencyLimit(concurrencyKey: "{mark}", limit: 1) }}'


class Attacked(WebServer):
    """A web server that answers; `marks` are what attacks have left."""

    def marks(self) -> set[str]:
        """The marks of all mutations that were executed."""
        found = self.ask("{ instance { concurrencyLimits { concurrencyKey } } }")
        return {limit["concurrencyKey"] for limit in found["instance"]["concurrencyLimits"]}


@contextmanager
def dagster_server(folder: Path, module: str) -> Iterator[Attacked]:
    """A web server on an empty instance and an empty code location."""
    code = folder / "nothing.py"
    code.write_text("import dagster as dg\n\ndefs = dg.Definitions()\n")
    with running_web_server(folder, module, ["-f", str(code)]) as server:
        yield Attacked(server.url)


@contextmanager
def proxy(folder: Path, behind: Attacked) -> Iterator[str]:
    """nginx before a web server, as deploy/proxy starts it: its address."""
    if not shutil.which("nginx"):
        if os.environ.get("CI"):
            raise FileNotFoundError("no nginx: apt-get install nginx-light")
        pytest.skip("no nginx: apt-get install nginx-light")
    make_files(folder)
    port = free_port()
    settings = {
        "UI_HOST": HOST,
        "UI_PORT": str(port),
        "FILES": str(folder),
        "FOLDER": str(folder),
        "LISTEN": f"127.0.0.1:{port}",
        "WEBSERVER": behind.url.removeprefix("http://"),
    }
    url, command = f"https://127.0.0.1:{port}", [str(ROOT / "deploy/proxy/start.sh")]
    with running(command, folder / "nginx.log", f"{url}/", settings):
        yield url


def make_files(folder: Path) -> None:
    """A certificate and a user, as docs/security.md makes them."""
    folder.chmod(0o755)  # nginx's workers are another user, where root starts it
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    kind = ["-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={HOST}"]
    subprocess.run(["openssl", "req", "-x509", *kind, *files], check=True, capture_output=True)
    hashing = ["openssl", "passwd", "-6", PASSWORD]
    hashed = subprocess.check_output(hashing, text=True).strip()
    (folder / "passwords").write_text(f"{USER}:{hashed}\n")
