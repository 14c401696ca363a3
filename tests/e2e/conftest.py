"""A terminal in an empty folder for each test, with the real ML service beside it.

Its home is empty too, but for a Dagster instance that was made once: making one takes a second.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg
import psutil
import pytest

from tests.assets.records import file_of, line
from tests.e2e.commands import CommandLine
from tests.e2e.stack import Stack, Start, start_stack
from tests.memory import folder_in_memory
from tests.postgres import Postgres
from txcat_assets.cli.home import ROOT


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder in which nothing has happened yet."""
    folder = tmp_path_factory.mktemp("home")
    shutil.copy(ROOT / "dagster.yaml", folder)
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        assert instance.get_runs() == []
    return folder


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder with a short name."""
    with TemporaryDirectory(dir=folder_in_memory()) as folder:
        yield Path(folder)


@pytest.fixture
def bare_terminal(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """A terminal in which no setting is made and nothing was ever run."""
    for name in os.environ:
        if name.startswith(("TXCAT_", "DAGSTER_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(folder)
    terminal = CommandLine(folder, monkeypatch, capsys)
    terminal.set(DAGSTER_HOME=folder / ".txcat", COLUMNS=200)
    return terminal


@pytest.fixture
def terminal(bare_terminal: CommandLine, made_home: Path, ml_url: str) -> CommandLine:
    """A terminal with the ML service at hand."""
    shutil.copytree(made_home, bare_terminal.folder / ".txcat")
    bare_terminal.set(TXCAT_ML_URL=ml_url)
    return bare_terminal


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts stacks in a folder that the user of PostgreSQL may enter; kills what is left."""
    started: list[Stack] = []
    with TemporaryDirectory(prefix="txcat-stack-") as folder:

        def start(*options: str, **ports: int) -> Stack:
            started.append(start_stack(Path(folder, "stack"), *options, **ports))
            return started[-1]

        yield start
        for stack in started:
            with suppress(psutil.NoSuchProcess):
                for process in stack.family():
                    process.kill()


@pytest.fixture(params=["duckdb", "postgres"])
def loaded(request: pytest.FixtureRequest, terminal: CommandLine) -> Iterator[CommandLine]:
    """A terminal in whose warehouse a day has landed, one of its two records quarantined."""
    path = terminal.put("transactions_2025-01-03.csv", file_of(line(1), line(2, amount="x")))
    if request.param == "duckdb":
        assert terminal.txcat("load", path).code == 1
        yield terminal
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with postgres.database() as url:
        terminal.set(TXCAT_WAREHOUSE_URL=url)
        assert terminal.txcat("load", path).code == 1
        yield terminal
