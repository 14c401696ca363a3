"""Starts the real reporting API in a process of its own, on a free port, and ends it by SIGTERM.

What it is asked about is in `loaded`.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from uuid import UUID

import httpx
from pydantic import SecretStr

from reporting_api.keys import Keys, NewKey
from reporting_api.roles import ROLES
from reporting_api.store import Store, open_store
from tests.reporting_api.loaded import ANN, BOB
from tests.services.running import port_in
from txcat_assets.clock import utc_now
from txcat_assets.settings import Settings

TXCAT = Path(sys.executable).with_name("txcat")

USERS = {"ann": ANN, "bob": BOB}


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

    @cached_property
    def keys(self) -> dict[str, str]:
        """A key of each role, made when first asked for; of users one for Ann and one for Bob."""
        users = {name: self.new_key("user", user) for name, user in USERS.items()}
        return users | {role: self.new_key(role) for role in ("analyst", "operator", "admin")}

    @property
    def store(self) -> Store:
        """Where its keys and what was noted are."""
        url = SecretStr(self.environment["TXCAT_WAREHOUSE_URL"])
        return open_store(Settings(home=Path(self.environment["TXCAT_HOME"]), warehouse_url=url))

    def new_key(self, role: str, user: str | None = None, days: float = 1) -> str:
        """A new key of a role, made as `txcat api-key create` makes it."""
        now = utc_now()
        user_id = UUID(user) if user else None
        new = NewKey(ROLES[role], user_id, "of a test", now + timedelta(days=days))
        return Keys(self.store).create(new, now)

    def txcat(self, *arguments: str) -> str:
        """What a command of `txcat` says under the same settings."""
        command = [str(TXCAT), *arguments]
        return subprocess.check_output(command, env=self.environment, text=True, timeout=120)


@contextmanager
def running_api(
    folder: Path, url: str, others: Mapping[str, str] | None = None, /, **settings: object
) -> Iterator[Api]:
    """Start `txcat api` on the warehouse of a URL; end it by SIGTERM, if nobody else has.

    `settings` are those of the API by the rest of their names; `others` are whole variables.
    """
    port_file, log = folder / "api.port", folder / "api.log"
    named = {f"TXCAT_API_{name.upper()}": str(value) for name, value in settings.items()}
    own = {k: v for k, v in os.environ.items() if not k.startswith("TXCAT_")}
    own |= {"TXCAT_HOME": str(folder), "TXCAT_WAREHOUSE_URL": url, **named}
    own |= {"TXCAT_API_PORT_FILE": str(port_file), **(others or {})}
    with log.open("wb") as lines:
        command = [str(TXCAT), "api", "--port", "0"]
        process = subprocess.Popen(command, stdout=lines, stderr=lines, env=own)
    try:
        url = f"http://127.0.0.1:{port_in(port_file, process, log)}"
        yield Api(url, process, log, own)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
