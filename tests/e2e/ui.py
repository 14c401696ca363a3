"""Dagster's web server on a home of a test's own, and what its GraphQL answers.

It runs alone, without the daemon: nothing happens but what the test does.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.kafka_broker import free_port
from txcat_assets.cli.home import ROOT

RUNS = """{ runsOrError { ... on Runs { results { jobName status tags { key }
    repositoryOrigin { repositoryName repositoryLocationName } } } } }"""

CHECKS = """query Checks($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) {
    ... on AssetNode { assetChecksOrError { ... on AssetChecks { checks {
    name executionForLatestMaterialization { status } } } } } } }"""

WORKSPACE = ROOT / "workspace.yaml"
START_SECONDS = 240
"""It imports all of Dagster, on a machine with much else to do."""


@dataclass(frozen=True)
class WebServer:
    """A web server of Dagster that answers."""

    url: str

    def ask(self, query: str, **variables: Any) -> Any:
        """The data that a GraphQL query gives; the test fails where it gives errors."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/graphql", body, headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own address
            found = json.load(answer)
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
def running_web_server(home: Path, environment: Mapping[str, str]) -> Iterator[WebServer]:
    """Start the web server of the instance in `home` on a free port; end it after the block."""
    port = free_port()
    program = str(Path(sys.executable).with_name("dagster-webserver"))
    command = [program, "-w", str(WORKSPACE), "-h", "127.0.0.1", "-p", str(port)]
    log = home / "webserver.log"
    with log.open("wb") as lines:
        process = subprocess.Popen(
            command,
            env={**os.environ, **environment, "DAGSTER_HOME": str(home)},
            stdout=lines,
            stderr=lines,
        )
    try:
        server = WebServer(f"http://127.0.0.1:{port}")
        _wait_until_it_answers(server, process, log)
        yield server
    finally:
        process.terminate()
        process.wait(90)


def _wait_until_it_answers(server: WebServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            server.ask("{ version }")
            return
        except OSError:  # refused, broken off or too slow, while it starts
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
