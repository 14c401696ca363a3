"""The command `txcat` as its users meet it: its exit code, and what it says on both outputs.

Run in this process, by its real entry point; `in_process_of_its_own` runs the installed command.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from tests.assets.installation import everything_in
from txcat_assets.cli.main import main
from txcat_assets.warehouse.connect import connect
from txcat_assets.warehouse.databases.interface import Warehouse

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Output:
    """What a command answered."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class CommandLine:
    """A terminal in an empty folder, with the settings of its environment."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    settings: dict[str, str] = field(default_factory=dict)

    def set(self, **settings: object) -> None:
        """Set environment variables."""
        for name, value in settings.items():
            self.monkeypatch.setenv(name, str(value))
            self.settings[name] = str(value)

    def put(self, name: str, text: str | bytes) -> Path:
        """A file in the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def txcat(self, *arguments: object) -> Output:
        """Run a command here."""
        self.monkeypatch.setattr(sys, "argv", ["txcat", *map(str, arguments)])
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = self.capsys.readouterr()
        return Output(int(ended.value.code or 0), said.out, said.err)

    def in_process_of_its_own(self, *command: object, wait: float = 120) -> Output:
        """Run an installed command."""
        name, *arguments = map(str, command)
        ended = subprocess.run(
            [BIN / name, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=wait,
            check=False,
        )
        return Output(ended.returncode, ended.stdout, ended.stderr)

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment of a process in this terminal."""
        return os.environ | self.settings

    @property
    def warehouse(self) -> Warehouse:
        """The warehouse of the home folder."""
        return connect(f"duckdb:///{self.folder}/.txcat/warehouse.duckdb", 10, 60)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query on the warehouse."""
        with self.warehouse.transaction() as tx:
            return tx.rows(sql)

    def everything(self) -> dict[str, pl.DataFrame]:
        """Every table of the warehouse."""
        return everything_in(self.warehouse)

    def runs(self) -> list[dg.DagsterRun]:
        """The runs that the UI shows, newest first."""
        with dg.DagsterInstance.from_config(str(self.folder / ".txcat")) as instance:
            return list(instance.get_runs())
