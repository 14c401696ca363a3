"""Dagster's real daemon on a home of its own, with the shipped dagster.yaml.

What it is started for stands in the tests that use it.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil


class Daemon:
    """A daemon on a home of its own; killing it leaves nothing of it alive."""

    def __init__(
        self, home: Path, settings: dict[str, str], module: str = "txcat_assets.definitions"
    ) -> None:
        self._home, self._module = home, module
        self._environment = os.environ | settings | {"DAGSTER_HOME": str(home)}

    def start(self) -> None:
        """Start it, with the shipped dagster.yaml."""
        program = str(Path(sys.executable).with_name("dagster-daemon"))
        with (self._home / "daemon.log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, "run", "-m", self._module],
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """SIGKILL to it, its code server and its runs, at whatever they are."""
        family = [*psutil.Process(self._process.pid).children(recursive=True)]
        for one in [psutil.Process(self._process.pid), *family]:
            try:
                one.send_signal(signal.SIGKILL)
            except psutil.NoSuchProcess:
                continue
        self._process.wait()
