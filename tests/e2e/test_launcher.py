"""Runs that the daemon starts: each is a process that its tags name, and that can be ended."""

import os
import shutil
import socket
import subprocess
import sys
from collections import Counter
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
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.definitions import build_definitions, definitions_of
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


LAUNCH_THREE = """
import os, sys, time
from pathlib import Path
import dagster as dg
from dagster._core.launcher import LaunchRunContext
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster._core.code_pointer import ModuleCodePointer
from txcat_assets.definitions import build_definitions
from txcat_assets.settings import Settings

if __name__ == "__main__":
    home, code = sys.argv[1:]
    pointer = ModuleCodePointer("txcat_assets.definitions", "defs")
    origin = JobPythonOrigin("load_users", RepositoryPythonOrigin(sys.executable, pointer))
    job = build_definitions(Settings()).resolve_job_def("load_users")
    tags = {"dagster/partition": "2025-01-03", "dataset": "users"}
    with dg.DagsterInstance.from_config(home) as instance:
        for number in range(3):
            if number == 2:  # edited as an editor does it, beside a running daemon
                source = Path(code).read_text()
                Path(code).write_text(source + "\\nEDITED = True\\n")
            run = instance.create_run_for_job(job, job_code_origin=origin, tags=tags)
            instance.run_launcher.launch_run(LaunchRunContext(run, workspace=None))
            while not instance.get_run_by_id(run.run_id).is_finished:
                time.sleep(0.05)
            print(instance.get_run_by_id(run.run_id).status.value)
"""
"""Three runs one after the other, the code edited before the last; prints how each ended."""


TELLING = """
import os
with open({imported!r}, "a") as told:
    told.write(str(os.getpid()) + "\\n")
build = build_definitions
def build_definitions(settings, contracts=None, resources=None):
    with open({built!r}, "a") as told:
        told.write(" ".join(contracts or ["all"]) + "\\n")
    return build(settings, contracts, resources)
"""
"""Makes the definitions tell which process imports them, and what is built."""


@pytest.mark.slow
def test_code_is_imported_once_for_all_runs_and_anew_after_an_edit(
    home: Path, tmp_path: Path
) -> None:
    # Else an edited contract would reach the UI by "reload", and the runs only after a restart.
    copy, imported, built = (tmp_path / name for name in ("code", "imported", "built"))
    shutil.copytree(ROOT / "txcat_assets", copy / "txcat_assets")
    code = copy / "txcat_assets" / "definitions.py"
    code.write_text(code.read_text() + TELLING.format(imported=str(imported), built=str(built)))
    (script := tmp_path / "launch.py").write_text(LAUNCH_THREE)
    environment = os.environ | {"TXCAT_HOME": str(home), "PYTHONPATH": str(copy)}
    done = subprocess.run(
        [sys.executable, str(script), str(home), str(code)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    assert done.stdout.split() == ["SUCCESS"] * 3
    by_process = Counter(imported.read_text().split())
    # The script, the helper that forks, and the one run after the edit.
    assert (len(by_process), by_process.total()) == (3, 3)
    assert built.read_text().split() == ["all", "users", "users", "users"]


def test_a_run_of_a_dataset_builds_no_more_than_it_needs() -> None:
    whole = build_definitions(Settings())
    for dataset in all_contracts():
        part = definitions_of(dataset)
        for job in (f"load_{dataset}", f"check_{dataset}"):
            alone, of_all = part.resolve_job_def(job), whole.resolve_job_def(job)
            assert {node.name for node in alone.nodes} == {node.name for node in of_all.nodes}
    assert {key.path[-1] for key in definitions_of("currencies").resolve_all_asset_keys()} == {
        "currencies"
    }


def test_every_library_is_there_to_be_imported() -> None:
    # The forked process would pass a missing one by, and only be slower.
    assert [library for library in LIBRARIES if not find_spec(library)] == []
