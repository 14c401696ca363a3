"""Runs that the daemon starts: each is a process that its tags name, and that can be ended."""

import os
import shutil
import socket
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import dagster as dg
import psutil
import pytest
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.launcher import LaunchRunContext
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin

from tests.assets.records import sound
from tests.e2e.daemon import Daemon
from tests.kafka.broker import until
from txcat_assets.cli.home import ROOT
from txcat_assets.definitions import build_definitions
from txcat_assets.defs import launcher
from txcat_assets.defs.launcher import LIBRARIES
from txcat_assets.health.processes import HOST, PID, process_of
from txcat_assets.settings import Settings


@pytest.fixture
def silent_url() -> Iterator[str]:
    """An ML service that takes every connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with the shipped dagster.yaml and a file in the inbox."""
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "transactions_2025-01-03.csv").write_text(sound(1, 2))
    return tmp_path


def processes_at_work(instance: dg.DagsterInstance) -> list[tuple[str, psutil.Process]]:
    """Each run at work with its process."""
    started = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    return [(run.run_id, process) for run in started if (process := process_of(run.tags))]


def status_of(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus | None:
    run = instance.get_run_by_id(run_id)
    return run.status if run else None


@pytest.mark.slow
def test_a_run_is_a_process_that_can_be_ended(home: Path, silent_url: str) -> None:
    settings = {"TXCAT_HOME": str(home), "TXCAT_ML_URL": silent_url}
    daemon = Daemon(home, settings | {"TXCAT_INBOX_SETTLE_SECONDS": "0"})
    with dg.DagsterInstance.from_config(str(home)) as instance:
        daemon.start()
        try:
            until(lambda: bool(processes_at_work(instance)), 60)
            ((run_id, process),) = processes_at_work(instance)
            # As the web server does it, which is a process of its own too.
            assert instance.run_launcher.terminate(run_id)
            until(lambda: status_of(instance, run_id) == dg.DagsterRunStatus.CANCELED, 90)
            until(lambda: not psutil.pid_exists(process.pid), 10)
            assert not instance.run_launcher.terminate(run_id)
        finally:
            daemon.kill()


def test_a_run_has_a_name_before_its_process_is_there(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The helper that forks first imports its libraries, which takes a minute on a busy machine.
    tags: list[dict[str, str]] = []

    class Process:
        """Looks at the run's tags when it is to begin."""

        pid = os.getpid()

        def __init__(self, **_: object) -> None:
            pass

        def start(self) -> None:
            """The moment before there is a process."""
            tags.append(dict(instance.get_runs()[0].tags))

    monkeypatch.setattr(launcher.servers, "Process", Process)
    pointer = ModuleCodePointer("txcat_assets.definitions", "defs")
    origin = JobPythonOrigin("load_transactions", RepositoryPythonOrigin("python", pointer))
    with dg.DagsterInstance.from_config(str(home)) as instance:
        job = build_definitions(Settings(home=home)).resolve_job_def("load_transactions")
        run = instance.create_run_for_job(job, job_code_origin=origin)
        instance.run_launcher.launch_run(LaunchRunContext(run, workspace=None))
    assert [(found[HOST], found[PID]) for found in tags] == [
        (socket.gethostname(), str(os.getpid()))
    ]


def test_none_of_our_own_code_is_kept_from_one_run_to_the_next() -> None:
    # Else an edited contract would reach the UI by "reload", and the runs only after a restart.
    assert [library for library in LIBRARIES if "txcat" in library] == []


def test_every_library_is_there_to_be_imported() -> None:
    # The forked process would pass a missing one by, and only be slower.
    assert [library for library in LIBRARIES if not find_spec(library)] == []
