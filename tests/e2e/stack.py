"""`make stack` as a process, in a folder and on ports of its own.

What it starts is docker-compose.yml as plain processes; see `tools.compose`.
"""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from tools.compose import Place
from tools.kafka_broker import free_port
from tools.stack import PORTS

ROOT = Path(__file__).parents[2]


Start = Callable[..., "Stack"]
"""Starts a stack by its options, on free ports but for those that are named."""


@dataclass(frozen=True)
class Stack:
    """A stack that was started, with all processes that it ever had."""

    place: Place
    process: subprocess.Popen[bytes]
    log: Path

    def port(self, name: str) -> int:
        """The port of this machine on which a service answers."""
        return self.place.ports[PORTS[name]]

    def output(self) -> str:
        """All that it has said."""
        return self.log.read_text(errors="replace")

    def until_said(self, words: str, seconds: float = 120) -> None:
        """Wait until it has said something; fail when it ends before."""
        deadline = time.monotonic() + seconds
        while words not in self.output():
            assert time.monotonic() < deadline, f"not within {seconds} s: {self.output()[-4000:]}"
            assert self.process.poll() is None, self.output()[-4000:]
            time.sleep(0.2)

    def family(self) -> list[psutil.Process]:
        """It and all that it has started and that is still there."""
        one = psutil.Process(self.process.pid)
        return [one, *one.children(recursive=True)]

    def service(self, name: str) -> psutil.Process:
        """The process of a service: what the shell runs that the stack says it has started."""
        self.until_said(f"| {name} started (pid=")
        pid = self.output().partition(f"| {name} started (pid=")[2].partition(")")[0]
        return psutil.Process(int(pid)).children()[0]

    def ended(self, seconds: float = 90) -> int:
        """Wait until it has ended; its exit code."""
        return self.process.wait(seconds)


def start_stack(folder: Path, *options: str, **chosen: int) -> Stack:
    """Start a stack in a folder, on free ports but for the chosen ones."""
    ports = {name: chosen.get(name) or free_port() for name in PORTS}
    given = [f"--{name.replace('_', '-')}-port={port}" for name, port in ports.items()]
    command = [sys.executable, "-m", "tools.stack", f"--folder={folder}", *given, *options]
    unset = {k: v for k, v in os.environ.items() if not k.startswith(("TXCAT_", "DAGSTER_"))}
    log = folder.with_suffix(f".{ports['webserver']}.log")
    with log.open("wb") as lines:
        # In a session of its own, as from a terminal of its own.
        process = subprocess.Popen(
            command, cwd=ROOT, env=unset, stdout=lines, stderr=lines, start_new_session=True
        )
    return Stack(Place(folder, {PORTS[name]: port for name, port in ports.items()}), process, log)


def answers(url: str) -> bool:
    """Whether a URL answers with success."""
    with urllib.request.urlopen(url, timeout=10) as reply:  # noqa: S310 - this machine's own
        return bool(reply.status == 200)


def assert_all_gone(family: list[psutil.Process]) -> None:
    """No process is left."""
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []
