"""How dbt shares a DuckDB file with loads: in the turns that txcat's processes take.

dbt loads this module as a plugin, see `profiles.yml`, and asks it each time before it opens the
file, which is before each node. txcat's own instance of the file is open meanwhile, and DuckDB has
one instance of a file in a process: so dbt waits as every process of txcat does, finds the file
open, and lets others in between two nodes.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from txcat_assets.warehouse.databases.duckdb_errors import translated
from txcat_assets.warehouse.databases.duckdb_locks import shared_file
from txcat_assets.warehouse.databases.per_process import PerProcess


class Turn:
    """The turn of this process in a file, while dbt works in it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held = ExitStack()

    def take(self, wait_seconds: float) -> None:
        """Let others in if they wait, then wait for the file and hold it; WarehouseBusy in time."""
        self.end()
        with translated(self._path, "TXCAT_WAREHOUSE_URL"):
            self._held.enter_context(shared_file(self._path).instance.connection(wait_seconds))

    def end(self) -> None:
        """Leave the file to others; safe where it is not held."""
        self._held.close()


_turn = PerProcess(Turn)


@contextmanager
def ended_turn(path: Path) -> Iterator[None]:
    """Leave the file to others when the block, which runs dbt, ends."""
    try:
        yield
    finally:
        _turn(path).end()


class Plugin(BasePlugin):
    """What dbt asks before it opens the file."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Take what `profiles.yml` says."""
        self._wait_seconds = float(plugin_config["wait_seconds"])

    def update_connection_config(self, creds: Any, config: dict[str, Any]) -> None:  # noqa: ARG002
        """Wait for the file; dbt's own configuration of it stays as it is."""
        if creds.path != ":memory:":
            _turn(Path(creds.path)).take(self._wait_seconds)
