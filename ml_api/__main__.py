"""Serves the ML service: `python -m ml_api`, ended by SIGTERM or Ctrl-C.

Requests under way end first; the exit code is then 0.
"""

import signal
import socket
import sys
from functools import partial
from pathlib import Path

import structlog
import uvicorn
from pydantic import ValidationError
from pydantic_settings import CliApp
from uvicorn.supervisors import Multiprocess

from ml_api.app import create_worker
from ml_api.logs import configure_logs
from ml_api.settings import Settings
from txcat_web.arrival import LimitedConfig

WRONG_USE = 2


def main() -> None:
    """Read the settings, listen, serve until told to end."""
    settings = _settings()
    configure_logs(settings)
    config = LimitedConfig(
        partial(create_worker, settings),
        settings.limits,
        factory=True,
        workers=settings.workers,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )
    # The server raises the signal again when it has ended; these make of it an exit code of 0.
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: sys.exit(0))
    with _listening(settings) as listening:
        if settings.workers == 1:
            uvicorn.Server(config).run(sockets=[listening])
        else:
            Multiprocess(config, sockets=[listening]).run()


def _settings() -> Settings:
    try:
        return CliApp.run(Settings)
    except ValidationError as error:
        print(f"ml_api cannot start: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(WRONG_USE)


def _listening(settings: Settings) -> socket.socket:
    """A socket that takes connections from now on; its port is then written and logged."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listening = socket.create_server(
            (settings.host, settings.port), family=family, backlog=2048
        )
    except OSError as error:
        print(  # noqa: T201
            f"ml_api cannot listen on {settings.host}:{settings.port} ({error.strerror}); "
            "choose another by --host and --port.",
            file=sys.stderr,
        )
        sys.exit(1)
    port = listening.getsockname()[1]
    if settings.port_file:
        _write_whole(settings.port_file, f"{port}\n")
    url = f"http://{settings.host}:{port}"
    structlog.stdlib.get_logger().info("listening", url=url, version=settings.model_version)
    return listening


def _write_whole(path: Path, text: str) -> None:
    """Write a file that nobody can read half."""
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.write_text(text)
    unfinished.replace(path)


if __name__ == "__main__":
    main()
