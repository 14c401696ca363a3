"""`txcat dev`: Dagster's UI with its daemon, the ML service and the API, until Ctrl-C.

It says when all answer and where, shows what goes wrong, and keeps the rest in files. Each runs in
a session of its own, so that Ctrl-C reaches this process alone and it ends them in order.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Thread
from urllib.error import URLError

from txcat_assets.cli.home import ROOT, dagster_instance
from txcat_assets.cli.terminal import complain, note, say
from txcat_assets.errors import SettingRefused
from txcat_assets.settings import Settings
from txcat_assets.text import without_login

HERE = "127.0.0.1"

END_SECONDS = 40
"""How long what was started may take to end; Dagster ends its runs and processes in some 8 s."""

SLOW_SECONDS = 60
"""After so long a start is no longer usual, and is told again."""

LOOK_SECONDS = 0.3

COLOURS = re.compile(r"\x1b\[[0-9;]*m")

HARMLESS = ("Found a dagster instance configuration value (dagster.yaml) in the current folder",)
"""What Dagster warns of though it is as it should be."""

ENDING = Event()


@dataclass(frozen=True)
class Ports:
    """Where they answer on this machine."""

    ui: int
    ml: int
    api: int


@dataclass(frozen=True)
class Started:
    """A process of ours, the address at which it answers once it is ready, and its log."""

    name: str
    process: "subprocess.Popen[str]"
    health: str
    log: Path


def serve(settings: Settings, ports: Ports) -> int:
    """Run them until Ctrl-C or SIGTERM, which is 0, or until one of them ends by itself."""
    _refuse_taken({"--port": ports.ui, "--ml-port": ports.ml, "--api-port": ports.api})
    if "ml_url" not in settings.model_fields_set:
        settings = settings.model_copy(update={"ml_url": f"http://{HERE}:{ports.ml}"})
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    note("Starting Dagster, the ML service and the API; it takes some 10 seconds.")
    with dagster_instance(settings):
        pass  # made by one process: two that start on an empty home can corrupt its SQLite
    with ExitStack() as running:
        try:
            all_started = [
                running.enter_context(_started(settings, *one)) for one in commands(ports)
            ]
            if _are_ready(all_started):
                _show_where(settings, ports)
            return _wait(all_started)
        except KeyboardInterrupt:
            ENDING.set()
            note("Ending Dagster, the ML service and the API ...")
            return 0


def commands(ports: Ports) -> Iterator[tuple[str, list[str], str]]:
    """Name, command and health of each; the service comes first, as runs ask it."""
    ml = ["-m", "ml_api", "--host", HERE, "--port", str(ports.ml), "--log-level", "warning"]
    yield "ml_api", [sys.executable, *ml], f"http://{HERE}:{ports.ml}/health"
    # Without a key it answers this machine alone; see docs/reporting-api.md.
    api = ["txcat", "api", "--host", HERE, "--port", str(ports.api)]
    yield "api", api, f"http://{HERE}:{ports.api}/health"
    # `dagster dev` with the web server that refuses what comes from other pages.
    dagster = [sys.executable, "-m", "txcat_web.dagster_dev"]
    with_marts = ["-w", "txcat_marts/workspace.yaml"] if find_spec("dagster_dbt") else []
    where = ["-w", "workspace.yaml", *with_marts, "-h", HERE, "-p", str(ports.ui)]
    yield (
        "dagster",
        [*dagster, *where, "--log-level", "warning"],
        f"http://{HERE}:{ports.ui}/server_info",
    )


@contextmanager
def _started(
    settings: Settings, name: str, command: Sequence[str], health: str
) -> Iterator[Started]:
    """A process in a session of its own while the block runs; its lines are shown and kept."""
    log = settings.home_folder / f"{name}.log"
    process = subprocess.Popen(  # noqa: S603
        command,
        cwd=ROOT,
        env=_environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    showing = Thread(target=_show_lines, args=(name, process, log), daemon=True)
    showing.start()
    try:
        yield Started(name, process, health, log)
    finally:
        _end(process)
        showing.join(LOOK_SECONDS)


def _environment(settings: Settings) -> dict[str, str]:
    """What the processes are told; settings that are relative to this folder as absolute ones."""
    programs = str(Path(sys.executable).parent)
    return os.environ | {
        "PATH": os.pathsep.join([programs, os.environ.get("PATH", "")]),
        "TXCAT_HOME": str(settings.home_folder),
        "TXCAT_INBOX": str(settings.inbox_folder),
        "TXCAT_ML_URL": settings.ml_url,
        "TXCAT_API_LOG_LEVEL": "warning",
        "DAGSTER_GRPC_MAX_WORKERS": "16",  # sensors and runs that begin take one each; else six
        "PYTHONWARNINGS": "ignore",  # Dagster warns of its own previews, as if something were wrong
    }


def _show_lines(name: str, process: "subprocess.Popen[str]", log: Path) -> None:
    """Keep each line, and show it until the end was asked for: what Dagster says then is usual."""
    with log.open("w") as kept:
        for line in process.stdout or ():
            kept.write(line)
            kept.flush()
            plain = COLOURS.sub("", line).rstrip()
            if plain and not ENDING.is_set() and not any(known in plain for known in HARMLESS):
                note(f"{name} | {plain}")


def _end(process: "subprocess.Popen[str]") -> None:
    """Ask the process to end, as Ctrl-C does; kill its whole session when it does not."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _are_ready(all_started: Sequence[Started]) -> bool:
    """Wait until all answer; False where one has ended before."""
    began, is_told = time.monotonic(), False
    while not all(_answers(one.health) for one in all_started):
        if any(one.process.poll() is not None for one in all_started):
            return False
        if not is_told and time.monotonic() - began > SLOW_SECONDS:
            logs = " and ".join(str(one.log) for one in all_started)
            note(f"Still starting after {SLOW_SECONDS} s; see {logs}.")
            is_told = True
        time.sleep(LOOK_SECONDS)
    return True


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:  # noqa: S310 - an address of ours
            return bool(reply.status == 200)
    except (URLError, OSError):
        return False


def _wait(all_started: Sequence[Started]) -> int:
    """Wait for the end of any; that is a problem, as nobody has asked for it."""
    while True:
        for one in all_started:
            if (code := one.process.poll()) is not None:
                complain(f"{one.name} has ended by itself, with code {code}; see {one.log}.")
                return 1
        time.sleep(LOOK_SECONDS)


def _refuse_taken(ports: dict[str, int]) -> None:
    taken = [f"{option} {port}" for option, port in ports.items() if _is_taken(port)]
    if taken:
        free = " ".join(f"{option} {_free_port()}" for option in ports)
        raise SettingRefused(
            f"Another program has the port of {' and of '.join(taken)} on this machine. End it, or "
            f'choose other ports: make dev ARGS="{free}".'
        )


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        try:
            probe.bind((HERE, port))
        except OSError:
            return True
    return False


def _free_port() -> int:
    with socket.create_server((HERE, 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


def _show_where(settings: Settings, ports: Ports) -> None:
    say(
        f"Ready: Dagster's UI is on http://{HERE}:{ports.ui}, the ML service on "
        f"http://{HERE}:{ports.ml}, the API on http://{HERE}:{ports.api}, the inbox is "
        f"{settings.inbox_folder}. Ctrl-C ends all."
    )
    if settings.ml_url != Settings.model_fields["ml_url"].default:
        say(f"In other terminals: export TXCAT_ML_URL={without_login(settings.ml_url)}")
