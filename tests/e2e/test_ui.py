"""What the Dagster UI shows of txcat's runs, asked by its own GraphQL.

How its pages look is seen in Chromium: `test_browser`.
"""

from collections.abc import Iterator

import dagster as dg
import pytest

from tests.assets.records import sound
from tests.e2e.commands import CommandLine
from tests.e2e.ui import WebServer, running_web_server
from txcat_assets.definitions import build_definitions
from txcat_assets.settings import Settings

pytestmark = pytest.mark.slow

REPOSITORIES = """{ repositoriesOrError { ... on RepositoryConnection { nodes {
    name location { name } } } } }"""


@pytest.fixture
def server(terminal: CommandLine) -> Iterator[WebServer]:
    """The web server on the home of the terminal."""
    with running_web_server(terminal.folder / ".txcat", terminal.settings) as server:
        yield server


def test_runs_of_a_load_stand_where_those_of_the_daemon_do(
    terminal: CommandLine, server: WebServer
) -> None:
    terminal.put("transactions_2025-01-03.csv", sound(1, 2))
    assert terminal.txcat("load", ".").code == 0
    (repository,) = server.ask(REPOSITORIES)["repositoriesOrError"]["nodes"]
    place = {
        "repositoryName": repository["name"],
        "repositoryLocationName": repository["location"]["name"],
    }
    runs = server.runs()
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
    terminal.put("transactions_2025-01-03.csv", sound(1, 2))
    assert terminal.txcat("load", ".").code == 0
    assert set(server.shown_checks("validated").values()) == {"SUCCEEDED"}
    definitions = build_definitions(Settings())
    home = str(terminal.folder / ".txcat")
    with dg.DagsterInstance.from_config(home) as instance:
        job = definitions.resolve_job_def("load_transactions")
        assert job.execute_in_process(instance=instance, partition_key="2025-01-03").success
        assert set(server.shown_checks("validated").values()) == {"none"}
        context = dg.build_sensor_context(
            instance, definitions=definitions, resources=dict(definitions.resources or {})
        )
        with context:
            tick = definitions.resolve_sensor_def("checks_transactions")(context)
        assert isinstance(tick, dg.SensorResult)
        checks = definitions.resolve_job_def("check_transactions")
        assert checks.execute_in_process(instance=instance).success
    assert set(server.shown_checks("validated").values()) == {"SUCCEEDED"}
