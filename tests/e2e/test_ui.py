"""What the Dagster UI shows of txcat's runs, asked by its own GraphQL and looked at in Chromium.

One home and one web server for all tests here, so each has days of its own.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from tests.assets.records import HEADER, sound
from tests.e2e.browser import chromium_window
from tests.e2e.commands import CommandLine
from tests.e2e.ui import WebServer, running_web_server
from txcat_assets.definitions import build_definitions
from txcat_assets.settings import Settings

pytestmark = pytest.mark.slow

REPOSITORIES = """{ repositoriesOrError { ... on RepositoryConnection { nodes {
    name location { name } } } } }"""

RED = """[...document.querySelectorAll("*")].filter(one => {
    const [red, green, blue] = getComputedStyle(one).backgroundColor.match(/[0-9]+/g);
    return red > 150 && green < 80 && blue < 80;
}).length"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, made_home: Path) -> Path:
    """The folder of every terminal here."""
    folder = tmp_path_factory.mktemp("ui")
    shutil.copytree(made_home, folder / ".txcat")
    return folder


@pytest.fixture
def terminal(bare_terminal: CommandLine, ml_url: str) -> CommandLine:
    """A terminal on the one home, with the ML service at hand."""
    bare_terminal.set(TXCAT_ML_URL=ml_url)
    return bare_terminal


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[WebServer]:
    """The web server on the home of the terminals."""
    with running_web_server(folder / ".txcat") as server:
        yield server


def test_what_is_wrong_is_on_the_first_page_and_stays_until_it_is_mended(
    terminal: CommandLine, server: WebServer, tmp_path: Path
) -> None:
    bad = terminal.put("transactions_2026-01-03.csv", b"PK\x03\x04")
    terminal.put("transactions_2026-01-04.csv", HEADER + "\n")
    terminal.put("transactions_2026-01-05.csv", sound(*range(100, 130)))
    exits = [terminal.txcat("load", f"transactions_2026-01-0{day}.csv").code for day in (3, 4, 5)]
    assert exits == [1, 0, 0]
    newest = server.runs()[0]
    assert (newest["jobName"], newest["status"]) == ("check_transactions", "FAILURE")
    with chromium_window(tmp_path) as window:
        window.open(server.url, "check_transactions")
        assert window.page.evaluate(RED), "the runs of checks that failed"
        page = f"{server.url}/assets/raw/transactions?view=checks&checkDetail=no_file_set_aside"
        seen = window.open(page, "On 2026-01-03; not on the latest day, 2026-01-05.")
        assert "found a zip archive or an Excel workbook" in seen
        assert "Of raw/transactions: see docs/data-dictionary.md, transactions." in seen
        page = f"{server.url}/assets/quarantined/transactions?view=overview"
        window.open(page, "docs/data-dictionary.md, quarantined.transactions")
    bad.write_text(sound(1_000))
    assert terminal.txcat("load", bad.name).code == 0
    assert set(server.shown_checks("raw").values()) == {"SUCCEEDED"}
    assert server.runs()[0]["status"] == "SUCCESS"


def test_runs_of_a_load_stand_where_those_of_the_daemon_do(
    terminal: CommandLine, server: WebServer
) -> None:
    file = terminal.put("transactions_2025-01-03.csv", sound(1, 2))
    assert terminal.txcat("load", file).code == 0
    (repository,) = server.ask(REPOSITORIES)["repositoriesOrError"]["nodes"]
    place = {
        "repositoryName": repository["name"],
        "repositoryLocationName": repository["location"]["name"],
    }
    runs = server.runs()[:2]
    assert {run["jobName"]: run["repositoryOrigin"] for run in runs} == {
        "load_transactions": place,
        "check_transactions": place,
    }
    shown = {tag["key"] for run in runs for tag in run["tags"]}
    assert {"dataset", "checks"} <= shown
    assert not [key for key in shown if "pid" in key or "host" in key or "process" in key]


def test_a_run_that_changes_nothing_leaves_its_checks_due_and_they_show_again(
    terminal: CommandLine, server: WebServer
) -> None:
    file = terminal.put("transactions_2025-01-04.csv", sound(3, 4))
    assert terminal.txcat("load", file).code == 0
    assert set(server.shown_checks("validated").values()) == {"SUCCEEDED"}
    definitions = build_definitions(Settings())
    home = str(terminal.folder / ".txcat")
    with dg.DagsterInstance.from_config(home) as instance:
        job = definitions.resolve_job_def("load_transactions")
        assert job.execute_in_process(instance=instance, partition_key="2025-01-04").success
        assert set(server.shown_checks("validated").values()) == {"none"}
        context = dg.build_sensor_context(
            instance,
            definitions=definitions,
            resources=dict(definitions.resources or {}),
            sensor_name="checks",
        )
        with context:
            tick = definitions.resolve_sensor_def("checks")(context)
        assert isinstance(tick, dg.SensorResult)
        checks = definitions.resolve_job_def("check_transactions")
        assert checks.execute_in_process(instance=instance).success
    assert set(server.shown_checks("validated").values()) == {"SUCCEEDED"}
