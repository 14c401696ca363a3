"""Starts the real reporting API in a process of its own, on a free port, and ends it by SIGTERM.

What it is asked about is in `loaded`.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.services.running import port_in

TXCAT = Path(sys.executable).with_name("txcat")


@dataclass(frozen=True)
class Api:
    """A started API: where it answers, its process, the file of its log, and its settings."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path
    environment: dict[str, str]

    def get(self, path: str, key: str = "", **headers: str) -> httpx.Response:
        """Ask for a path, with a key if one is named."""
        return self.ask("GET", path, key, **headers)

    def ask(self, method: str, path: str, key: str = "", **headers: str) -> httpx.Response:
        """The same by any method."""
        given = {"authorization": f"Bearer {key}"} if key else {}
        return httpx.request(method, self.url + path, headers=given | headers, timeout=60)

    def txcat(self, *arguments: str) -> str:
        """What a command of `txcat` says under the same settings."""
        command = [str(TXCAT), *arguments]
        return subprocess.check_output(command, env=self.environment, text=True)


@contextmanager
def running_api(folder: Path, url: str, **settings: object) -> Iterator[Api]:
    """Start `txcat api` on the warehouse of a URL; end it by SIGTERM, if nobody else has."""
    port_file, log = folder / "api.port", folder / "api.log"
    named = {f"TXCAT_API_{name.upper()}": str(value) for name, value in settings.items()}
    own = {k: v for k, v in os.environ.items() if not k.startswith("TXCAT_")}
    own |= {"TXCAT_HOME": str(folder), "TXCAT_WAREHOUSE_URL": url, **named}
    own |= {"TXCAT_API_PORT_FILE": str(port_file)}
    with log.open("wb") as lines:
        command = [str(TXCAT), "api", "--port", "0"]
        process = subprocess.Popen(command, stdout=lines, stderr=lines, env=own)
    try:
        url = f"http://127.0.0.1:{port_in(port_file, process, log)}"
        yield Api(url, process, log, own)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
