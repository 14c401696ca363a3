"""Which process works on a run, by the run's tags; `defs.processes` sets them.

A process is known by its host, its id and when it started, since ids are used again.
"""

import os
import socket
from collections.abc import Mapping

import psutil

HOST, PID, STARTED = (f".dagster/txcat_{what}" for what in ("host", "pid", "process_started"))
"""Tags of a run for its process. Dagster's UI hides tags that begin so, as nobody reads them."""

CLOCK_TOLERANCE_SECONDS = 10.0
"""Linux computes a process's start from the boot time, which moves when the clock is corrected; no
process id is used again within seconds."""


def process_tags(pid: int | None = None) -> dict[str, str]:
    """Tags that name a process of this host; this very one unless another is given."""
    started = psutil.Process(pid).create_time()
    return {HOST: socket.gethostname(), PID: str(pid or os.getpid()), STARTED: f"{started:.2f}"}


def is_named_here(tags: Mapping[str, str]) -> bool:
    """Whether tags name a process, and one of this host."""
    return tags.get(HOST) == socket.gethostname()


def process_of(tags: Mapping[str, str]) -> psutil.Process | None:
    """The process that works on a run, if its tags name one of this host that still runs."""
    if not is_named_here(tags):
        return None
    try:
        process = psutil.Process(int(tags[PID]))
        is_it = abs(process.create_time() - float(tags[STARTED])) <= CLOCK_TOLERANCE_SECONDS
    except psutil.NoSuchProcess:
        return None
    return process if is_it else None
