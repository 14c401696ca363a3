"""The home folder: what `txcat` and Dagster keep between runs, made where it is missing."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from txcat_assets.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

ROOT = Path(__file__).parents[2]
"""The checkout, with dagster.yaml, workspace.yaml and Procfile at its top."""


def make_home(settings: Settings) -> None:
    """Make the home folder and its inbox, and let Dagster keep its instance there."""
    settings.inbox_folder.mkdir(parents=True, exist_ok=True)
    dagster_home = Path(os.environ.get("DAGSTER_HOME") or settings.home_folder)
    os.environ["DAGSTER_HOME"] = str(dagster_home)
    dagster_home.mkdir(parents=True, exist_ok=True)
    if not (dagster_home / "dagster.yaml").exists():
        shutil.copy(ROOT / "dagster.yaml", dagster_home)


@contextmanager
def dagster_instance(settings: Settings) -> Iterator["dg.DagsterInstance"]:
    """The Dagster instance of the home folder; runs whose process is gone are reported first."""
    make_home(settings)
    import dagster as dg  # noqa: PLC0415 - `txcat --help` must not wait for it

    from txcat_assets.defs.runs import report_dead_runs  # noqa: PLC0415

    with dg.DagsterInstance.get() as instance:
        report_dead_runs(instance)
        yield instance


def serve(settings: Settings) -> None:
    """Become the processes of the Procfile: the UI with its daemon, and the ML service."""
    with dagster_instance(settings):
        pass  # made by one process: two that start on an empty home can corrupt its SQLite
    os.environ["TXCAT_HOME"] = str(settings.home_folder)  # may be relative to the folder left now
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    os.chdir(ROOT)
    os.execvp("honcho", ["honcho", "start"])  # noqa: S606, S607
