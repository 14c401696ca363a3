"""Listens and serves until told to end: how every web service of txcat runs as a process.

Requests under way end first; the exit code is then 0. What is served is up to the service.
"""

import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
import uvicorn
from litestar.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from txcat_web.arrival import LimitedConfig, Limits
from txcat_web.metrics import FOLDER

WORKER_SECONDS = 60
"""How long a worker may be silent before it is killed and another started. A worker is silent while
it imports, which on a busy machine takes longer than uvicorn's default of 5 s: no worker would ever
begin to answer."""


@dataclass(frozen=True)
class Listening:
    """Where a service listens, and by how many processes it answers.

    Port 0 takes any free one, which is written to `port_file` and the log; so is `version`.
    """

    version: str
    host: str
    port: int
    port_file: Path | None
    workers: int
    shutdown_seconds: int


def serve(
    name: str, create_worker: Callable[[], ASGIApp], limits: Limits, where: Listening
) -> None:
    """Serve what `create_worker` makes in each process, until SIGTERM or Ctrl-C ends this one."""
    config = LimitedConfig(
        create_worker,
        limits,
        factory=True,
        workers=where.workers,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_worker_healthcheck=WORKER_SECONDS,
        timeout_graceful_shutdown=where.shutdown_seconds,
    )
    # When it has ended, the server raises the signal again; these handlers then exit with code 0.
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: sys.exit(0))
    with _listening(name, where) as listening:
        if where.workers == 1:
            uvicorn.Server(config).run(sockets=[listening])
        else:
            with TemporaryDirectory() as counts:
                os.environ[FOLDER] = counts  # for the workers, which begin with what is set here
                Multiprocess(config, sockets=[listening]).run()


def _listening(name: str, where: Listening) -> socket.socket:
    """A socket that takes connections from now on; its port is then written and logged."""
    family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
    try:
        listening = socket.create_server((where.host, where.port), family=family, backlog=2048)
    except OSError as error:
        print(  # noqa: T201
            f"{name} cannot listen on {where.host}:{where.port} ({error.strerror}); "
            "choose another by --host and --port.",
            file=sys.stderr,
        )
        sys.exit(1)
    port = listening.getsockname()[1]
    if where.port_file:
        _write_whole(where.port_file, f"{port}\n")
    structlog.stdlib.get_logger().info(
        "listening", url=f"http://{where.host}:{port}", version=where.version
    )
    return listening


def _write_whole(path: Path, text: str) -> None:
    """Write a file at once, so that no reader finds it half written."""
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.write_text(text)
    unfinished.replace(path)
