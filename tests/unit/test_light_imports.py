"""What is started often starts fast: what only some of it needs is imported by those who do."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

HEAVY = ("pandera", "pandas", "kafka", "httpx", "dagster_dbt", "dbt")
LOADED = """
import sys
from txcat_assets.definitions import build_definitions
from txcat_assets.settings import Settings
build_definitions(Settings()).get_repository_def().get_all_jobs()
print(*sys.modules)
"""

HEAVIER = ("dagster", "alembic", "sqlalchemy", "psycopg", *HEAVY)
RUN = """
import atexit, sys
from txcat_assets.cli.main import main
atexit.register(lambda: print("imported:", *sys.modules))
main()
"""


def modules(program: str, *arguments: str, folder: Path | None = None) -> set[str]:
    """What a fresh interpreter has imported once a program has run."""
    command = [sys.executable, "-c", program, *arguments]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder)
    assert ended.returncode in {0, 1}, ended.stderr
    return set(ended.stdout.split())


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """What the code location imports when it is loaded."""
    return modules(LOADED)


@pytest.mark.parametrize("package", HEAVY)
def test_loading_the_code_location_does_not_import(package: str, loaded: set[str]) -> None:
    assert package not in loaded, (
        f"every run pays for what the location imports: import {package} in the function using it"
    )


@pytest.mark.parametrize("command", [["status"], ["explain", "x"], ["quarantine", "list"]], ids=str)
def test_a_command_that_only_looks_does_not_import(command: Sequence[str], tmp_path: Path) -> None:
    found = modules(RUN, *command, folder=tmp_path)
    assert "imported:" in found
    assert not found & {*HEAVIER}, "who asks waits for it: import it in the function using it"
