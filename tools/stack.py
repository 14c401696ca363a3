"""The production shape on this machine, without Docker: the services of docker-compose.yml.

honcho runs them, streams what they log and ends them; a service waits for those that it needs, by
their health checks. All that they keep lies in one folder, .txcat/stack.
"""

import argparse
import fcntl
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psutil
from honcho.manager import Manager

from tools.compose import HERE, ROOT, Place, Service, path_of_programs, read_services, without
from tools.kafka_broker import Missing, free_port, install_jars

PORTS = {
    "webserver": 3000,
    "ml_api": 8900,
    "api": 8910,
    "code": 4000,
    "postgres": 5432,
    "kafka": 9092,
}
"""The ports that a user may choose, by what answers there, as they are in containers."""

INSIDE, CONTROLLER = 9094, 9093
"""Ports of Kafka's that nobody chooses."""

SERVERS = {"postgres", "kafka"}

PATIENCE_SECONDS = 60
"""How long what ends may take, the half of it for all but the servers. A daemon takes 8 s."""


class PatientHoncho(Manager):  # type: ignore[misc] # honcho has no types
    """honcho's manager, which otherwise kills 5 s after it has asked to end."""

    asked_at: float | None = None

    def terminate(self) -> None:
        """Ask every process to end; the servers once no other is left that may write to them."""
        if not self._all_started():  # it knows no process yet: ask again when it does
            signal.signal(signal.SIGALRM, lambda *_: self.terminate())
            signal.setitimer(signal.ITIMER_REAL, 0.1)
        elif self.asked_at is None:
            self.asked_at = time.monotonic()
            clients = [pid for name, pid in self._pids() if name not in SERVERS]
            for pid in clients:
                self._procmgr.terminate(pid)
            psutil.wait_procs(_processes(clients), PATIENCE_SECONDS / 2)
            super().terminate()

    def kill(self) -> None:
        """Kill what has not ended in time."""
        if self.asked_at and time.monotonic() - self.asked_at > PATIENCE_SECONDS:
            super().kill()

    def _pids(self) -> list[tuple[str, int]]:
        return [(name, known["pid"]) for name, known in self._processes.items()]


def _processes(pids: list[int]) -> Iterator[psutil.Process]:
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            yield psutil.Process(pid)


def run(place: Place, services: Mapping[str, Service]) -> int:
    """Run services until Ctrl-C, SIGTERM or the end of any of them; the exit code."""
    manager = PatientHoncho()
    lines = {
        service.name: f"{_wait_for_needs(service, services)}{_whole(service)}"
        for service in services.values()
        if service.is_long
    }
    for name, line in {**lines, "stack": _announcement(place, services)}.items():
        environment = os.environ | {"PATH": path_of_programs()}
        manager.add_process(name, line, env=environment, cwd=str(ROOT))
    # A terminal that is closed ends all as Ctrl-C does.
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    manager.loop()
    code = manager.returncode or 0
    return code if code > 0 else 1  # one was killed, or has ended by itself, if only in peace


def _wait_for_needs(service: Service, services: Mapping[str, Service]) -> str:
    """Words of the shell that wait for what a service needs, and do what is to be done once."""
    words = ""
    for name, condition in service.needs.items():
        needed = services[name]
        if condition == "service_completed_successfully":
            words += f"{_wait_for_needs(needed, services)}{_call(needed, needed.command)} || exit; "
        else:
            words += _wait_until_well(needed)
    return words


def _whole(service: Service) -> str:
    """Words of the shell that run a service's command, and end with it whatever it has started."""
    return f"trap : TERM; {_call(service, service.command)}; code=$?; kill 0; exit $code"


def _wait_until_well(service: Service) -> str:
    return f"until {_call(service, service.check)} >/dev/null 2>&1; do sleep 1; done; "


def _call(service: Service, command: list[str]) -> str:
    variables = [f"{name}={value}" for name, value in service.environment.items()]
    return shlex.join(["env", *variables, *command])


def _announcement(place: Place, services: Mapping[str, Service]) -> str:
    """Words of the shell that wait until all are well, say where they are, and stay."""
    port = {name: place.ports[usual] for name, usual in PORTS.items()}
    addresses = [f"Dagster's UI: http://{HERE}:{port['webserver']}"]
    addresses += [
        f"ML service: http://{HERE}:{port['ml_api']}",
        f"API: http://{HERE}:{port['api']}",
    ]
    addresses += [f"inbox: {place.inbox}"]
    waits = "".join(_wait_until_well(service) for service in services.values() if service.is_long)
    if "postgres" in services:
        where = f"postgresql://txcat_writer@{HERE}:{port['postgres']}/txcat"
        addresses += [f"PostgreSQL: {where}, password in {place.secrets}/txcat_writer_password"]
    if "kafka" in services:
        addresses += [f"Kafka: {HERE}:{port['kafka']}"]
    lines = "; ".join(shlex.join(["echo", line]) for line in addresses)
    return f"{waits}{lines}; exec tail -f /dev/null"


def on_given_server(services: Mapping[str, Service], url: str) -> dict[str, Service]:
    """The services on a PostgreSQL of the user's; Dagster's tables are in the same database."""
    given = urlsplit(url)
    replaced = {
        "TXCAT_WAREHOUSE_URL": url,
        "DAGSTER_POSTGRES_HOST": given.hostname or HERE,
        "DAGSTER_POSTGRES_PORT": str(given.port or 5432),
        "DAGSTER_POSTGRES_DB": given.path.lstrip("/"),
        "DAGSTER_POSTGRES_USER": unquote(given.username or ""),
    }

    def moved(service: Service) -> Service:
        environment = {k: replaced.get(k, v) for k, v in service.environment.items()}
        if "DAGSTER_POSTGRES_HOST" in environment:
            environment["DAGSTER_POSTGRES_PASSWORD"] = unquote(given.password or "")
        return replace(service, environment=environment, secrets={})

    return {name: moved(service) for name, service in without(services, "postgres").items()}


def furnish(place: Place, services: Mapping[str, Service]) -> None:
    """Make the folders of a place: passwords, inbox, and Dagster's settings as in the image.

    All that this process and those that it starts make from here on is this user's alone.
    """
    os.umask(0o077)
    place.folder.chmod(0o700)
    subprocess.run([ROOT / "deploy" / "secrets.sh", place.secrets, "600"], check=True)
    for service in services.values():
        shutil.rmtree(place.secrets_of(service.name), ignore_errors=True)
        place.secrets_of(service.name).mkdir(parents=True)
        for name, source in service.secrets.items():
            shutil.copy(place.secrets / source, place.secrets_of(service.name) / name)
    place.inbox.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        _let_server_through(place.folder / "volumes" / "postgres")
    (place.folder / "dagster").mkdir(exist_ok=True)
    shutil.copy(ROOT / "deploy" / "dagster.yaml", place.folder / "dagster")


def _let_server_through(folder: Path) -> None:
    """Let the user as whom root runs a server reach its folder, and list nothing on the way."""
    folder.mkdir(parents=True, exist_ok=True)
    own = [passed for passed in (folder, *folder.parents) if passed.is_relative_to(ROOT / ".txcat")]
    for passed in own or [folder, folder.parent, folder.parent.parent]:
        passed.chmod(0o711)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder for one stack."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f"stack: another one runs in {folder}; end that, or name another by --folder")
        yield


def chosen_services(place: Place, *, with_kafka: bool) -> dict[str, Service]:
    """The services that are to run, by the user's wishes."""
    address = f"kafka:{INSIDE}" if with_kafka else ""
    variables = {"INBOX": str(place.inbox), "TXCAT_KAFKA_BOOTSTRAP_SERVERS": address}
    services = without(read_services(place, variables), "proxy")
    if with_kafka:
        install_jars()
    else:
        services = without(services, "kafka", "topics")
    url = os.environ.get("TXCAT_WAREHOUSE_URL", "")
    return on_given_server(services, url) if "postgresql" in url else services


def _refuse_taken_ports(ports: Mapping[str, int]) -> None:
    for name, port in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HERE, port))
            except OSError as error:
                sys.exit(
                    f"stack: port {port} for {name}: {error.strerror}; choose another by "
                    f"--{name.replace('_', '-')}-port"
                )


def main() -> int:
    """Start the production shape, wait until all is well, say where, and end all on Ctrl-C."""
    parser = argparse.ArgumentParser(prog="make stack", description=main.__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / ".txcat" / "stack")
    parser.add_argument("--without-kafka", action="store_true")
    for name, port in PORTS.items():
        parser.add_argument(f"--{name.replace('_', '-')}-port", type=int, default=port)
    given = parser.parse_args()
    chosen = {name: getattr(given, f"{name}_port") for name in PORTS}
    ports = {PORTS[name]: port for name, port in chosen.items()}
    place = Place(given.folder.resolve(), ports | {INSIDE: free_port(), CONTROLLER: free_port()})
    with alone_in(place.folder):
        try:
            services = chosen_services(place, with_kafka=not given.without_kafka)
            furnish(place, services)
            _refuse_taken_ports({name: port for name, port in chosen.items() if name in services})
            return run(place, services)
        except Missing as missing:
            sys.exit(f"stack: {missing}")


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
