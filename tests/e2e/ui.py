"""Dagster's web server on a home of a test's own, and what its GraphQL answers.

It runs alone, without the daemon: nothing happens but what the test does. Attacks on it, and the
proxy before it, are in `tests.security.dagster_server`.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tools.kafka_broker import free_port
from txcat_assets.cli.home import ROOT

RUNS = """{ runsOrError { ... on Runs { results { jobName status tags { key }
    repositoryOrigin { repositoryName repositoryLocationName } } } } }"""

CHECKS = """query Checks($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) {
    ... on AssetNode { assetChecksOrError { ... on AssetChecks { checks {
    name executionForLatestMaterialization { status } } } } } } }"""

GUARDED, PLAIN = "txcat_web.dagster_ui", "dagster_webserver"
"""The web server as `make dev` starts it, and Dagster's own."""

WORKSPACE = ("-w", str(ROOT / "workspace.yaml"))
START_SECONDS, END_SECONDS = 240, 90
"""It imports all of Dagster, on a machine with much else to do."""


@dataclass(frozen=True)
class WebServer:
    """A web server of Dagster that answers."""

    url: str

    def ask(self, query: str, **variables: Any) -> Any:
        """The data that a GraphQL query gives; the test fails where it gives errors."""
        body = {"query": query, "variables": variables}
        found = httpx.post(f"{self.url}/graphql", json=body, timeout=60).json()
        assert not found.get("errors"), found
        return found["data"]

    def runs(self) -> list[dict[str, Any]]:
        """The runs that the UI lists, newest first."""
        found: list[dict[str, Any]] = self.ask(RUNS)["runsOrError"]["results"]
        return found

    def shown_checks(self, schema: str, dataset: str = "transactions") -> dict[str, str]:
        """By check, what the UI shows for the latest materialization of an asset."""
        node = self.ask(CHECKS, key={"path": [schema, dataset]})["assetNodeOrError"]
        return {
            check["name"]: (check["executionForLatestMaterialization"] or {}).get("status", "none")
            for check in node["assetChecksOrError"]["checks"]
        }


@contextmanager
def running_web_server(
    home: Path, module: str = PLAIN, where: Sequence[str] = WORKSPACE, **settings: str
) -> Iterator[WebServer]:
    """A web server of the instance in `home` on a free port, while the block runs."""
    port = free_port()
    command = [sys.executable, "-m", module, *where, "-h", "127.0.0.1", "-p", str(port)]
    homes = {"DAGSTER_HOME": str(home), "TXCAT_HOME": str(home), "PYTHONPATH": str(ROOT)}
    server = WebServer(f"http://127.0.0.1:{port}")
    with running(command, home / "webserver.log", f"{server.url}/server_info", homes | settings):
        yield server


@contextmanager
def running(
    command: Sequence[str], log: Path, url: str, settings: dict[str, str]
) -> Iterator[None]:
    """Run a process that answers at `url` while the block does; its words are in `log`."""
    environment = os.environ | settings
    with log.open("wb") as lines:
        process = subprocess.Popen(command, stdout=lines, stderr=lines, env=environment, cwd="/")
    try:
        _wait_until_it_answers(url, process, log)
        yield
    finally:
        process.terminate()
        process.wait(END_SECONDS)


def _wait_until_it_answers(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server answers anything at all."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            httpx.get(url, verify=False, timeout=10)  # noqa: S501 - its own, of a minute ago
            return
        except httpx.TransportError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
