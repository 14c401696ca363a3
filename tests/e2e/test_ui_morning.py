"""The operator's morning in the UI: in Chromium, with Dagster's web server and its daemon.

The same by commands is `docs/morning.md`, whose blocks `test_morning` runs.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.browser import Window, chromium_window
from tests.e2e.commands import CommandLine
from tests.e2e.daemon import Daemon
from tests.e2e.ui import WebServer, running_web_server
from tests.kafka.broker import until

RUN_SECONDS = 120
"""A run waits for the daemon, which imports all of Dagster first."""

TYPE_CONFIG = """config => document.querySelector(".CodeMirror").CodeMirror.setValue(config)"""


@pytest.fixture
def server(terminal: CommandLine) -> Iterator[WebServer]:
    """The web server and the daemon on the terminal's home."""
    home = terminal.folder / ".txcat"
    daemon = Daemon(home, terminal.settings | {"TXCAT_HOME": str(home)})
    daemon.start()
    try:
        with running_web_server(home) as server:
            yield server
    finally:
        daemon.kill()


def launch(window: Window, server: WebServer, job: str, config: dict[str, Any]) -> None:
    """Type a config into the launchpad of a job, press the button, and wait for its success."""
    place = f"{server.url}/locations/__repository__@txcat/jobs/{job}/playground"
    window.open(place, "Launch run")
    window.page.locator(".CodeMirror").wait_for()
    window.page.evaluate(TYPE_CONFIG, json.dumps(config))
    window.page.get_by_role("button", name="Launch run").first.click()
    window.page.wait_for_url("**/runs/**")

    def ended() -> bool:
        newest = next(run["status"] for run in server.runs() if run["jobName"] == job)
        assert newest not in ("FAILURE", "CANCELED")
        return str(newest) == "SUCCESS"

    until(ended, RUN_SECONDS)


@pytest.mark.slow
@pytest.mark.timeout(290)
def test_what_is_bad_is_seen_and_decided_in_the_ui_and_green_again(
    terminal: CommandLine, server: WebServer, tmp_path: Path
) -> None:
    terminal.put("currencies_2026-02-03.csv", "code,name,symbol\nEUR,Euro,€\nYYY,Yen,x\n")
    assert terminal.txcat("load", "--dataset", "currencies", "currencies_2026-02-03.csv").code == 1
    decided = {
        "command": "discard",
        "days": ["2026-02-03"],
        "why": "no currency",
        "dry_run": False,
    }
    with chromium_window(tmp_path) as window:
        page = f"{server.url}/assets/quarantined/currencies?view=checks"
        window.open(page, "code_unknown")
        assert server.shown_checks("quarantined", "currencies")["code_unknown"] == "FAILED"
        config = {"ops": {"operator_currencies": {"config": decided}}}
        launch(window, server, "decide_currencies", config)
        window.page.get_by_text("now discarded: 1").first.wait_for()
    assert terminal.txcat("check", "--dataset", "currencies").code == 0
    assert set(server.shown_checks("quarantined", "currencies").values()) == {"SUCCEEDED"}
    told = terminal.txcat("quarantine", "show", "--dataset", "currencies", "--key", "YYY")
    assert "no currency" in told.out
