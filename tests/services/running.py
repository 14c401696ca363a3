"""Starts the real ML service in a process of its own, on a free port, and ends it by SIGTERM.

Limits are small, so that tests can meet them. The session's own service is in `conftest`.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

MAX_LIST_ITEMS = 1_500
MAX_BODY_BYTES = 1_000_000


class Running(NamedTuple):
    """A started ML service: where it answers, its process and the file of its log."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path


@contextmanager
def running_ml_api(folder: Path, **settings: object) -> Iterator[Running]:
    """Start `python -m ml_api` on a free port; end it by SIGTERM, if nobody else has."""
    port_file, log = folder / "port", folder / "log"
    command = [sys.executable, "-m", "ml_api", "--port", "0", "--port-file", str(port_file)]
    named = {f"ML_API_{name.upper()}": str(value) for name, value in settings.items()}
    with log.open("wb") as lines:
        process = subprocess.Popen(command, stdout=lines, stderr=lines, env=os.environ | named)
    try:
        yield Running(f"http://127.0.0.1:{port_in(port_file, process, log)}", process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def port_in(port_file: Path, process: subprocess.Popen[bytes], log: Path) -> str:
    """The port that a service writes into a file once it listens."""
    deadline = time.monotonic() + 60
    while not port_file.exists():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, "it did not listen within 60 s"
        time.sleep(0.05)
    return port_file.read_text().strip()
