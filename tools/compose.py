"""docker-compose.yml as plain processes of this machine: the same commands, variables and checks.

What only a container has is replaced: host names by this machine's address, ports by given ones,
volumes and secrets by folders, the images of others by the same servers, which `tools` runs.
"""

import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from tools import postgres_server

ROOT = Path(__file__).parents[1]
HERE = "127.0.0.1"

VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
PORT = re.compile(r"(?<![\w.])\d{4,5}(?![\w.])")

Move = Callable[[object], str]


@dataclass(frozen=True)
class Place:
    """Where the processes of one stack live: a folder, and a port for each port of a container."""

    folder: Path
    ports: Mapping[int, int]

    @property
    def secrets(self) -> Path:
        """The folder of all secret files."""
        return self.folder / "secrets"

    def secrets_of(self, service: str) -> Path:
        """The folder of those that a service is given, under the names that it knows."""
        return self.folder / "secrets-of" / service

    @property
    def inbox(self) -> Path:
        """The folder whose files are taken."""
        return self.folder / "inbox"


@dataclass(frozen=True)
class Service:
    """A service as a process: what is run, with which variables, and what tells that it is well."""

    name: str
    command: list[str]
    environment: dict[str, str]
    check: list[str]
    needs: dict[str, str]
    """What must be so of which other service before this one starts, in the words of Compose."""
    secrets: dict[str, str]
    """The secrets that it is given, by the names of their files there."""

    @property
    def is_long(self) -> bool:
        """Whether it is to run until it is ended; the others do something once."""
        return bool(self.check)


def read_services(place: Place, variables: Mapping[str, str]) -> dict[str, Service]:
    """The services of docker-compose.yml at a place; `variables` fills what stands as ${NAME}."""
    text = (ROOT / "docker-compose.yml").read_text()
    filled = VARIABLE.sub(lambda found: variables.get(found[1]) or found[2] or "", text)
    given = yaml.safe_load(filled)["services"]
    return {name: _service(name, given, place) for name in given}


def without(services: Mapping[str, Service], *names: str) -> dict[str, Service]:
    """The other services, which no longer wait for the named ones."""

    def left(service: Service) -> Service:
        needs = {name: how for name, how in service.needs.items() if name not in names}
        return replace(service, needs=needs)

    return {name: left(one) for name, one in services.items() if name not in names}


def _service(name: str, services: Mapping[str, Any], place: Place) -> Service:
    given = services[name]
    move = _mover(name, services, place)
    environment = {
        key: HERE if value in services else move(value)
        for key, value in given.get("environment", {}).items()
    }
    return Service(
        name,
        _command(given, move, place),
        # What the image has beyond the file.
        {"PYTHONUNBUFFERED": "1"} | environment | {"TXCAT_SECRETS": str(place.secrets_of(name))},
        [move(word) for word in given.get("healthcheck", {}).get("test", ["CMD"])[1:]],
        {other: how["condition"] for other, how in given.get("depends_on", {}).items()},
        dict(map(_secret, given.get("secrets", []))),
    )


def _secret(given: str | Mapping[str, str]) -> tuple[str, str]:
    return (given, given) if isinstance(given, str) else (given["target"], given["source"])


def _mover(name: str, services: Mapping[str, Any], place: Place) -> Move:
    """What changes a word of a service: hosts, ports, and the folder that it begins with."""
    hosts = re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, services))})(?=:\d)|^0\.0\.0\.0$")
    folders = {
        **_volumes(services[name], place),
        "/run/secrets": place.secrets_of(name),
        "/var/lib/dagster": place.folder / "dagster",
        "/var/lib/txcat": place.folder / "home",
    }

    def move(word: object) -> str:
        moved = hosts.sub(HERE, str(word)).replace("://:", f"://{HERE}:")
        moved = PORT.sub(lambda found: str(place.ports.get(int(found[0]), found[0])), moved)
        for target, source in folders.items():
            if moved == target or moved.startswith(f"{target}/"):
                return f"{source}{moved.removeprefix(target)}"
        return moved

    return move


def _volumes(given: Mapping[str, Any], place: Place) -> dict[str, Path]:
    """Where the folders of a service are; what is mounted from this machine stays where it is."""
    found = {}
    for volume in given.get("volumes", []):
        source, target = volume.split(":")[:2]
        is_named = "/" not in source
        found[target] = place.folder / "volumes" / source if is_named else ROOT / source
    return found


def _command(given: Mapping[str, Any], move: Move, place: Place) -> list[str]:
    """The command of a service, by what its image does with it."""
    image, words = given["image"].partition(":")[0], given.get("command", [])
    if image == "apache/kafka":
        return [sys.executable, "-m", "tools.kafka_image"]
    if image != "postgres":
        return [*_entry_point(), *map(move, words)]
    folders = _volumes(given, place)
    (script,) = [folder for target, folder in folders.items() if "initdb.d" in target]
    return [
        *(sys.executable, "-m", "tools.postgres_server", "--port", move("5432")),
        *("--folder", str(folders["/var/lib/postgresql"]), "--init-script", str(script)),
        *("--password-file", move(given["environment"]["POSTGRES_PASSWORD_FILE"])),
        *("--", *words[1:]),
    ]


def _entry_point() -> list[str]:
    """What the image of ours puts before every command."""
    found = re.search(r"^ENTRYPOINT (.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    return list(json.loads(found[1])) if found else []


def path_of_programs() -> str:
    """The variable PATH by which every command of every service is found."""
    own = [str(Path(sys.executable).parent), str(postgres_server.programs())]
    return os.pathsep.join([*own, os.environ["PATH"]])
