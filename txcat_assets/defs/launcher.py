"""The run launcher of `dagster.yaml`: each run is a fork of a process that has all it needs.

Dagster's own starts an interpreter for each run, which imports for 2 s what a micro-batch needs for
1 s. Where our own code has changed since, the run imports it anew: it takes the code as it is.
"""

import multiprocessing
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Self

import dagster as dg
from dagster._cli import main as dagster_command
from dagster._config import UserConfigSchema
from dagster._core.launcher import LaunchRunContext, RunLauncher
from dagster._grpc.types import ExecuteRunArgs
from dagster._serdes import ConfigurableClass, ConfigurableClassData

import txcat_assets
from txcat_assets.defs.jobs import dataset_of
from txcat_assets.health.processes import process_of, process_tags

LIBRARIES = [
    "dagster._cli.api",
    "dagster._core.definitions.repository_definition.repository_data_builder",
    "dagster._core.executor.in_process",
    "dagster._core.storage.local_compute_log_manager",
    "dagster._core.storage.runs.sqlite",
    "dagster._core.storage.schedules.sqlite",
    "dagster._core.storage.sqlite_storage",
    "dagster._daemon.cli",  # the daemon's main module, which multiprocessing brings along
    "dagster_duckdb",
    "httpcore",
    "httpx",
    "kafka.admin",
    "pandera.backends.polars.builtin_checks",
    "pandera.backends.polars.components",
    "pandera.backends.polars.container",
    "pandera.polars",
    "pyarrow.dataset",
    "pydantic_settings",
    "stamina",
    "tenacity",
    "upath.implementations.local",
]
"""What a micro-batch was seen to import, but for our own; a missing one costs its time only."""

OWN = txcat_assets.__name__
DEFINITIONS = f"{OWN}.definitions"

servers = multiprocessing.get_context("forkserver")


class ForkingRunLauncher(RunLauncher[dg.DagsterInstance], ConfigurableClass):
    """Works each run in a process of its own, on the machine of Dagster's daemon."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        super().__init__()  # type: ignore[no-untyped-call]

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """What Dagster makes the launcher again from, in another process."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """No settings."""
        return {}

    @classmethod
    def from_config_value(
        cls,
        inst_data: ConfigurableClassData,
        config_value: Mapping[str, Any],  # noqa: ARG003
    ) -> Self:
        """The launcher that dagster.yaml asks for."""
        return cls(inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start the run's process and write down which it is.

        Until then the run has the name of this process, for the helper that forks may first have
        to import its libraries.
        """
        run = context.dagster_run
        self._instance.add_run_tags(run.run_id, process_tags())
        if not run.job_code_origin:
            raise dg.DagsterInvariantViolationError(
                f"Run {run.run_id} does not say where its code is."
            )
        args = ExecuteRunArgs(run.job_code_origin, run.run_id, self._instance.get_ref())
        servers.set_forkserver_preload([*LIBRARIES, f"{OWN}.preloaded"])
        imported = txcat_assets.__path__[0] if code_at_first() == code_now() else None
        process = servers.Process(
            target=_execute, args=(args.get_command_args(), imported, dataset_of(run))
        )
        process.start()
        self._instance.add_run_tags(run.run_id, process_tags(process.pid))

    def terminate(self, run_id: str) -> bool:
        """Ask the run's process to end; False where it has ended or is on another machine."""
        run = self._instance.get_run_by_id(run_id)
        process = process_of(run.tags) if run and not run.is_finished else None
        if not run or not process:
            return False
        self._instance.report_run_canceling(run)
        process.terminate()
        return True


def code_now() -> set[tuple[Path, int, int]]:
    """Our own files with their sizes and times of change."""
    found = [(path, path.stat()) for path in Path(txcat_assets.__path__[0]).rglob("*.py")]
    return {(path, file.st_size, file.st_mtime_ns) for path, file in found}


@cache
def code_at_first() -> set[tuple[Path, int, int]]:
    """Our own files before the helper that forks imported them; asked for before it starts."""
    return code_now()


def _execute(command: Sequence[str], imported: str | None, dataset: str | None) -> None:
    """Be the command by which every launcher of Dagster's works a run.

    `imported` is the folder of our own code that may be kept. The helper finds another one first
    where it was started in one; None where the code has changed.
    """
    if imported != txcat_assets.__path__[0]:
        for name in [name for name in sys.modules if name.partition(".")[0] == OWN]:
            del sys.modules[name]
    if dataset:
        with suppress(Exception):  # Dagster says in the run what is wrong with the code
            _define(import_module(DEFINITIONS), dataset)
    sys.argv = ["dagster", *command[command.index("api") :]]
    dagster_command()  # type: ignore[no-untyped-call]


def _define(code: Any, dataset: str) -> None:
    """Let Dagster find in this process the definitions of one dataset only."""
    code.defs = dg.definitions(lambda: code.definitions_of(dataset))
