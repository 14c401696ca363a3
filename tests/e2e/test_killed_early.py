"""Runs of Dagster's own commands that are killed before their first step, named or not yet."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from tests.assets.installation import Installation, days_asked_for
from tests.assets.records import sound
from txcat_assets.cli.home import ROOT
from txcat_assets.contracts.transactions import CONTRACT
from txcat_assets.defs import dead_runs
from txcat_assets.settings import Settings

pytestmark = pytest.mark.slow

KILLED = """
import os, signal, sys
from dagster._cli import main
from txcat_assets.defs import processes

name, is_named = processes.name_process, sys.argv.pop(1) == "named"

def die(*of_run):
    if is_named:
        name(*of_run)
    os.kill(os.getpid(), signal.SIGKILL)

processes.name_process = die
main()
"""
"""Dagster's command, whose process dies at its name: a run has started, and no step of it has."""

LOCATION = ("-m", "txcat_assets.definitions")
MATERIALIZE = ("asset", "materialize", *LOCATION, "--select", 'key:"*/transactions"')
EXECUTE = ("job", "execute", *LOCATION, "-j", "load_transactions")
TAGS = ("--tags", '{"dagster/partition": "2025-01-03"}')


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Installation]:
    """An installation with a Dagster instance of its own, as `make dev` has it."""
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    settings = Settings(home=tmp_path, ml_url="http://127.0.0.1:9")
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        yield Installation(settings, instance, {"transactions": CONTRACT})


@pytest.mark.parametrize(
    "command",
    [(*MATERIALIZE, "--partition", "2025-01-03"), (*EXECUTE, *TAGS)],
    ids=["hidden_job", "job"],
)
@pytest.mark.parametrize("is_named", [True, False], ids=["named", "nameless"])
def test_a_run_killed_before_its_first_step_holds_up_nobody_for_long(
    installed: Installation, command: list[str], is_named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = str(installed.settings.home_folder)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, "named" if is_named else "nameless", *command],
        env=os.environ | {"TXCAT_HOME": home, "DAGSTER_HOME": home},
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    (run,) = installed.instance.get_runs()
    assert run.status == dg.DagsterRunStatus.STARTED
    installed.put("transactions_2025-01-03.csv", sound(1))
    if not is_named:
        monkeypatch.setattr(dead_runs, "SILENT_AFTER", timedelta(seconds=-1))
    assert days_asked_for(installed.tick("inbox")) == ["2025-01-03"]
    (run,) = installed.instance.get_runs()
    assert run.status == dg.DagsterRunStatus.FAILURE
