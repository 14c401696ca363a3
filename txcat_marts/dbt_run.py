"""Runs dbt in this process on the warehouse that the settings name.

In this process, for a kill then ends dbt too, and its import is paid once. dbt reads where the
warehouse is from environment variables, which are set while it runs. It asks nothing of the network
but the database.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from txcat_assets.errors import TxcatError
from txcat_assets.settings import Settings
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_marts.manifest import PROJECT

QUIET = ("--quiet", "--log-level", "none", "--log-level-file", "none", "--no-use-colors")
OFFLINE = ("--no-send-anonymous-usage-stats", "--no-version-check")

UNWRITTEN = ("--no-write-json",)
"""Nobody reads the artifacts of an update, and they take longer to write than a model to make."""

HIDDEN = "DBT_ENV_SECRET_TXCAT_"
"""dbt keeps the values of variables that begin so out of its logs."""

LIBPQ = {
    f"{HIDDEN}HOST": "host",
    "TXCAT_MARTS_PORT": "port",
    f"{HIDDEN}USER": "user",
    f"{HIDDEN}DATABASE": "dbname",
    f"{HIDDEN}PASSWORD": "password",
    # What dbt's profile has no word for, libpq reads from its own variables.
    "PGSSLMODE": "sslmode",
    "PGSSLROOTCERT": "sslrootcert",
    "PGSSLCERT": "sslcert",
    "PGSSLKEY": "sslkey",
    "PGOPTIONS": "options",
}
"""The variable by which each parameter of a PostgreSQL URL reaches dbt."""


class DbtFailed(TxcatError):
    """dbt has ended before it could run any model, as where its project cannot be read."""


@dataclass(frozen=True)
class NodeResult:
    """What became of a model or a test of dbt; `words` are dbt's own, empty where all is well."""

    unique_id: str
    status: str
    words: str
    seconds: float
    failures: int

    @property
    def is_well(self) -> bool:
        """A model was made, or a test holds."""
        return self.status in {"success", "pass"}


@dataclass(frozen=True)
class Dbt:
    """dbt on a warehouse; `folder` keeps what it has parsed and compiled.

    For a DuckDB file it waits as long as `wait_seconds` before each node.
    """

    warehouse: Warehouse
    url: str
    folder: Path
    wait_seconds: float = 45
    project: Path = PROJECT

    def build(self, names: Sequence[str], *, full_refresh: bool = False) -> list[NodeResult]:
        """Make the models of these names and run their tests; one that fails stops no other."""
        only = ["--select", *names, "--exclude-resource-type", "unit_test", *UNWRITTEN]
        return self._results("build", *only, *(["--full-refresh"] if full_refresh else []))

    def make_all(self) -> list[NodeResult]:
        """Make every model, without tests; the manifest is in the folder then."""
        return self._results("run")

    def write_docs(self) -> Path:
        """Write the docs of dbt, with the types of the tables that are there, into one HTML file.

        It asks nobody when it is opened: its tracking is off, as usage statistics are.
        """
        self._invoke("docs", "generate", "--static")
        return self._target / "static_index.html"

    def test(self, *selected: str) -> list[NodeResult]:
        """Run tests of dbt alone."""
        return self._results("test", "--select", *selected, *UNWRITTEN)

    def _results(self, *command: str) -> list[NodeResult]:
        results = getattr(self._invoke(*command), "results", None)
        if results is None:
            raise DbtFailed(f"dbt {command[0]} gave no results.")
        return [_result(one) for one in results]

    def _invoke(self, *command: str) -> Any:
        from dbt.cli.main import dbtRunner  # noqa: PLC0415 - seconds, which only a run needs

        where = ["--project-dir", str(self.project), "--profiles-dir", str(self.project)]
        kept = ["--target-path", str(self._target), "--log-path", str(self._target)]
        with _environment(self._variables()), self._in_turns():
            ended = dbtRunner().invoke([*QUIET, *OFFLINE, *command, *where, *kept])
        if ended.exception is not None:
            raise DbtFailed(f"dbt {command[0]} could not be done: {ended.exception}")
        return ended.result

    @property
    def _target(self) -> Path:
        """Where dbt keeps its files; what is parsed differs by the database."""
        return self.folder / self.warehouse.kind

    def _in_turns(self) -> AbstractContextManager[None]:
        if self.warehouse.kind != "duckdb":
            return nullcontext()
        from txcat_marts.turns import ended_turn  # noqa: PLC0415 - dbt's adapter takes a second

        return ended_turn(Path(self.warehouse.place))

    def _variables(self) -> dict[str, str]:
        """The variables by which dbt finds the warehouse."""
        target = {f"{HIDDEN}TARGET": self.warehouse.kind}
        if self.warehouse.kind == "duckdb":
            wait = {f"{HIDDEN}WAIT_SECONDS": str(self.wait_seconds)}
            return target | wait | {f"{HIDDEN}FILE": self.warehouse.place}
        from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 - only where it is used

        given = conninfo_to_dict(self.url)
        return target | {name: str(given[one]) for name, one in LIBPQ.items() if one in given}


def dbt_of(settings: Settings, warehouse: Warehouse) -> Dbt:
    """dbt on the warehouse of the settings."""
    folder = settings.home_folder / "dbt"
    return Dbt(warehouse, settings.warehouse, folder, settings.warehouse_wait_seconds)


def _result(found: Any) -> NodeResult:
    status, is_well = str(found.status), str(found.status) in {"success", "pass"}
    words = "" if is_well else str(found.message or status)
    if found.status == "error" and getattr(found.node, "build_path", None):
        words = f"{words}\n  The lines are those of {found.node.build_path}"
    return NodeResult(
        found.node.unique_id, status, words, found.execution_time, found.failures or 0
    )


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Have these variables set while the block runs."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
