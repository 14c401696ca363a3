"""What is wrong with this machine and this installation: pieces, folders, rights, disk, processes.

What is reached over the network is looked at in `neighbours`, what goes wrong at work in
`conditions`.
"""

import json
import os
import re
import shutil
import socket
import stat
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from http.client import HTTPException
from importlib import metadata
from pathlib import Path
from urllib.request import urlopen

from packaging.requirements import Requirement

from txcat_assets.health.findings import Finding
from txcat_assets.health.look import Look
from txcat_assets.health.processes import is_named_here, process_of

LITTLE_ROOM_BYTES = 1024**3
"""Less free space is a finding: a day of a million records takes some hundred megabytes."""

STUCK_AFTER = timedelta(hours=6)
"""A run that has not ended for so long is a finding; but it is never called dead for slowness."""

PORTS = {
    3000: ("Dagster's UI", "server_info", "dagster_webserver_version"),
    8900: ("the ML service", "health", "status"),
    8910: ("the API", "health", "status"),
}
"""Where `txcat dev` puts each unless told otherwise, and by what path and word it is known."""

PORT_SECONDS = 1.0
ANSWER_BYTES = 10_000

SECRET = re.compile(r"^\s*(export\s+)?TXCAT_(WAREHOUSE_URL|\w*PASSWORD|\w*WEBHOOK\w*)\s*=\s*\S")
"""A line of a file of settings that holds a secret."""


def pieces_that_do_not_match(_: Look) -> Iterator[Finding]:
    """Installed packages of another version than this txcat was made for, or missing ones."""
    for text in metadata.requires("txcat") or []:
        needed = Requirement(text)
        if needed.marker and not needed.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(needed.name)
        except metadata.PackageNotFoundError:
            version = "not installed"
        if version == "not installed" or version not in needed.specifier:
            yield Finding(
                f"{needed.name} is {version}, {needed.specifier} is needed",
                f"the environment of {metadata.distribution('txcat').locate_file('')}",
                "install txcat anew with its pins: pip install -r requirements/runtime.txt",
            )


def home_of_dagster(look: Look) -> Iterator[Finding]:
    """A DAGSTER_HOME that Dagster will not take, or that is not made yet."""
    if not look.home.is_absolute():
        yield Finding(
            f"DAGSTER_HOME is {str(look.home)!r}, but Dagster takes an absolute path only",
            "the environment",
            'export DAGSTER_HOME="$PWD/..." instead, or leave it unset',
        )
    elif not (look.home / "dagster.yaml").is_file():
        yield Finding(
            "there is no dagster.yaml: runs are not queued, and a dataset may have two at once",
            f"DAGSTER_HOME {look.home}",
            "any `txcat load` makes it; or copy the one of the checkout there",
            is_error=False,
        )


def little_room(look: Look) -> Iterator[Finding]:
    """Folders in which there is little room left."""
    folders = {"TXCAT_HOME": look.settings.home_folder, "DAGSTER_HOME": look.home}
    folders["the folder for temporary files"] = Path(tempfile.gettempdir())
    if look.unprepared_warehouse.kind == "duckdb":
        folders["the warehouse"] = Path(look.unprepared_warehouse.place).parent
    for name, folder in folders.items():
        whole = folder.absolute()
        there = next(path for path in (whole, *whole.parents) if path.exists())
        if (free := shutil.disk_usage(there).free) < LITTLE_ROOM_BYTES:
            yield Finding(
                f"{free // 1024**2:,} MiB are free",
                f"{name}, {folder}",
                "make room, or name another folder: TXCAT_HOME, TXCAT_WAREHOUSE_URL, TMPDIR",
            )


def unreadable_inbox(look: Look) -> Iterator[Finding]:
    """An inbox, or files in it, that this user may not read."""
    folder = look.settings.inbox_folder
    if not folder.is_dir():
        yield Finding(
            "it does not exist, so no file can be taken from it",
            f"the inbox {folder}",
            "any `txcat load` makes it; or name another one by TXCAT_INBOX",
            is_error=False,
        )
        return
    if not os.access(folder, os.R_OK | os.X_OK):
        yield Finding(
            "this user may not read it", f"the inbox {folder}", "chmod u+rx, as its owner"
        )
        return
    closed = [path.name for path in folder.iterdir() if not os.access(path, os.R_OK)]
    if closed:
        yield Finding(
            f"{len(closed)} files may not be read by this user: {', '.join(sorted(closed)[:3])}",
            f"the inbox {folder}",
            "let whoever puts them there make them readable, or give them to this user",
        )


def files_of_other_users(look: Look) -> Iterator[Finding]:
    """Files in the inbox that others own, who can change them while they are read."""
    folder = look.settings.inbox_folder
    if not (folder.is_dir() and os.access(folder, os.R_OK | os.X_OK)):
        return
    here = {path.name: path.lstat().st_uid for path in folder.iterdir()}
    of_others = sorted(name for name, owner in here.items() if owner != os.geteuid())
    if of_others:
        yield Finding(
            f"{len(of_others)} files belong to other users: {', '.join(of_others[:3])}",
            f"the inbox {folder}",
            "if they are not who shall bring files, let this user alone write there: chmod go-w",
            is_error=False,
        )


def taken_ports(_: Look) -> Iterator[Finding]:
    """Ports of txcat's services that another program of this machine has."""
    for port, (name, path, said) in PORTS.items():
        if _is_open(port) and not _answers_with(f"http://127.0.0.1:{port}/{path}", said):
            yield Finding(
                f"another program has it, where {name} is by default",
                f"port {port} of this machine",
                "end it, or let txcat have others: txcat dev --help",
                is_error=False,
            )


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(PORT_SECONDS)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _answers_with(address: str, word: str) -> bool:
    """Whether somebody answers there, by a JSON object that has this name."""
    try:
        with urlopen(address, timeout=PORT_SECONDS) as answer:  # noqa: S310 - an address of this machine
            return word in json.loads(answer.read(ANSWER_BYTES))
    except (OSError, HTTPException, ValueError, TypeError):
        return False


def open_secrets(look: Look) -> Iterator[Finding]:
    """Files with secrets that everybody on this machine can read."""
    for path in _secret_files(look):
        if path.stat().st_mode & stat.S_IROTH:
            yield Finding(
                "everybody on this machine can read it, and it holds secrets",
                str(path),
                f"chmod o-rwx {path}",
            )


def _secret_files(look: Look) -> Iterator[Path]:
    settings = look.settings
    env, folder = Path(".env"), settings.secrets
    if env.is_file() and any(map(SECRET.match, env.read_text(errors="replace").splitlines())):
        yield env
    if folder.is_dir():
        yield from (path for path in sorted(folder.glob("txcat_*")) if path.is_file())
    key, passwords = settings.kafka_key_file, os.environ.get("PGPASSFILE")
    yield from (Path(path) for path in (key, passwords) if path and Path(path).is_file())


def contradicting_settings(look: Look) -> Iterator[Finding]:
    """Settings that do not go together, or name what is not there."""
    for what, mend in _contradictions(look):
        yield Finding(what, "the settings", mend)


def _contradictions(look: Look) -> Iterator[tuple[str, str]]:
    settings = look.settings
    protocol = settings.kafka_security_protocol
    if protocol.startswith("SASL") and not settings.kafka_sasl_username:
        yield (
            f"Kafka is to be logged in to ({protocol}), but as nobody",
            "set TXCAT_KAFKA_SASL_USERNAME",
        )
    if settings.kafka_sasl_username and not protocol.startswith("SASL"):
        yield (
            f"a user of Kafka is named, but {protocol} logs nobody in",
            "set TXCAT_KAFKA_SECURITY_PROTOCOL to SASL_SSL, or leave the user out",
        )
    if settings.kafka_dead_letter_topic and not settings.kafka_bootstrap_servers:
        yield (
            "dead letters are to be sent, but no Kafka is named",
            "set TXCAT_KAFKA_BOOTSTRAP_SERVERS, or leave TXCAT_KAFKA_DEAD_LETTER_TOPIC out",
        )
    is_duckdb = look.unprepared_warehouse.kind == "duckdb"
    if is_duckdb and settings.warehouse_password.get_secret_value():
        yield (
            "a password of the warehouse is given, but the warehouse is a DuckDB file",
            "set TXCAT_WAREHOUSE_URL to the PostgreSQL that is meant, or leave the password out",
        )
    for name in ("kafka_ca_file", "kafka_certificate_file", "kafka_key_file"):
        path = getattr(settings, name)
        if path and not os.access(path, os.R_OK):
            yield f"{path} cannot be read", f"put it there, or correct TXCAT_{name.upper()}"


def never_a_daemon(look: Look) -> Iterator[Finding]:
    """A home on which no daemon has ever worked."""
    if look.dagster.heartbeat_at is None:
        yield Finding(
            "no daemon of Dagster has ever worked here: only `txcat load` and runs started by hand "
            "do anything",
            f"DAGSTER_HOME {look.home}",
            "`txcat dev` starts one, in production `dagster-daemon run`",
            is_error=False,
        )


def sensors_that_are_off(look: Look) -> Iterator[Finding]:
    """Sensors that somebody has switched off."""
    for sensor in look.dagster.sensors:
        if not sensor.is_on:
            yield Finding(
                "somebody has switched it off",
                f"sensor {sensor.name}",
                "switch it on in the UI, under Automation, if that was not meant",
                is_error=False,
            )


def dead_and_stuck_runs(look: Look) -> Iterator[Finding]:
    """Runs whose process on this host is gone, and runs that have not ended for long."""
    for run in look.dagster.runs:
        where = f"run {run.run_id[:8]} of {run.job}"
        if is_named_here(run.tags) and not process_of(run.tags):
            yield Finding(
                "its process is gone: its dataset waits for it",
                where,
                "any sensor or `txcat load` of its dataset reports it; run its days again",
            )
        elif look.now - run.since > STUCK_AFTER:
            yield Finding(
                f"it is {run.status.lower()} since {run.since:%Y-%m-%d %H:%M}",
                where,
                "look at its logs in the UI; end it there if it hangs",
                is_error=False,
            )
